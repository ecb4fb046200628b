"""Fits how sure a model may be of its scores, on rows it did not learn from (Guo 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlp.linear import Matrix

ROUNDS = 60
LEAST, MOST = 0.05, 10.0
GOLDEN = (5**0.5 - 1) / 2


def fit_scale(scores: Matrix, places: NDArray[np.int64]) -> float:
    """Give the factor (one over the temperature) under which the labels are likeliest."""
    low, high = float(np.log(LEAST)), float(np.log(MOST))
    for _ in range(ROUNDS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if _surprise(scores, places, left) <= _surprise(scores, places, right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def log_shares(scores: Matrix, scale: float) -> NDArray[np.float64]:
    odds = scores.astype(np.float64) * scale
    odds -= odds.max(axis=1, keepdims=True)
    logs: NDArray[np.float64] = odds - np.log(np.exp(odds).sum(axis=1, keepdims=True))
    return logs


def _surprise(scores: Matrix, places: NDArray[np.int64], log_scale: float) -> float:
    logs = log_shares(scores, float(np.exp(log_scale)))
    return -float(logs[np.arange(len(places)), places].mean())
