"""``zhisheng model pretrain``: a small encoder from texts without labels, to be used as ``--base``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import mkdtemp

import click

from core.clock import monotonic
from core.errors import ConfigurationError
from nlp.training.character_encoder import EncoderShape
from nlp.training.masked_language import PretrainingOptions, pretrain
from nlp.training.transformer_base import prepare_libraries
from zhisheng.cli import print_json
from zhisheng.commands.model.tuning_choices import on_stderr

_DEFAULT = PretrainingOptions()
LEAST_TEXTS = 10


@click.command(
    name="pretrain",
    help="用没有标注的文本预训练一个按字的小编码器，写成 Hugging Face 文件夹，供 model train --base 使用。",
)
@click.option(
    "--texts",
    required=True,
    type=click.Path(path_type=Path),
    help="UTF-8 文本文件，每行一条；或 .jsonl，每行一个有 text 的对象。",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="写到这个新文件夹。")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=_DEFAULT.minutes,
              show_default=True, help="时限（分钟）。")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), default=_DEFAULT.epochs, show_default=True,
              help="最多几轮。")  # fmt: skip
@click.option("--layers", type=click.IntRange(1, 48), default=_DEFAULT.shape.layers,
              show_default=True, help="层数。")  # fmt: skip
@click.option("--width", type=click.IntRange(8, 4096), default=_DEFAULT.shape.width,
              show_default=True, help="宽度；须是头数的倍数。")  # fmt: skip
@click.option("--heads", type=click.IntRange(1, 64), default=_DEFAULT.shape.heads,
              show_default=True, help="头数。")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=_DEFAULT.seed, show_default=True,
              help="随机数种子。")  # fmt: skip
def pretrain_encoder(texts: Path, out: Path, **numbers: float) -> None:
    prepare_libraries(int(numbers["seed"]))
    layers, width, heads = (int(numbers[name]) for name in ("layers", "width", "heads"))
    if width % heads:
        raise ConfigurationError(f"--width {width} 不是 --heads {heads} 的倍数。请改其中一个。")
    if out.exists():
        raise ConfigurationError(f"「{out}」已存在，没有动它。请为 --out 换一个名字。")
    options = PretrainingOptions(
        minutes=numbers["minutes"],
        epochs=int(numbers["epochs"]),
        shape=EncoderShape(layers=layers, width=width, heads=heads, dropout=0.0),
        seed=int(numbers["seed"]),
    )
    found = pretrain(_lines(texts), options, seconds=monotonic, report=on_stderr)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        found.save(unfinished)
        for path in unfinished.iterdir():
            path.chmod(0o644)
        unfinished.chmod(0o755)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    print_json({"texts": found.texts, "steps": found.steps, "loss": round(found.loss, 4)})


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigurationError(f"文件「{path}」读不了：{error.strerror}。请检查路径。") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"「{path}」不是 UTF-8 编码。请另存为 UTF-8 再试。") from error
    if path.suffix == ".jsonl":
        lines = [_text(path, number, line) for number, line in enumerate(lines, start=1)]
    found = [line for line in lines if line.strip()]
    if len(found) < LEAST_TEXTS:
        raise ConfigurationError(
            f"「{path}」只有 {len(found)} 条文本，至少要 {LEAST_TEXTS} 条。请换一个文件。"
        )
    return found


def _text(path: Path, number: int, line: str) -> str:
    try:
        row = json.loads(line) if line.strip() else {"text": ""}
        return str(row["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"「{path}」第 {number} 行不是含 text 的 JSON 对象。请改正这一行。"
        ) from error
