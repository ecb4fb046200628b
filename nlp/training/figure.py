"""One measured value and how far chance could move it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
SEED = 20_261
DIGITS = 4

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value between 0 and 1 with its 95 % bootstrap interval over ``texts`` texts."""

    name: str
    value: float
    low: float
    high: float
    texts: int


def measured(name: str, measure: Callable[[Rows], float], rows: Rows) -> Figure:
    """Apply ``measure`` to the rows, and to 1,000 draws of as many with replacement."""
    random = np.random.default_rng(SEED)
    drawn = [measure(random.choice(rows, len(rows))) for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Figure(
        name, round(measure(rows), DIGITS), round(low, DIGITS), round(high, DIGITS), len(rows)
    )
