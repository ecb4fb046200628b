"""Trains a classifier on a labelled file, and measures one on another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError
from nlp.classification.classifier import Classifier
from nlp.classification.model_card import (
    CARD_FILE,
    ModelCard,
    files_version,
    load_classifier,
    read_card,
)
from nlp.training.labelled_file import LabelledRows, check_trainable, read_labelled_file
from nlp.training.recipes import RECIPES
from nlp.training.recipes.recipe import RecipeOptions
from nlp.training.single_label_figures import LabelFigures, label_figures

SPEED_DIGITS = 1


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """Where the rows are and which columns hold them."""

    path: Path
    text_columns: tuple[str, ...]
    label_column: str

    def read(self) -> LabelledRows:
        return read_labelled_file(self.path, self.text_columns, self.label_column)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``labels`` are the model's, then those of the file that it does not know."""

    version: str
    labels: tuple[str, ...]
    unknown: tuple[str, ...]
    figures: LabelFigures
    texts_per_second: float

    def to_json(self) -> dict[str, object]:
        figures = self.figures
        return {
            "model": self.version,
            "rows": figures.rows,
            "accuracy": figures.accuracy,
            "macro_f1": figures.macro_f1,
            "per_class": {
                label: {
                    "precision": found.precision,
                    "recall": found.recall,
                    "f1": found.f1,
                    "support": found.support,
                }
                for label, found in zip(self.labels, figures.classes, strict=True)
            },
            "confidence_intervals": {
                name: list(limits) for name, limits in figures.intervals.items()
            },
            "ece": figures.ece,
            "texts_per_second": self.texts_per_second,
            "unknown_labels": list(self.unknown),
        }


def train_classifier(
    file: LabelledFile, out: Path, *, recipe: str, options: RecipeOptions, trained_on: str
) -> ModelCard:
    """Train into a folder beside ``out`` and put it there when it is whole.

    An earlier model at ``out`` is replaced. Raises ConfigurationError for a file that cannot be learnt
    from, and for a folder that holds something else.
    """
    train = RECIPES.load(recipe)
    _check_target(out)
    rows = file.read()
    check_trainable(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        trained = train(rows, unfinished, options)
        card = ModelCard(
            format=trained.format,
            recipe=recipe,
            labels=rows.labels,
            version=files_version(unfinished, recipe),
            data_sha256=rows.sha256,
            rows=len(rows.texts),
            trained_on=trained_on,
            figures=trained.figures,
            notes=trained.notes,
        )
        card.write(unfinished)
        # Made for this user alone; a model folder is as readable as any other.
        unfinished.chmod(0o755)
        if out.exists():
            shutil.rmtree(out)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return card


def evaluate_classifier(
    folder: Path, file: LabelledFile, seconds: Callable[[], float]
) -> Evaluation:
    """Measure a trained folder on every row of a file; ``seconds`` is a clock that only goes forward."""
    card = read_card(folder)
    classifier, rows = load_classifier(folder), file.read()
    labels = (*classifier.labels, *(item for item in rows.labels if item not in classifier.labels))
    unknown = labels[len(classifier.labels) :]
    if len(unknown) == len(rows.labels):
        raise ConfigurationError(
            f"「{file.path}」的标签（如「{unknown[0]}」）模型一个也不认识；它的标签是："
            f"{'、'.join(classifier.labels[:10])}。请检查 --label-column。"
        )
    gold = np.array([labels.index(label) for label in rows.labels], np.int64)[rows.places]
    start = seconds()
    chosen, shares = _answers(classifier, rows.texts)
    elapsed = seconds() - start
    return Evaluation(
        version=card.version,
        labels=labels,
        unknown=unknown,
        figures=label_figures(gold, chosen, shares, len(labels)),
        texts_per_second=round(len(rows.texts) / max(elapsed, 1e-6), SPEED_DIGITS),
    )


def _answers(
    classifier: Classifier, texts: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    shares = classifier.probabilities(texts)
    return classifier.choose(shares), shares


def _check_target(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigurationError(f"「{out}」已存在而且不是文件夹。请为 --out 换一个名字。")
    if any(out.iterdir()) and not (out / CARD_FILE).is_file():
        raise ConfigurationError(
            f"文件夹「{out}」里有别的东西，没有动它。请为 --out 指定新的、空的或原来的模型文件夹。"
        )
