"""How much readers did with one document, for lists that begin with the hottest."""

from __future__ import annotations

import math
from collections.abc import Mapping

WEIGHTS: Mapping[str, float] = {"reposts": 0.4, "comments": 0.4, "likes": 0.2, "views": 0.2}
"""The same as in the hotness of events, so that the two never rank one document against the other."""


def document_heat(numbers: Mapping[str, int | None]) -> float:
    """Sum the weighted logarithms of what is known; what is unknown adds nothing."""
    return sum(weight * math.log1p(numbers.get(name) or 0) for name, weight in WEIGHTS.items())
