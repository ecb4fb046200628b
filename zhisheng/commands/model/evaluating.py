"""``zhisheng model evaluate``: the shipped tasks by cross-validation, or a trained folder on a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from core.clock import monotonic
from core.errors import ConfigurationError
from nlp.pipeline import WEIGHTS
from nlp.tone.models import load_tone_models
from nlp.training.classifiers import Evaluation, evaluate_classifier
from zhisheng.cli import print_json
from zhisheng.commands.model.labelled_options import (
    data_folder,
    labelled_file,
    labelled_file_options,
    require_extra,
)


@click.command(
    help="评测：给出模型文件夹与 --data 时，在该文件上评测；都不给时，五折交叉评测自带的任务"
    "（没有 ZHISHENG_DATA 时只用自写的样本）。"
)
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@labelled_file_options
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象。")
def evaluate(
    folder: Path | None, data: Path | None, text_column: str, label_column: str, *, as_json: bool
) -> None:
    if folder is None and data is None:
        require_extra()
        from nlp.training.runs import measure

        print_json([*map(asdict, measure(data_folder())), *_tone_figures()])
        return
    if folder is None or data is None:
        raise ConfigurationError("评测训练出的模型，要同时给出模型文件夹与 --data 文件。")
    found = evaluate_classifier(folder, labelled_file(data, text_column, label_column), monotonic)
    if as_json:
        print_json(found.to_json())
    else:
        click.echo(_table(found))


def _tone_figures() -> list[dict[str, object]]:
    """Judge the shipped models of tone as they are, on sets that they have not learnt from."""
    from nlp.training.tone.figures import measure_own, measure_tone

    models, data = load_tone_models(WEIGHTS), data_folder()
    figures = measure_own(models) if data is None else measure_tone(models, data)
    return [asdict(figure) for figure in figures]


def _table(found: Evaluation) -> str:
    figures = found.figures
    spans = {name: f"[{low:.4f}，{high:.4f}]" for name, (low, high) in figures.intervals.items()}
    lines = [
        f"模型 {found.version}，{figures.rows} 行，每秒 {found.texts_per_second:.0f} 条",
        f"准确率 {figures.accuracy:.4f} {spans['accuracy']}",
        f"宏平均 F1 {figures.macro_f1:.4f} {spans['macro_f1']}，校准误差 {figures.ece:.4f}",
        "标签\t精确率\t召回率\tF1\t条数",
    ]
    for label, item in zip(found.labels, figures.classes, strict=True):
        lines.append(
            f"{label}\t{item.precision:.4f}\t{item.recall:.4f}\t{item.f1:.4f}\t{item.support}"
        )
    if found.unknown:
        lines.append(f"模型不认识的标签（算作答错）：{'、'.join(found.unknown)}")
    return "\n".join(lines)
