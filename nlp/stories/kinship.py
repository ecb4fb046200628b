"""How near two texts are, and which of them is the other's source."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nlp.stories.marks import dates_of
from nlp.stories.sketch import Sketch

SAME = 0.58
"""From this share of the shorter text found in the longer one on, the two are one story."""

COPIED = 0.8
SURELY_COPIED = 0.9
SAME_NUMBERS = 0.5
SAME_OF_MANY_NUMBERS = 0.6
MANY_NUMBERS = 3
SAME_NAMES = 0.34
FEWEST_SHINGLES = 6


class Relation(StrEnum):
    """How a text stands to the one it comes from."""

    FIRST = "first"
    EXACT = "exact"
    REPRINT = "reprint"
    REWRITE = "rewrite"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Kinship:
    """``share`` of the shorter text that stands in the longer one, ``overlap`` of both (Jaccard)."""

    relation: Relation
    share: float
    overlap: float

    @property
    def nearness(self) -> float:
        """Orders possible sources: equal before near, and of two that hold it all the one with less besides."""
        return 2.0 if self.relation is Relation.EXACT else self.share + 0.5 * self.overlap


def kinship(left: Sketch, right: Sketch) -> Kinship | None:
    """Compare two sketches; None when the texts are not copies of each other."""
    if left.digest == right.digest:
        return Kinship(Relation.EXACT, 1.0, 1.0)
    share, overlap = _shared(left, right)
    if share < SAME or _is_another_filling(left, right, overlap):
        return None
    return Kinship(Relation.REPRINT if share >= COPIED else Relation.REWRITE, share, overlap)


def _shared(left: Sketch, right: Sketch) -> tuple[float, float]:
    """Estimate containment and Jaccard from what both samples cover."""
    one, other = left.shingles, right.shingles
    if not left.is_whole:
        other = other[other <= one[-1]]
    if not right.is_whole:
        one = one[one <= right.shingles[-1]]
    fewest = min(len(one), len(other))
    if fewest < FEWEST_SHINGLES:
        return 0.0, 0.0
    common = _common(one, other)
    return common / fewest, common / (len(one) + len(other) - common)


def _common(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> int:
    """Count what two sorted arrays without repeats share."""
    if not len(left) or not len(right):
        return 0
    places = np.searchsorted(left, right)
    places[places == len(left)] = 0
    return int(np.count_nonzero(left[places] == right))


def _is_another_filling(left: Sketch, right: Sketch, overlap: float) -> bool:
    """Tell a form filled in anew (another day, another firm) from a copy with mistakes."""
    if _are_other_days(left, right):
        return True
    numbers = min(len(left.numbers), len(right.numbers))
    same_numbers = _common(left.numbers, right.numbers)
    names = min(len(left.names), len(right.names))
    same_names = _common(left.names, right.names)
    least = SAME_OF_MANY_NUMBERS if numbers >= MANY_NUMBERS else SAME_NUMBERS
    if numbers > 1 and same_numbers < least * numbers:
        return True
    if numbers == 1 and not same_numbers and names and not same_names:
        return True
    return names > 1 and same_names < SAME_NAMES * names and overlap < SURELY_COPIED


def _are_other_days(left: Sketch, right: Sketch) -> bool:
    one, other = dates_of(left.numbers), dates_of(right.numbers)
    return bool(len(one)) and bool(len(other)) and not _common(one, other)
