"""Puts a trained classifier in the place of a shipped model: its answers overwrite those of the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import ConfigurationError
from nlp.annotations import (
    Decision,
    Emotion,
    Kind,
    LabelScores,
    Polarity,
    TextInput,
)
from nlp.batch import Batch
from nlp.classification.classifier import Classifier
from nlp.classification.model_card import ModelCard, files_version, load_classifier, read_card
from nlp.linear import Matrix

YES, NO = "1", "0"
TASK_LABELS: Mapping[str, tuple[str, ...]] = {
    "relevance": (YES, NO),
    "our_union": (YES, NO),
    "polarity": tuple(Polarity),
    "kind": tuple(Kind),
    "emotion": tuple(Emotion),
    "offensive": (YES, NO),
}
"""The tasks that one label a text can answer, and the labels that a classifier for them must have."""

TASK_COLUMNS: Mapping[str, str] = {"relevance": "relevant"}
"""Where the column of the batch is not called as its task."""

TRIAL = (TextInput("工地欠薪", "拖欠工资三个月了，求助！"), TextInput("", ""))


@dataclass(frozen=True, slots=True)
class Replacement:
    """Thread-safe like its classifier; ``version`` is what the annotations name."""

    task: str
    version: str
    classifier: Classifier

    @property
    def column(self) -> str:
        return TASK_COLUMNS.get(self.task, self.task)

    def annotate(self, batch: Batch) -> None:
        """Overwrite the task's column; the other columns that the task needs are already there."""
        rows = self.classifier.probabilities([whole_text(item) for item in batch.texts])
        labels = self.classifier.labels
        chosen = [labels[place] for place in self.classifier.choose(rows).tolist()]
        shares = [dict(zip(labels, row, strict=True)) for row in rows.tolist()]
        match self.task:
            case "polarity":
                batch.polarity = [
                    LabelScores(Polarity(label), {name: row[name] for name in Polarity})
                    for label, row in zip(chosen, shares, strict=True)
                ]
            case "emotion":
                batch.emotion = [
                    LabelScores(Emotion(label), {name: row[name] for name in Emotion})
                    for label, row in zip(chosen, shares, strict=True)
                ]
            case "kind":
                batch.kind = [Kind(label) for label in chosen]
            case _:
                self._decide(batch, chosen, [row[YES] for row in shares])

    def _decide(self, batch: Batch, chosen: Sequence[str], scores: Sequence[float]) -> None:
        found = [Decision(label == YES, score) for label, score in zip(chosen, scores, strict=True)]
        if self.task == "relevance":
            # A text about our unions is about labour by definition.
            found = [
                Decision(label=True, score=max(one.score, union.score)) if union.label else one
                for one, union in zip(found, batch.our_union, strict=True)
            ]
            batch.relevant = found
        elif self.task == "our_union":
            batch.our_union = found
        else:
            batch.offensive = found


@dataclass(frozen=True, slots=True)
class ReplacementJudge:
    """Lets a replacement judge normalised texts, for an explanation."""

    replacement: Replacement

    @property
    def version(self) -> str:
        return self.replacement.version

    @property
    def labels(self) -> tuple[str, ...]:
        return self.replacement.classifier.labels

    def probabilities(self, texts: Sequence[str], words: Sequence[Sequence[str]]) -> Matrix:
        del words
        return self.replacement.classifier.probabilities(texts)


def whole_text(item: TextInput) -> str:
    """Give title and text as a classifier of whole texts reads them."""
    return f"{item.title}\n{item.text}" if item.title else item.text


def load_replacement(task: str, folder: Path) -> Replacement:
    """Read a trained folder and try it; raises ConfigurationError saying what is wrong with it."""
    labels = TASK_LABELS.get(task)
    if labels is None:
        known = "、".join(TASK_LABELS)
        raise ConfigurationError(f"任务「{task}」不能换用单标签模型。可以换的有：{known}。")
    card = read_card(folder)
    if set(card.labels) != set(labels):
        raise ConfigurationError(
            f"「{folder}」的标签是 {_listed(card.labels)}，任务「{task}」要的是 {_listed(labels)}。没有换用。"
        )
    if files_version(folder, card.recipe) != card.version:
        raise ConfigurationError(
            f"「{folder}」里的文件与 model.json 记的版本 {card.version} 对不上：可能没有复制完整，或被改动过。"
            "没有换用，请重新复制或重新训练。"
        )
    replacement = Replacement(task, card.version, load_classifier(folder))
    _try(replacement, card, folder)
    return replacement


def _try(replacement: Replacement, card: ModelCard, folder: Path) -> None:
    classifier = replacement.classifier
    fault = (
        f"「{folder}」的模型读得了，但试答不对：它不是这个版本的程序训练的。没有换用，请重新训练。"
    )
    if tuple(classifier.labels) != card.labels:
        raise ConfigurationError(fault)
    try:
        rows = classifier.probabilities([whole_text(item) for item in TRIAL])
        places = classifier.choose(rows)
    except (ValueError, IndexError) as error:
        raise ConfigurationError(fault) from error
    is_sound = rows.shape == (len(TRIAL), len(card.labels)) and bool(np.isfinite(rows).all())
    if (
        not is_sound
        or not np.allclose(rows.sum(axis=1), 1.0, atol=1e-3)
        or len(places) != len(TRIAL)
    ):
        raise ConfigurationError(fault)


def _listed(labels: Sequence[str]) -> str:
    return "、".join(labels[:12]) + ("……" if len(labels) > 12 else "")  # noqa: PLR2004 (as many as fit a message)
