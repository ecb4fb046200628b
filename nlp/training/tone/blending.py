"""Weighs the linear answer against the network's on texts that neither has seen, and calibrates both at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from nlp.linear import Matrix
from nlp.tone.models import shares_of

Places = NDArray[np.int64]
RESTRAINT = 1e-3


def blend(linear: Matrix, network: Matrix, places: Places) -> Matrix:
    """Give a weight for either and a bias for each label: the rows are linear, network, biases.

    Two weights, one for all labels, because the texts are few; by greatest likelihood.
    """
    labels = linear.shape[1]

    def cost(values: NDArray[np.float64]) -> float:
        odds = values[0] * linear + values[1] * network + values[2:]
        shares = shares_of(odds.astype(np.float64))
        chances = shares[np.arange(len(places)), places]
        return float(-np.log(np.maximum(chances, 1e-12)).mean()) + RESTRAINT * float(
            np.square(values[2:]).sum()
        )

    start = np.concatenate(([0.5, 0.5], np.zeros(labels)))
    found = minimize(cost, start, method="L-BFGS-B").x
    rows: Matrix = np.concatenate(
        [np.eye(labels) * found[0], np.eye(labels) * found[1], found[None, 2:]]
    )
    return rows.astype(np.float32)


def curve_of(scores: Matrix, places: Places) -> Matrix:
    """Fit log-odds to scores by logistic regression: a row for each score, and one for the constant."""
    curve = LogisticRegression(C=10.0, max_iter=1000).fit(scores, places)
    rows: Matrix = np.concatenate([curve.coef_.T, curve.intercept_[None]]).astype(np.float32)
    return rows
