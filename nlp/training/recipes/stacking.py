"""Joins the members' held-out scores to calibrated probabilities (Wolpert 1992)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from nlp.linear import Matrix
from nlp.training.corpus import FOLDS, SEED
from nlp.training.recipes.base_models import PAIR
from nlp.training.recipes.recipe import Goal
from nlp.training.single_label_figures import confusion, label_figures, macro_f1

COST = 1.0
ROUNDS = 3
OFFSETS = np.round(np.arange(-1.5, 1.51, 0.05), 2)

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stack:
    """``weights`` maps the members' scores to a log-probability for each label."""

    weights: Matrix
    biases: Matrix
    offsets: Matrix

    def log_probabilities(self, scores: Matrix) -> Matrix:
        odds = scores @ self.weights + self.biases
        odds = odds - odds.max(axis=1, keepdims=True)
        logs: Matrix = odds - np.log(np.exp(odds).sum(axis=1, keepdims=True))
        return logs


def deal_folds(texts: tuple[str, ...], places: Places) -> Places:
    """Deal each label out evenly, in an order drawn once; equal texts share a fold."""
    order = np.random.default_rng(SEED).permutation(len(texts))
    dealt: dict[int, int] = {}
    fold_of: dict[str, int] = {}
    folds = np.zeros(len(texts), np.int64)
    for place in order.tolist():
        text, label = texts[place], int(places[place])
        if text not in fold_of:
            fold_of[text] = dealt.get(label, 0) % FOLDS
            dealt[label] = dealt.get(label, 0) + 1
        folds[place] = fold_of[text]
    return folds


def fit_stack(scores: Matrix, places: Places, goal: Goal, labels: int) -> Stack:
    curve = LogisticRegression(C=COST, max_iter=1000).fit(scores, places)
    weights, biases = curve.coef_.T, curve.intercept_
    if labels == PAIR:
        # One column of log-odds becomes two columns of scores.
        weights = np.concatenate([np.zeros_like(weights), weights], axis=1)
        biases = np.concatenate([np.zeros_like(biases), biases])
    unbiased = Stack(weights, biases, np.zeros(labels, np.float32))
    if goal is Goal.ACCURACY:
        return unbiased
    offsets = best_offsets(unbiased.log_probabilities(scores), places)
    return Stack(weights, biases, offsets)


def held_out_figures(
    scores: Matrix, places: Places, folds: Places, goal: Goal, labels: int
) -> dict[str, float]:
    """Judge each fold by a stack fitted on the others."""
    shares = np.zeros((len(places), labels), np.float64)
    chosen = np.zeros(len(places), np.int64)
    for fold in np.unique(folds):
        aside = folds == fold
        if len(np.unique(places[~aside])) < labels:
            # A label with all its texts in one fold cannot be judged there.
            stack = fit_stack(scores, places, goal, labels)
        else:
            stack = fit_stack(scores[~aside], places[~aside], goal, labels)
        logs = stack.log_probabilities(scores[aside])
        shares[aside] = np.exp(logs)
        chosen[aside] = (logs + stack.offsets).argmax(axis=1)
    found = label_figures(places, chosen, shares, labels)
    return {"accuracy": found.accuracy, "macro_f1": found.macro_f1, "ece": found.ece}


def best_offsets(logs: Matrix, places: Places) -> Matrix:
    """Climb to the offsets with the best macro-F1, one label after the other."""
    labels = logs.shape[1]
    offsets = np.zeros(labels, np.float32)
    for _ in range(ROUNDS):
        for label in range(labels):
            tried = []
            for value in OFFSETS:
                offsets[label] = value
                tried.append(macro_f1(confusion(places, (logs + offsets).argmax(axis=1), labels)))
            best = np.flatnonzero(np.array(tried) >= max(tried) - 1e-9)
            # Of a plateau the value nearest to doing nothing.
            offsets[label] = min(OFFSETS[best].tolist(), key=abs)
    return offsets
