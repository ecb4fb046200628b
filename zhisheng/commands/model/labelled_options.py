"""The options that name a labelled file, shared by training and evaluation."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from core.errors import ConfigurationError
from nlp.training.classifiers import LabelledFile

Command = TypeVar("Command", bound=Callable[..., object])


def labelled_file_options(command: Command) -> Command:
    for option in (
        click.option("--label-column", default="label", show_default=True, help="标签所在的列。"),
        click.option(
            "--text-column",
            default="text",
            show_default=True,
            help="正文所在的列；几列用逗号隔开，依次相接，如 title,content。",
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path),
            help="带表头的 UTF-8 CSV 文件，每行一个标签。",
        ),
    ):
        command = option(command)
    return command


def labelled_file(data: Path, text_column: str, label_column: str) -> LabelledFile:
    columns = tuple(name.strip() for name in text_column.split(",") if name.strip())
    if not columns:
        raise ConfigurationError("--text-column 是空的：请写出正文所在的列名。")
    return LabelledFile(data, columns, label_column)


def data_folder() -> Path | None:
    named = os.environ.get("ZHISHENG_DATA")
    return Path(named) if named else None


def require_extra() -> None:
    """Refuse in plain words where the libraries of the extra are missing."""
    if importlib.util.find_spec("sklearn") is None:
        raise ConfigurationError("训练与评测需要附加组件：pip install 'zhisheng[train]'。")
