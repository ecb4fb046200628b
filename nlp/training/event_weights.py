"""Fits the weights with which a text is compared with an event, on labelled events told in several texts.

Texts pass in the order of their time; each is compared with every event so far, which is given its true texts. What
``HELD`` sets by hand stays: half of the labelled events say too little of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from nlp.events.description import Description
from nlp.events.likeness import Signs, Weighing, signs
from nlp.events.profile import Profile, profile_of

HELD = {
    "same_employer": 1.5,
    "other_employer": -1.5,
    "same_name": 1.2,
    "same_number": 0.8,
    "same_place": 0.9,
    "sibling_place": -1.5,
    "gap": -1.2,
    "size": -0.25,
}
THRESHOLD = 0.8
LEAST_COSINE = 0.12
RIDGE = 0.1
NAMES = tuple(item.name for item in fields(Signs))

Matrix = NDArray[np.float64]


def fit_weights(
    texts: Sequence[Description],
    labels: Sequence[str],
    held: Mapping[str, float] = HELD,
) -> Weighing:
    """Fit by penalised logistic regression; ``labels`` name the event of each text, in the order of time."""
    rows, signed = _pairs(texts, labels)
    names = (*NAMES, "bias")
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    free = [place for place, name in enumerate(names) if name not in held]
    offset = rows @ np.array([held.get(name, 0.0) for name in names])

    def loss(weights: Matrix) -> float:
        margins = signed * (rows[:, free] @ weights + offset)
        return float(np.logaddexp(0, -margins).sum() + RIDGE * (weights @ weights))

    found = minimize(loss, np.zeros(len(free))).x
    fitted = {
        names[place]: round(float(value), 2) for place, value in zip(free, found, strict=True)
    }
    return Weighing(**held, **fitted, threshold=THRESHOLD)


def _pairs(texts: Sequence[Description], labels: Sequence[str]) -> tuple[Matrix, Matrix]:
    events: dict[str, Profile] = {}
    rows, signed = [], []
    for text, label in zip(texts, labels, strict=True):
        for known, profile in events.items():
            compared = signs(text, profile)
            if known == label or compared.cosine > LEAST_COSINE:
                rows.append([getattr(compared, name) for name in NAMES])
                signed.append(1.0 if known == label else -1.0)
        known_profile = events.get(label)
        events[label] = profile_of(text) if known_profile is None else known_profile.with_text(text)
    return np.array(rows), np.array(signed)
