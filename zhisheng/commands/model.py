"""``zhisheng model``: what answers, how well, and how to train it anew."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from core.errors import ConfigurationError
from nlp.linear import load_models
from nlp.pipeline import TASKS, WEIGHTS
from zhisheng.cli import print_json


@click.group(help="模型：列出、训练、评测。")
def model() -> None:
    pass


@model.command(name="list", help="列出随程序发布的模型与版本。")
def list_models() -> None:
    print_json(load_models(WEIGHTS, TASKS).versions)


@model.command(help="训练一项或全部任务；需要附加组件 train 与数据文件夹 ZHISHENG_DATA。")
@click.argument("task", required=False, type=click.Choice(TASKS))
def train(task: str | None) -> None:
    _require_extra()
    from nlp.training.runs import train as fit

    print_json(fit([task] if task else [], _data_folder()))


@model.command(help="五折交叉评测全部任务；没有 ZHISHENG_DATA 时只用自写的样本。")
def evaluate() -> None:
    _require_extra()
    from nlp.training.runs import measure

    print_json([asdict(figure) for figure in measure(_data_folder())])


def _data_folder() -> Path | None:
    named = os.environ.get("ZHISHENG_DATA")
    return Path(named) if named else None


def _require_extra() -> None:
    try:
        import sklearn  # noqa: F401 (asked for, not used here)
    except ImportError as error:
        raise ConfigurationError(
            "训练与评测需要附加组件：pip install 'zhisheng[train]'。"
        ) from error
