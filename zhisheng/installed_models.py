"""Trained models that answer in the place of shipped ones: kept under the data folder, switched by one file.

``models/TASK/VERSION/`` holds a copy of a trained folder; ``models/in_use.json`` says which one answers. That
file is replaced whole, so a process sees the old choice or the new one. Earlier copies are kept.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import structlog

from core.errors import ConfigurationError
from nlp.annotations import Annotations, TextInput
from nlp.pipeline import Pipeline, pipeline_of
from nlp.replacement import TASK_LABELS, Replacement, load_replacement
from nlp.step import Resources

log = structlog.get_logger(__name__)

IN_USE = "in_use.json"
FOLDER_MODE = 0o700
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class InstalledModels:
    folder: Path

    def in_use(self) -> Mapping[str, str]:
        """Map tasks to the version that answers; tasks with the shipped model are absent.

        Raises ConfigurationError for a file that is not ours.
        """
        path = self.folder / IN_USE
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"记录在用模型的文件「{path}」读不了：{error}") from error
        if not isinstance(stored, dict) or not set(stored) <= set(TASK_LABELS):
            raise ConfigurationError(f"记录在用模型的文件「{path}」不是职声写的。")
        return {str(task): str(version) for task, version in stored.items()}

    def stamp(self) -> Stamp | None:
        """Give a value that changes whenever another choice is made; None while none ever was."""
        try:
            found = (self.folder / IN_USE).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def folder_of(self, task: str, version: str) -> Path:
        return self.folder / task / version

    def use(self, task: str, source: Path) -> str:
        """Check a trained folder, copy it and let it answer; gives its version.

        Raises ConfigurationError, with nothing changed, for a folder that is foreign, broken or of another task.
        """
        version = load_replacement(task, source).version
        if Path(version).name != version:
            raise ConfigurationError(f"「{source}」的版本名「{version}」不能作文件夹名。没有换用。")
        target = self.folder_of(task, version)
        if not target.is_dir():
            target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            part = Path(mkdtemp(prefix=".part-", dir=target.parent))
            try:
                for path in sorted(source.iterdir()):
                    if path.is_file():
                        shutil.copyfile(path, part / path.name)
                # What was copied is what answers from now on, so that is what has to be whole.
                load_replacement(task, part)
                part.rename(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        else:
            load_replacement(task, target)
        self._write({**self.in_use(), task: version})
        return version

    def use_shipped(self, task: str) -> bool:
        """Let the shipped model answer again; False when it does already."""
        if task not in TASK_LABELS:
            known = "、".join(TASK_LABELS)
            raise ConfigurationError(f"任务「{task}」不能换模型。可以换的有：{known}。")
        chosen = dict(self.in_use())
        if chosen.pop(task, None) is None:
            return False
        self._write(chosen)
        return True

    def versions(self, task: str) -> list[str]:
        """List the copies that are kept for a task, by name."""
        parent = self.folder / task
        found = parent.iterdir() if parent.is_dir() else ()
        return sorted(path.name for path in found if not path.name.startswith("."))

    def replacements(self) -> list[Replacement]:
        """Load what is in use; raises ConfigurationError."""
        return [
            load_replacement(task, self.folder_of(task, version))
            for task, version in self.in_use().items()
        ]

    def _write(self, chosen: Mapping[str, str]) -> None:
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        part = self.folder / f".{IN_USE}.{os.getpid()}"
        with part.open("w", encoding="utf-8") as file:
            json.dump(dict(chosen), file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / IN_USE)


class RenewingPipeline:
    """The pipeline with the models in use; looks before every call whether others are to answer.

    A model that cannot be loaded is reported and the earlier ones go on, so that no work waits for it.
    """

    def __init__(self, resources: Resources, installed: InstalledModels) -> None:
        self._resources = resources
        self._installed = installed
        self._lock = threading.Lock()
        self._stamp = installed.stamp()
        self._pipeline = pipeline_of(resources)
        self._renew(self._stamp)

    @property
    def models(self) -> Mapping[str, str]:
        return self._pipeline.models

    def analyse(self, texts: Sequence[TextInput]) -> list[Annotations]:
        stamp = self._installed.stamp()
        with self._lock:
            if stamp != self._stamp:
                self._renew(stamp)
            pipeline: Pipeline = self._pipeline
        return pipeline.analyse(texts)

    def _renew(self, stamp: Stamp | None) -> None:
        self._stamp = stamp
        try:
            replacements = self._installed.replacements()
        except ConfigurationError as error:
            log.error("trained_model_refused", error=str(error))  # noqa: TRY400 (the message says it all)
            return
        self._pipeline = pipeline_of(self._resources, replacements)
        if replacements:
            log.info(
                "trained_models_in_use", models={one.task: one.version for one in replacements}
            )
