"""Figures of a single-label set: accuracy, F1, calibration, and how far chance could move them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
CALIBRATION_BINS = 10
SEED = 20_261
DIGITS = 4

Places = NDArray[np.int64]
Shares = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """``ece`` is the expected calibration error of the chosen label's probability over ten equal bins.

    ``intervals`` are the 2.5 and 97.5 percentiles of 1,000 bootstrap draws of the rows.
    """

    rows: int
    accuracy: float
    macro_f1: float
    ece: float
    intervals: Mapping[str, tuple[float, float]]
    classes: tuple[ClassFigures, ...]


def label_figures(gold: Places, chosen: Places, shares: Shares, labels: int) -> LabelFigures:
    """Measure choices against gold; macro-F1 is over the labels that are in either.

    ``shares`` may have fewer columns than ``labels``, where the gold has labels the model does not know.
    """
    table = confusion(gold, chosen, labels)
    sure = shares[np.arange(len(chosen)), chosen]
    return LabelFigures(
        rows=len(gold),
        accuracy=round(float(np.mean(gold == chosen)), DIGITS),
        macro_f1=round(macro_f1(table), DIGITS),
        ece=round(calibration_error(sure, gold == chosen), DIGITS),
        intervals=_intervals(gold, chosen, labels),
        classes=tuple(_class(table, place) for place in range(labels)),
    )


def calibration_error(sure: Shares, is_right: NDArray[np.bool_]) -> float:
    bins = np.minimum((sure * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    error = 0.0
    for place in range(CALIBRATION_BINS):
        inside = bins == place
        if inside.any():
            gap = abs(float(sure[inside].mean()) - float(is_right[inside].mean()))
            error += gap * float(inside.mean())
    return error


def confusion(gold: Places, chosen: Places, labels: int) -> NDArray[np.int64]:
    counts = np.bincount(gold * labels + chosen, minlength=labels * labels)
    table: NDArray[np.int64] = counts.reshape(labels, labels)
    return table


def macro_f1(table: NDArray[np.int64]) -> float:
    total = table.sum(axis=0) + table.sum(axis=1)
    seen = total > 0
    return float(np.mean(2 * np.diag(table)[seen] / total[seen]))


def _class(table: NDArray[np.int64], place: int) -> ClassFigures:
    right, picked, support = (
        int(table[place, place]),
        int(table[:, place].sum()),
        int(table[place].sum()),
    )
    return ClassFigures(
        precision=round(right / picked, DIGITS) if picked else 0.0,
        recall=round(right / support, DIGITS) if support else 0.0,
        f1=round(2 * right / (picked + support), DIGITS) if picked + support else 0.0,
        support=support,
    )


def _intervals(gold: Places, chosen: Places, labels: int) -> dict[str, tuple[float, float]]:
    random = np.random.default_rng(SEED)
    accuracies, scores = [], []
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(gold), len(gold))
        table = confusion(gold[rows], chosen[rows], labels)
        accuracies.append(np.trace(table) / len(gold))
        scores.append(macro_f1(table))
    return {"accuracy": _middle(accuracies), "macro_f1": _middle(scores)}


def _middle(drawn: list[float]) -> tuple[float, float]:
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return round(low, DIGITS), round(high, DIGITS)
