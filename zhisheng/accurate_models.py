"""The opt-in pipeline of transformers: they answer the tasks that have one, the quick models the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigurationError
from nlp.classification.model_card import read_card
from nlp.pipeline import TASKS, Pipeline, load_resources, pipeline_of
from nlp.replacement import TASK_LABELS, Replacement, load_replacement
from zhisheng.installed_models import InstalledModels

FORMAT = "transformer"
LABELLED_TASKS = tuple(dict.fromkeys((*TASKS, *TASK_LABELS)))


@dataclass(frozen=True, slots=True)
class AccurateModels:
    """``folders`` maps tasks to the trained folder that answers them."""

    folders: Mapping[str, Path]

    @property
    def note(self) -> str:
        """Say in one Chinese line who answers what."""
        without = "、".join(task for task in LABELLED_TASKS if task not in self.folders)
        rest = f"{without} 没有 transformer 模型，仍由快速模型回答。" if without else ""
        if not self.folders:
            return (
                f"精确模式：{rest}用 model train --recipe transformer 训练，再用 model use 装上。"
            )
        used = "、".join(f"{task} 用 {folder.name}" for task, folder in self.folders.items())
        return f"精确模式：{used}。{rest}"


def find_accurate_models(installed: InstalledModels, folder: Path | None) -> AccurateModels:
    """Look in ``folder``, which holds one folder a task, or among the models of the data folder.

    Of several kept for one task the one in use is taken, else the one trained last. Raises ConfigurationError
    for a folder that holds none.
    """
    if folder is not None:
        return AccurateModels(_named(folder))
    in_use = installed.in_use()
    found: dict[str, Path] = {}
    for task in TASK_LABELS:
        kept = [
            (version == in_use.get(task), card.trained_on, version)
            for version in installed.versions(task)
            if (card := read_card(installed.folder_of(task, version))).format == FORMAT
        ]
        if kept:
            found[task] = installed.folder_of(task, max(kept)[-1])
    return AccurateModels(found)


def accurate_pipeline(installed: InstalledModels, models: AccurateModels) -> Pipeline:
    """Load the quick models, those in use in their place, and the accurate ones over both."""
    replacements: dict[str, Replacement] = {one.task: one for one in installed.replacements()}
    for task, folder in models.folders.items():
        replacements[task] = load_replacement(task, folder)
    return pipeline_of(load_resources(), list(replacements.values()))


def _named(folder: Path) -> dict[str, Path]:
    found = {task: folder / task for task in TASK_LABELS if (folder / task).is_dir()}
    if not found:
        known = "、".join(TASK_LABELS)
        raise ConfigurationError(
            f"「{folder}」里没有以任务命名的模型文件夹（{known}）。请检查 --models，或不给它。"
        )
    for task, path in found.items():
        if (recipe := read_card(path).format) != FORMAT:
            raise ConfigurationError(
                f"「{path}」是 {recipe} 模型，精确模式只用 transformer。请从文件夹里移走{task}，或换一个。"
            )
    return found
