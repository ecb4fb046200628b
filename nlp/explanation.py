"""Says why the models decided as they did: which words spoke for a label, and which against it.

Everything is in log-odds. The contributions of an explanation add up to its score exactly, up to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Protocol

import numpy as np

from core.matching_text import matching_text
from nlp.annotations import TextInput
from nlp.attribution import Values, by_word, phrases, word_values
from nlp.dilution import Dilution
from nlp.features import extract
from nlp.leaving_out import Judge, leave_out
from nlp.lexicons import load_segmentation
from nlp.linear import Matrix, TaskModel
from nlp.normalisation import normalise
from nlp.pipeline import load_resources
from nlp.step import Resources
from nlp.tone_judges import tone_judges
from nlp.union_sense import evidence_words, union_evidence

MOST_SHOWN = 8
YES, NO = "1", "0"
DECISIONS = frozenset({"relevance", "our_union"})
EXCLUSIVE = frozenset({"polarity", "kind"})


class Cause(StrEnum):
    """WORDS: a word or phrase of the text. HINTS: terms of a group that suggests the label.

    EVIDENCE: names of unions. LENGTH: a long text that says little of labour. REST: the words that say nothing
    by themselves. START: what the model assumes of a text before it reads it.
    """

    WORDS = "words"
    HINTS = "hints"
    EVIDENCE = "evidence"
    LENGTH = "length"
    REST = "rest"
    START = "start"


@dataclass(frozen=True, slots=True)
class Contribution:
    """``weight`` is in log-odds; ``share`` is its part of all weights, taken without their signs.

    ``text`` is empty for LENGTH, REST and START; ``group`` names the group of HINTS.
    """

    cause: Cause
    text: str
    weight: float
    share: float
    group: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of a label that excludes others, ``score`` says by how much it is ahead of their average."""

    task: str
    label: str
    version: str
    score: float
    contributions: tuple[Contribution, ...]

    def supporting(self, most: int = MOST_SHOWN) -> tuple[Contribution, ...]:
        """Give what spoke for the label, strongest first, of what can be named."""
        return _strongest([one for one in self.contributions if one.weight > 0], most)

    def opposing(self, most: int = MOST_SHOWN) -> tuple[Contribution, ...]:
        """Give what spoke against the label, strongest first, of what can be named."""
        return _strongest([one for one in self.contributions if one.weight < 0], most)

    @property
    def start(self) -> float:
        return sum(one.weight for one in self.contributions if one.cause is Cause.START)


