"""``zhisheng model list``: every task, which model answers it, and what is known of that model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from config.settings import Settings
from core.errors import ConfigurationError
from nlp.classification.model_card import read_card
from nlp.linear import load_models
from nlp.pipeline import TASKS, WEIGHTS
from nlp.replacement import TASK_LABELS
from nlp.tone.models import FOLDER, TONE_TASKS, load_tone_models
from zhisheng.cli import pass_settings, print_json
from zhisheng.installed_models import InstalledModels
from zhisheng.pipelines import installed_models

SHIPPED, OWN, BROKEN = "shipped", "own", "broken"
ORIGINS = {SHIPPED: "自带", OWN: "自训", BROKEN: "读不了，自带的在答"}


@dataclass(frozen=True, slots=True)
class ModelLine:
    """``version`` None: the task has no model yet. ``kept`` are the trained models to go back to."""

    task: str
    version: str | None
    origin: str
    size_bytes: int | None
    trained_on: str | None
    recipe: str | None
    figures: dict[str, float]
    kept: list[str]


@click.command(name="list", help="列出每项任务由哪个模型回答：版本、来源、大小、日期与评测数字。")
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 数组。")
@pass_settings
def list_models(settings: Settings, *, as_json: bool) -> None:
    installed = installed_models(settings.home)
    in_use = installed.in_use()
    shipped = load_models(WEIGHTS, TASKS).versions | load_tone_models(WEIGHTS).versions
    tasks = dict.fromkeys((*TASKS, *TASK_LABELS))
    lines = [
        _own(installed, task, in_use[task])
        if task in in_use
        else _shipped(task, shipped.get(task), installed.versions(task))
        for task in tasks
    ]
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    click.echo("任务\t版本\t来源\t大小\t训练日期\t评测\t可换回")
    for line in lines:
        click.echo(_row(line))


def _shipped(task: str, version: str | None, kept: list[str]) -> ModelLine:
    path = (WEIGHTS / FOLDER if task in TONE_TASKS else WEIGHTS) / f"{task}.npz"
    size = path.stat().st_size if path.is_file() else None
    return ModelLine(task, version, SHIPPED, size, None, None, {}, kept)


def _own(installed: InstalledModels, task: str, version: str) -> ModelLine:
    folder, kept = installed.folder_of(task, version), installed.versions(task)
    try:
        card = read_card(folder)
    except ConfigurationError:
        return ModelLine(task, version, BROKEN, None, None, None, {}, kept)
    figures = dict(card.figures)
    return ModelLine(task, version, OWN, _size(folder), card.trained_on, card.recipe, figures, kept)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _row(line: ModelLine) -> str:
    size = "—" if line.size_bytes is None else f"{line.size_bytes / 1024:.0f} KB"
    figures = "，".join(f"{name} {value:.4f}" for name, value in line.figures.items())
    others = "、".join(name for name in line.kept if name != line.version)
    known = figures or ("见 docs/models.md" if line.origin == SHIPPED and line.version else "—")
    return "\t".join(
        (
            line.task,
            line.version or "—",
            ORIGINS[line.origin] if line.version else "还没有模型",
            size,
            line.trained_on or "—",
            known,
            others or "—",
        )
    )
