"""How thinly a long text speaks of labour.

The relevance models learn from short texts; over a long one the small weights of many neutral words add up.
So a text loses log-odds for every doubling of its length for which it has no further word of labour. Texts
up to ``FREE_CHARACTERS`` lose nothing. The two constants were set by reading petitions.
"""

from __future__ import annotations

from collections.abc import Sequence

import daachorse
import numpy as np
from numpy.typing import NDArray

from core.matching_text import matching_text

FREE_CHARACTERS = 60
LOSS_PER_DOUBLING = 1.6


class Dilution:
    """Read-only after construction; threads may share it."""

    def __init__(self, terms: Sequence[str]) -> None:
        self._automaton = daachorse.CharwiseDoubleArrayAhoCorasick(
            sorted(set(map(matching_text, terms))), daachorse.MATCH_KIND_LEFTMOST_LONGEST
        )

    def losses(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give the log-odds to subtract for each normalised text."""
        return np.array([self._loss(text) for text in texts], np.float32)

    def _loss(self, text: str) -> float:
        if len(text) <= FREE_CHARACTERS:
            return 0.0
        words = len({index for _, _, index in self._automaton.find(text)})
        doublings = float(np.log2(len(text) / FREE_CHARACTERS))
        return LOSS_PER_DOUBLING * max(0.0, doublings - words)


def diluted(probabilities: NDArray[np.float32], losses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract log-odds from probabilities."""
    odds = probabilities * np.exp(-losses)
    lowered: NDArray[np.float32] = (odds / (odds + 1.0 - probabilities)).astype(np.float32)
    return lowered