class Explains(Protocol):
    """Explains labels of a masked text, in order; a label that it knows nothing about is left out."""

    def explain(
        self, item: TextInput, labels: Sequence[tuple[str, str]]
    ) -> Sequence[Explanation]: ...


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text as the models see it: what its words, its groups of hints and its edges add to every column."""

    normalised: str
    matching: str
    words: Sequence[str]
    by_word: Values
    hints: Sequence[tuple[str, tuple[str, ...]]]
    by_hint: Values
    edges: Values


@dataclass(frozen=True, slots=True)
class _Weight:
    cause: Cause
    text: str
    value: float
    group: str = ""


class Explainer:
    """Works with the pipeline's own resources; only read after construction, so that threads may share it."""

    def __init__(self, resources: Resources, judges: Mapping[str, Judge] | None = None) -> None:
        """``judges`` explain their tasks in the place of the shipped models."""
        self._judges = tone_judges(resources.tone_models) | dict(judges or {})
        self._models = resources.models
        self._hints = resources.hint_terms
        self._vectors = resources.word_vectors
        self._stop_words = resources.lexicons.stop_words
        self._dilution = Dilution(resources.lexicons.labour_terms)

    def explain(self, item: TextInput, labels: Sequence[tuple[str, str]]) -> list[Explanation]:
        """Explain each ``(task, label)`` for a masked text, in order; what no linear model knows is left out.

        The label of a decision is ``1`` or ``0``, that of ``topics`` one code.
        """
        known = [(task, label) for task, label in labels if self._knows(task, label)]
        if not known:
            return []
        reading = self._reading(item)
        return [
            self._judged(reading, task, label)
            if task in self._judges
            else self._explained(reading, task, label)
            for task, label in known
        ]

    def _judged(self, reading: _Reading, task: str, label: str) -> Explanation:
        judge = self._judges[task]
        found = leave_out(judge, reading.words, label, self._stop_words)
        parts = [_Weight(Cause.WORDS, one.text, one.value) for one in found.words]
        parts.append(_Weight(Cause.REST, "", found.rest))
        return Explanation(task, label, judge.version, found.score, _contributions(parts))

    def _knows(self, task: str, label: str) -> bool:
        if task in self._judges:
            return label in self._judges[task].labels
        model = self._models.tasks.get(task)
        if model is None:
            return False
        return label in {YES, NO} if task in DECISIONS else label in model.columns

    def _reading(self, item: TextInput) -> _Reading:
        normalised = normalise(item.title, item.text)
        words = load_segmentation().cut(normalised)
        features = extract([normalised], [words])
        added, edges = word_values(
            normalised, words, features, self._models.gram_parts(features).astype(np.float64)
        )
        by_vector, by_character = self._vectors.parts(normalised, features)
        added += self._of_vectors(by_vector)
        added += by_word(self._of_vectors(by_character), words)
        hints = list(self._hints.found(normalised).items())
        return _Reading(
            normalised=normalised,
            matching=matching_text(f"{item.title}\n{item.text}"),
            words=words,
            by_word=added,
            hints=hints,
            by_hint=self._of_hints(self._hint_rows(normalised, [name for name, _ in hints])),
            edges=edges,
        )

    def _hint_rows(self, normalised: str, names: Sequence[str]) -> Matrix:
        """Give a row for each group, with the values of its own columns alone."""
        owners = np.array([column.rpartition(":")[0] for column in self._hints.columns])
        rows: Matrix = self._hints.rows([normalised]) * (owners == np.array(names, str)[:, None])
        return rows

    def _of_hints(self, rows: Matrix) -> Values:
        """Give what rows of hints alone add to every column."""
        padded = np.pad(rows, ((0, 0), (0, self._vectors.size)))
        return self._models.dense_parts(padded).astype(np.float64)

    def _of_vectors(self, rows: Matrix) -> Values:
        """Give what rows of word vectors alone add to every column."""
        padded = np.pad(rows, ((0, 0), (len(self._hints.columns), 0)))
        return self._models.dense_parts(padded).astype(np.float64)

    def _explained(self, reading: _Reading, task: str, label: str) -> Explanation:
        model = self._models.tasks[task]
        weights, constant = _direction(model, label)
        own = weights[: len(model.biases)]

        def odds(values: Values) -> Values:
            added: Values = self._models.columns_of(task, values) @ own
            return added

        found, rest = phrases(reading.words, odds(reading.by_word), self._stop_words)
        parts = [_Weight(Cause.WORDS, one.text, one.value) for one in found]
        parts += [
            _Weight(Cause.HINTS, "、".join(terms), value, name)
            for (name, terms), value in zip(
                reading.hints, odds(reading.by_hint).tolist(), strict=True
            )
        ]
        parts += self._beyond_the_words(reading, task, label, weights[len(model.biases) :])
        start = float(odds(reading.edges[None])[0] + self._models.biases_of(task) @ own) + constant
        parts += [_Weight(Cause.REST, "", rest), _Weight(Cause.START, "", start)]
        return Explanation(
            task=task,
            label=label,
            version=model.version,
            score=sum(part.value for part in parts),
            contributions=_contributions(parts),
        )

    def _beyond_the_words(
        self, reading: _Reading, task: str, label: str, weights: Values
    ) -> list[_Weight]:
        """Give the evidence about unions, which has columns of its own, and what a long text loses."""
        if task == "our_union":
            values = np.array(union_evidence([reading.matching])[0]) * weights
            return [
                _Weight(Cause.EVIDENCE, "、".join(words), value)
                for words, value in zip(
                    evidence_words(reading.matching), values.tolist(), strict=True
                )
                if words
            ]
        if task == "relevance":
            loss = float(self._dilution.losses([reading.normalised])[0])
            return [_Weight(Cause.LENGTH, "", loss if label == NO else -loss)] if loss else []
        return []


class ShippedExplainer:
    """Explains with the shipped models, which it loads when somebody asks for the first time."""

    def explain(self, item: TextInput, labels: Sequence[tuple[str, str]]) -> list[Explanation]:
        return Explainer(shipped_resources()).explain(item, labels)


@cache
def shipped_resources() -> Resources:
    """Load the shipped resources once for a process that explains but does not analyse."""
    return load_resources()


def _direction(model: TaskModel, label: str) -> tuple[Values, float]:
    """Say how the calibrated score of a label follows from the columns' scores: weights and a constant."""
    calibration = model.calibration.astype(np.float64)
    if model.task in DECISIONS:
        column = calibration[:, 0] * (1 if label == YES else -1)
    else:
        place = model.columns.index(label)
        column = calibration[:, place]
        if model.task in EXCLUSIVE:
            column = column - np.delete(calibration, place, axis=1).mean(axis=1)
    return column[:-1], float(column[-1])


def _contributions(parts: Sequence[_Weight]) -> tuple[Contribution, ...]:
    whole = sum(abs(part.value) for part in parts) or 1.0
    return tuple(
        Contribution(part.cause, part.text, part.value, abs(part.value) / whole, part.group)
        for part in parts
    )


def _strongest(contributions: Sequence[Contribution], most: int) -> tuple[Contribution, ...]:
    named = [one for one in contributions if one.cause not in {Cause.REST, Cause.START}]
    return tuple(sorted(named, key=lambda one: -abs(one.weight))[:most])
