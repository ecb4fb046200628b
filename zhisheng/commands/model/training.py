"""``zhisheng model train``: a shipped task anew, or a classifier on anybody's labelled file."""

from __future__ import annotations

from pathlib import Path

import click

from core.clock import SHANGHAI, SystemClock
from core.errors import ConfigurationError
from nlp.pipeline import TASKS
from nlp.tone.models import TONE_TASKS
from nlp.training.classifiers import train_classifier
from nlp.training.recipes import DEFAULT, RECIPES
from nlp.training.recipes.recipe import Goal, RecipeOptions
from zhisheng.cli import print_json
from zhisheng.commands.model.labelled_options import (
    data_folder,
    labelled_file,
    labelled_file_options,
    require_extra,
)
from zhisheng.commands.model.tuning_choices import on_stderr, tuning_choices, tuning_options

# The word vectors under all tasks: after them every task must be trained again.
VECTORS = "vectors"


@click.command(
    help="训练：不带 --data 时训练自带的一项或全部任务（需要数据文件夹 ZHISHENG_DATA）；"
    "带 --data 时用任何单标签 CSV 训练分类器，写到 --out。都需要附加组件 train。"
)
@click.argument("task", required=False, type=click.Choice([*TASKS, *TONE_TASKS, VECTORS]))
@labelled_file_options
@click.option("--out", type=click.Path(path_type=Path), help="模型写到这个文件夹。")
@click.option(
    "--recipe",
    type=click.Choice(RECIPES.names()),
    default=DEFAULT,
    show_default=True,
    help="配方。",
)
@click.option(
    "--goal",
    type=click.Choice([goal.value for goal in Goal]),
    default=Goal.ACCURACY.value,
    show_default=True,
    help="选标签时求准确率还是各类 F1 的平均最高。",
)
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    help="本地的 Hugging Face 编码器文件夹，供配方 transformer 作起点；不给则从头训练一个小的。",
)
@tuning_choices
def train(
    task: str | None,
    data: Path | None,
    text_column: str,
    label_column: str,
    out: Path | None,
    **choices: str | float | Path | None,
) -> None:
    require_extra()
    if data is None:
        if out is not None:
            raise ConfigurationError("给了 --out 却没有 --data：请用 --data 指明训练文件。")
        _train_shipped(task)
        return
    if task is not None:
        raise ConfigurationError(f"任务名「{task}」与 --data 不能同时用：自带任务有自己的数据。")
    if out is None:
        raise ConfigurationError("请用 --out 指明模型写到哪个文件夹。")
    base = choices["base"]
    card = train_classifier(
        labelled_file(data, text_column, label_column),
        out,
        recipe=str(choices["recipe"]),
        options=RecipeOptions(
            goal=Goal(str(choices["goal"])),
            base=None if base is None else Path(str(base)),
            tuning=tuning_options(choices),
            report=on_stderr,
        ),
        trained_on=SystemClock().now().astimezone(SHANGHAI).date().isoformat(),
    )
    print_json(
        {
            "model": card.version,
            "recipe": card.recipe,
            "labels": list(card.labels),
            "rows": card.rows,
            "held_out": dict(card.figures),
            "notes": dict(card.notes),
        }
    )


def _train_shipped(task: str | None) -> None:
    from nlp.training.runs import train as fit
    from nlp.training.runs import train_vectors

    if task in TONE_TASKS:
        from nlp.training.tone.runs import train_tone

        # Both share a network and a vocabulary, so both are trained.
        print_json(train_tone(data_folder()))
        return
    if task == VECTORS:
        print_json({"words": train_vectors(data_folder())})
        return
    print_json(fit([task] if task else [], data_folder()))
