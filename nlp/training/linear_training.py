"""Fits the linear models: support vectors per column, probabilities from held-out scores."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from nlp.annotations import Kind, Polarity
from nlp.linear import Matrix, TaskModel, Vocabulary
from nlp.training.corpus import FOLDS, SEED, Corpus, Counts, Targets, weighted
from nlp.training.labels import OWN_POSTS

Mask = NDArray[np.bool_]
VIEWS = 2
BAYES_COST = 0.5
OWN_IMPORTANCE = 3.0
CLASS_LEVELS = np.exp(np.linspace(-1.0, 1.0, 21)).tolist()


@dataclass(frozen=True, slots=True)
class Recipe:
    """``cost`` is that of the support vectors; ``is_balanced`` weighs classes by their rarity.

    Only some tasks learn from the texts put together from others.
    """

    cost: float
    is_balanced: bool = False
    relevant_only: bool = False
    learns_from_made: bool = False
    is_exclusive: bool = False


RECIPES: Mapping[str, Recipe] = {
    "relevance": Recipe(cost=0.8, learns_from_made=True),
    "our_union": Recipe(cost=0.8, is_balanced=True),
    "topics": Recipe(cost=1.0, relevant_only=True),
    "polarity": Recipe(cost=0.5, is_balanced=True, relevant_only=True, is_exclusive=True),
    "kind": Recipe(cost=0.5, is_balanced=True, relevant_only=True, is_exclusive=True),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows to learn from, how much each counts, and how many of their last columns are dense."""

    rows: Counts
    importance: Matrix
    dense: int


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of texts by models that have not seen them; the ``judged`` ones count for calibration and figures."""

    scores: Matrix
    targets: Targets
    judged: Mask
    folds: Targets


def targets_of(corpus: Corpus, task: str) -> Targets:
    if task == "topics":
        return corpus.topics
    if task == "polarity":
        return np.eye(len(Polarity), dtype=np.int64)[corpus.polarity]
    if task == "kind":
        return np.eye(len(Kind), dtype=np.int64)[corpus.kind]
    return (corpus.relevant if task == "relevance" else corpus.our_union)[:, None]


def columns_of(corpus: Corpus, task: str) -> tuple[str, ...]:
    if task == "topics":
        return corpus.codes
    if task == "polarity":
        return tuple(item.value for item in Polarity)
    if task == "kind":
        return tuple(item.value for item in Kind)
    return (task,)


def held_out(corpus: Corpus, rows: Counts, task: str) -> HeldOut:
    """Score every text by models fitted on the other folds; ``rows`` are the ``weighted`` ones."""
    targets = targets_of(corpus, task)
    scores = np.zeros((len(targets), VIEWS * len(columns_of(corpus, task))), np.float32)
    for fold in range(FOLDS):
        weights, biases = fit_inside(corpus, rows, task, corpus.folds != fold)
        aside = corpus.folds == fold
        scores[aside] = rows[aside] @ weights + biases
    if task == "our_union":
        scores = np.concatenate([scores, corpus.evidence], axis=1)
    judged = corpus.is_measured & _allowed(corpus, task)
    return HeldOut(scores, targets, judged, corpus.folds)


def fit_task(corpus: Corpus, vocabulary: Vocabulary, task: str, version: str) -> TaskModel:
    """Fit on every text; calibration and thresholds come from held-out scores."""
    rows = weighted(corpus, vocabulary)
    recipe, aside = RECIPES[task], held_out(corpus, rows, task)
    weights, biases = fit_inside(corpus, rows, task, np.ones(len(corpus.texts), bool))
    known, learnt = len(vocabulary.buckets), aside.judged & corpus.is_learnt
    model = TaskModel(
        task=task,
        version=version,
        columns=columns_of(corpus, task),
        weights=weights[:known],
        dense_weights=weights[known:],
        biases=biases,
        calibration=fit_calibration(aside, learnt, recipe),
        thresholds=np.full(aside.targets.shape[1], 0.5, np.float32),
    )
    scores, gold = aside.scores[learnt], aside.targets[learnt]
    thresholds = (
        best_class_thresholds(model.shares(scores), gold)
        if recipe.is_exclusive
        else best_thresholds(model.probabilities(scores), gold)
    )
    return replace(model, thresholds=thresholds)


def fit_inside(corpus: Corpus, rows: Counts, task: str, inside: Mask) -> tuple[Matrix, Matrix]:
    """Fit the columns of a task on those texts ``inside`` from which it learns."""
    used = inside & _allowed(corpus, task) & corpus.is_learnt
    if not RECIPES[task].learns_from_made:
        used &= corpus.is_measured
    return fit_columns(
        Sample(rows[used], _importance(corpus)[used], corpus.dense.shape[1]),
        targets_of(corpus, task)[used],
        RECIPES[task],
    )


def _importance(corpus: Corpus) -> Matrix:
    """Let our posts count for more: they are like what comes in, and far fewer than the titles."""
    is_own = np.array([item.origin == OWN_POSTS for item in corpus.texts])
    return np.where(is_own, OWN_IMPORTANCE, 1.0).astype(np.float32)


def _allowed(corpus: Corpus, task: str) -> Mask:
    allowed: Mask = (corpus.relevant == 1) | (not RECIPES[task].relevant_only)
    return allowed


def fit_columns(sample: Sample, targets: Targets, recipe: Recipe) -> tuple[Matrix, Matrix]:
    """Fit two views of every target: support vectors, then those of naive-Bayes ratios (Wang & Manning 2012)."""
    count = targets.shape[1]
    weights = np.zeros((sample.rows.shape[1], VIEWS * count), np.float32)
    biases = np.zeros(VIEWS * count, np.float32)
    for column in range(count):
        target = targets[:, column]
        ratios = _bayes_ratios(sample, target)
        scaled = replace(sample, rows=sample.rows.multiply(ratios).tocsr())
        for place, machine, scale in (
            (column, _fitted(sample, target, recipe.cost, recipe), 1.0),
            (count + column, _fitted(scaled, target, recipe.cost * BAYES_COST, recipe), ratios),
        ):
            weights[:, place] = machine.coef_[0] * scale
            biases[place] = machine.intercept_[0]
    return weights, biases


def _fitted(sample: Sample, target: Targets, cost: float, recipe: Recipe) -> LinearSVC:
    machine = LinearSVC(
        C=cost,
        class_weight="balanced" if recipe.is_balanced else None,
        # Ten times coarser than usual: the same decisions in half the time.
        tol=0.1,
        random_state=SEED,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return machine.fit(sample.rows, target, sample_weight=sample.importance)


def _bayes_ratios(sample: Sample, target: Targets) -> Matrix:
    """Give the log-ratio of how often a column occurs in the two classes; one for the dense columns."""
    present = (sample.rows > 0).astype(np.float32)
    inside = 1.0 + np.asarray(present[target == 1].sum(axis=0)).ravel()
    outside = 1.0 + np.asarray(present[target == 0].sum(axis=0)).ravel()
    ratios: Matrix = np.log((inside / inside.sum()) / (outside / outside.sum())).astype(np.float32)
    ratios[-sample.dense :] = 1.0
    return ratios


def fit_calibration(aside: HeldOut, used: Mask, recipe: Recipe) -> Matrix:
    """Fit log-odds to held-out scores (Platt 1999), jointly where the columns exclude each other."""
    scores, targets = aside.scores[used], aside.targets[used]
    calibration = np.zeros((scores.shape[1] + 1, targets.shape[1]), np.float32)
    if recipe.is_exclusive:
        curve = LogisticRegression(C=10.0, max_iter=1000).fit(scores, targets.argmax(axis=1))
        calibration[:-1], calibration[-1] = curve.coef_.T, curve.intercept_
        return calibration
    is_shared = targets.shape[1] == 1
    for column in range(targets.shape[1]):
        read = slice(None) if is_shared else slice(column, None, targets.shape[1])
        curve = LogisticRegression(C=10.0, max_iter=1000).fit(scores[:, read], targets[:, column])
        calibration[:-1, column][read] = curve.coef_[0]
        calibration[-1, column] = curve.intercept_[0]
    return calibration


def best_thresholds(found: Matrix, targets: Targets) -> Matrix:
    """Choose for each column the probability that gives the best F1, the middle one of a plateau."""
    grid = np.arange(0.15, 0.71, 0.01)
    chosen = np.full(found.shape[1], 0.5, np.float32)
    for column in range(found.shape[1]):
        gold = targets[:, column] == 1
        scores = []
        for level in grid:
            picked = found[:, column] >= level
            total = int(picked.sum() + gold.sum())
            scores.append(2 * int((picked & gold).sum()) / total if total else 0.0)
        best = np.flatnonzero(np.array(scores) >= max(scores) - 1e-9)
        chosen[column] = grid[best[len(best) // 2]]
    return chosen


def best_class_thresholds(shares: Matrix, targets: Targets) -> Matrix:
    """Choose the thresholds of exclusive classes that give the best macro-F1, class by class, twice over."""
    gold, count = targets.argmax(axis=1), targets.shape[1]
    chosen = np.ones(count, np.float32)
    for column in [*range(count), *range(count)]:
        figures = []
        for level in CLASS_LEVELS:
            chosen[column] = level
            figures.append(macro_f1((shares / chosen).argmax(axis=1), gold, count))
        chosen[column] = CLASS_LEVELS[int(np.argmax(figures))]
    return chosen


def f1(picked: Mask, gold: Mask) -> float:
    total = int(picked.sum()) + int(gold.sum())
    return 2 * int((picked & gold).sum()) / total if total else 1.0


def macro_f1(guess: Targets, gold: Targets, classes: int) -> float:
    return float(np.mean([f1(guess == item, gold == item) for item in range(classes)]))
