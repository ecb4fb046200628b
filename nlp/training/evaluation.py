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
from nlp.training.corpus import FOLDS, Corpus, Counts, Targets, weighted
from nlp.training.figure import DIGITS, Figure, Rows, measured
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
from nlp.training.single_label_figures import calibration_error


def evaluate(corpus: Corpus, vocabulary: Vocabulary) -> list[Figure]:
    """Give the figures of all tasks; those of topics over all texts count errors of relevance too."""
    rows = weighted(corpus, vocabulary)
    found = {task: _probabilities(corpus, rows, task) for task in RECIPES}
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

    figures = [measured("relevance_f1", relevance_f1, everything)]
    figures += [
        measured(f"relevance_f1.{origin}", relevance_f1, np.flatnonzero(origins == origin))
        for origin in sorted(set(origins[everything].tolist()))
    ]
    return [
        *figures,
        measured("our_union_f1", union_f1, everything),
        measured("topics_micro_f1", micro_f1(judged), everything),
        measured("topics_micro_f1.relevant", micro_f1(topics), gold_relevant),
        measured("topics_micro_f1.own_posts", micro_f1(judged), own),
        measured("polarity_macro_f1", polarity_f1, gold_relevant),
        measured("polarity_macro_f1.own_posts", polarity_f1, np.intersect1d(own, gold_relevant)),
        measured("kind_macro_f1", kind_f1, gold_relevant),
    ]


def calibration_errors(corpus: Corpus, vocabulary: Vocabulary) -> Mapping[str, float]:
    """Give the expected calibration error of each task's probabilities, over ten equal bins."""
    errors: dict[str, float] = {}
    rows = weighted(corpus, vocabulary)
    for task in RECIPES:
        found = _probabilities(corpus, rows, task)
        used = found.aside.judged
        sure, gold = found.probabilities[used].ravel(), found.aside.targets[used].ravel()
        if RECIPES[task].is_exclusive:
            guess = found.probabilities[used].argmax(axis=1)
            sure = found.probabilities[used].max(axis=1)
            gold = (found.aside.targets[used].argmax(axis=1) == guess).astype(np.int64)
        errors[task] = round(calibration_error(sure, gold == 1), DIGITS)
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


def _probabilities(corpus: Corpus, rows: Counts, task: str) -> _Judged:
    """Judge each fold with a calibration and thresholds from the held-out scores of the others."""
    aside, recipe = held_out(corpus, rows, task), RECIPES[task]
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
