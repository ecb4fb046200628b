"""Measures every task by cross-validation: each text is judged by models and thresholds that never saw it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.annotations import Kind, Polarity
from nlp.dilution import diluted
from nlp.linear import Matrix, TaskModel, Vocabulary
from nlp.steps.topics import chosen_places
from nlp.training.corpus import FOLDS, SEED, Corpus, Targets
from nlp.training.labels import OWN_POSTS
from nlp.training.linear_training import (
    RECIPES,
    HeldOut,
    best_class_thresholds,
    best_thresholds,
    columns_of,
    f1,
    fit_calibration,
    held_out,
    macro_f1,
)

RESAMPLES = 1_000
CALIBRATION_BINS = 10
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value between 0 and 1 with its 95 % bootstrap interval over ``texts`` texts."""

    name: str
    value: float
    low: float
    high: float
    texts: int


def evaluate(corpus: Corpus, vocabulary: Vocabulary) -> list[Figure]:
    """Give the figures of all tasks; those of topics over all texts count errors of relevance too."""
    found = {task: _probabilities(corpus, vocabulary, task) for task in RECIPES}
    union = found["our_union"].decided[:, 0]
    relevant = found["relevance"].decided[:, 0] | union
    everything = np.flatnonzero(corpus.is_measured)
    origins = np.array(
        [
            item.origin if kept else ""
            for item, kept in zip(corpus.texts, corpus.is_measured, strict=True)
        ]
    )
    own = np.flatnonzero(origins == OWN_POSTS)
    gold_relevant = np.flatnonzero((corpus.relevant == 1) & corpus.is_measured)
    topics = _topics(found["topics"])
    judged = topics & relevant[:, None]
    polarity = found["polarity"].chosen
    kind = found["kind"].chosen

    def relevance_f1(rows: Rows) -> float:
        return f1(relevant[rows], corpus.relevant[rows] == 1)

    def union_f1(rows: Rows) -> float:
        return f1(union[rows], corpus.our_union[rows] == 1)

    def micro_f1(picked: NDArray[np.bool_]) -> Callable[[Rows], float]:
        return lambda rows: f1(picked[rows].ravel(), corpus.topics[rows].ravel() == 1)

    def polarity_f1(rows: Rows) -> float:
        return macro_f1(polarity[rows], corpus.polarity[rows], len(Polarity))

    def kind_f1(rows: Rows) -> float:
        return macro_f1(kind[rows], corpus.kind[rows], len(Kind))

    figures = [_figure("relevance_f1", relevance_f1, everything)]
    figures += [
        _figure(f"relevance_f1.{origin}", relevance_f1, np.flatnonzero(origins == origin))
        for origin in sorted(set(origins[everything].tolist()))
    ]
    return [
        *figures,
        _figure("our_union_f1", union_f1, everything),
        _figure("topics_micro_f1", micro_f1(judged), everything),
        _figure("topics_micro_f1.relevant", micro_f1(topics), gold_relevant),
        _figure("topics_micro_f1.own_posts", micro_f1(judged), own),
        _figure("polarity_macro_f1", polarity_f1, gold_relevant),
        _figure("polarity_macro_f1.own_posts", polarity_f1, np.intersect1d(own, gold_relevant)),
        _figure("kind_macro_f1", kind_f1, gold_relevant),
    ]


def calibration_errors(corpus: Corpus, vocabulary: Vocabulary) -> Mapping[str, float]:
    """Give the expected calibration error of each task's probabilities, over ten equal bins."""
    errors: dict[str, float] = {}
    for task in RECIPES:
        found = _probabilities(corpus, vocabulary, task)
        used = found.aside.judged
        sure, gold = found.probabilities[used].ravel(), found.aside.targets[used].ravel()
        if RECIPES[task].is_exclusive:
            guess = found.probabilities[used].argmax(axis=1)
            sure = found.probabilities[used].max(axis=1)
            gold = (found.aside.targets[used].argmax(axis=1) == guess).astype(np.int64)
        errors[task] = _calibration_error(sure, gold)
    return errors


@dataclass(frozen=True, slots=True)
class _Judged:
    aside: HeldOut
    probabilities: Matrix
    thresholds: Matrix

    @property
    def decided(self) -> NDArray[np.bool_]:
        decided: NDArray[np.bool_] = self.probabilities >= self.thresholds
        return decided

    @property
    def chosen(self) -> Targets:
        chosen: Targets = (self.probabilities / self.thresholds).argmax(axis=1)
        return chosen


def _probabilities(corpus: Corpus, vocabulary: Vocabulary, task: str) -> _Judged:
    """Judge each fold with a calibration and thresholds from the held-out scores of the others."""
    aside, recipe = held_out(corpus, vocabulary, task), RECIPES[task]
    probabilities = np.zeros(aside.targets.shape, np.float32)
    thresholds = np.full(aside.targets.shape, 0.5, np.float32)
    for fold in range(FOLDS):
        others, judge = aside.folds != fold, aside.folds == fold
        learn = aside.judged & others & corpus.is_learnt
        model = TaskModel(
            task=task,
            version="",
            columns=columns_of(corpus, task),
            weights=np.zeros((0, 0), np.float32),
            dense_weights=np.zeros((0, 0), np.float32),
            biases=np.zeros(0, np.float32),
            calibration=fit_calibration(aside, learn, recipe),
            thresholds=np.zeros(0, np.float32),
        )
        answer = model.shares if recipe.is_exclusive else model.probabilities
        probabilities[judge] = answer(aside.scores[judge])
        if task == "relevance":
            probabilities[judge] = diluted(probabilities[judge], corpus.losses[judge, None])
        choose = best_class_thresholds if recipe.is_exclusive else best_thresholds
        thresholds[judge] = choose(answer(aside.scores[learn]), aside.targets[learn])
    return _Judged(aside, probabilities, thresholds)


def _topics(judged: _Judged) -> NDArray[np.bool_]:
    picked = np.zeros(judged.probabilities.shape, bool)
    for place, (row, thresholds) in enumerate(
        zip(judged.probabilities, judged.thresholds, strict=True)
    ):
        picked[place, chosen_places(row, thresholds)] = True
    return picked


def _figure(name: str, measure: Callable[[Rows], float], rows: Rows) -> Figure:
    random = np.random.default_rng(SEED)
    drawn = [measure(random.choice(rows, len(rows))) for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Figure(name, round(measure(rows), 4), round(low, 4), round(high, 4), len(rows))


def _calibration_error(sure: Matrix, gold: Targets) -> float:
    bins = np.minimum((sure * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    error = 0.0
    for place in range(CALIBRATION_BINS):
        inside = bins == place
        if inside.any():
            gap = abs(float(sure[inside].mean()) - float(gold[inside].mean()))
            error += gap * float(inside.mean())
    return round(error, 4)
