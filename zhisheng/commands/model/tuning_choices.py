"""The options of ``zhisheng model train`` that are about fine-tuning an encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from nlp.training.tuning_options import ClassWeights, TuningOptions

Command = TypeVar("Command", bound=Callable[..., object])

_DEFAULT = TuningOptions()


def tuning_choices(command: Command) -> Command:
    for option in (
        click.option(
            "--warm-up-epochs",
            type=click.IntRange(0, 100),
            default=_DEFAULT.warm_up_epochs,
            show_default=True,
            help="transformer：没有 --base 时，先在训练文本上做几轮掩码预训练。",
        ),
        click.option(
            "--class-weights",
            type=click.Choice([item.value for item in ClassWeights]),
            help="transformer：少数类的加权；默认随 --goal。",
        ),
        click.option(
            "--seed",
            type=click.IntRange(0),
            default=_DEFAULT.seed,
            show_default=True,
            help="transformer：随机数种子。",
        ),
        click.option(
            "--minutes",
            type=click.FloatRange(0, min_open=True),
            default=_DEFAULT.minutes,
            show_default=True,
            help="transformer：训练时限（分钟）。",
        ),
        click.option(
            "--batch-size",
            type=click.IntRange(1, 4096),
            default=_DEFAULT.batch_size,
            show_default=True,
            help="transformer：每批多少条平常长度的文本。",
        ),
        click.option(
            "--max-length",
            type=click.IntRange(8, 4096),
            default=_DEFAULT.longest,
            show_default=True,
            help="transformer：每条文本最多多少个词元。",
        ),
        click.option(
            "--learning-rate",
            type=click.FloatRange(0, 1, min_open=True),
            help="transformer：学习率；默认随编码器的宽度。",
        ),
        click.option(
            "--epochs",
            type=click.IntRange(1, 1000),
            help="transformer：最多几轮；默认 4，从头训练时 12。",
        ),
    ):
        command = option(command)
    return command


def tuning_options(choices: Mapping[str, str | float | Path | None]) -> TuningOptions:
    epochs, rate, weights = (choices[name] for name in ("epochs", "learning_rate", "class_weights"))
    return TuningOptions(
        epochs=None if epochs is None else int(str(epochs)),
        learning_rate=None if rate is None else float(str(rate)),
        longest=int(str(choices["max_length"])),
        batch_size=int(str(choices["batch_size"])),
        minutes=float(str(choices["minutes"])),
        seed=int(str(choices["seed"])),
        class_weights=None if weights is None else ClassWeights(str(weights)),
        warm_up_epochs=int(str(choices["warm_up_epochs"])),
    )


def on_stderr(line: str) -> None:
    click.echo(line, err=True)
