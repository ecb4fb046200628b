"""The members of the linear stack: support vectors over blocks of n-grams, plain or weighed by naive Bayes.

The weighing by log-count ratios is that of Wang and Manning (2012).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from nlp.linear import Matrix
from nlp.training.corpus import SEED, Counts

TOLERANCE = 0.1
"""Ten times fewer rounds than to the default of the library, at the same held-out accuracy."""
SMOOTHING = 3.0
PAIR = 2
"""Two labels are told apart by one column of scores."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BaseModel:
    """``blocks`` names those it reads; ``cost`` is that of the support vectors."""

    blocks: tuple[str, ...]
    cost: float
    is_bayesian: bool = False


@dataclass(frozen=True, slots=True)
class BlockRows:
    """Rows of length one for each block, and whether each n-gram is in the text."""

    rows: Mapping[str, Counts]

    def joined(self, blocks: Sequence[str]) -> Counts:
        share = len(blocks) ** -0.5
        return sparse.hstack([self.rows[name] for name in blocks]).tocsr() * np.float32(share)


def targets_of(places: NDArray[np.int64], labels: int) -> NDArray[np.int64]:
    """Give a 0/1 column for each label, or the one column of the second of two."""
    columns = np.eye(labels, dtype=np.int64)[places]
    return columns[:, 1:] if labels == PAIR else columns


def fit_base(base: BaseModel, rows: Counts, targets: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
    """Fit a column of weights and a bias for each column of ``targets``."""
    weights = np.zeros((rows.shape[1], targets.shape[1]), np.float32)
    biases = np.zeros(targets.shape[1], np.float32)
    presence = (rows != 0).astype(np.float32) if base.is_bayesian else rows
    for column in range(targets.shape[1]):
        ratios = _ratios(presence, targets[:, column]) if base.is_bayesian else None
        machine = LinearSVC(C=base.cost, class_weight="balanced", random_state=SEED, tol=TOLERANCE)
        seen = rows if ratios is None else (rows @ sparse.diags(ratios)).tocsr()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            machine.fit(seen, targets[:, column])
        weights[:, column] = machine.coef_[0] * (1.0 if ratios is None else ratios)
        biases[column] = machine.intercept_[0]
    return weights, biases


def _ratios(presence: Counts, target: NDArray[np.int64]) -> Matrix:
    inside = np.asarray(presence[target == 1].sum(axis=0)).ravel() + SMOOTHING
    outside = np.asarray(presence[target == 0].sum(axis=0)).ravel() + SMOOTHING
    ratios: Matrix = np.log((inside / inside.sum()) / (outside / outside.sum()))
    return ratios.astype(np.float32)
