"""Where words occur in one document, and which occurrences are near each other."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from core.expression.syntax import GAP_LIMIT, Scope

Interval = tuple[int, int]
Hits = dict[int, list[int]]
"""Starts of each term's occurrences, ascending, by the term's number.

Title and text share one line of positions: the text begins GUTTER characters after the end of the
title, so that nothing reaches from one into the other.
"""

GUTTER = 64
"""More than the longest distance of NEAR and the longest gap of `*`."""

Parts = tuple[tuple[int, int], ...]
"""Number and length of each part of a word."""

FIELDS = {
    Scope.ANY: (Scope.TITLE, Scope.TEXT),
    Scope.TITLE: (Scope.TITLE,),
    Scope.TEXT: (Scope.TEXT,),
}


def occurrences(parts: Parts, hits: Hits) -> list[Interval]:
    """List where a word occurs, every choice of gaps apart, by start then end."""
    number, length = parts[0]
    found = [(start, start + length) for start in hits.get(number, ())]
    for number, length in parts[1:]:
        starts = hits.get(number)
        if not starts:
            return []
        found = [
            (first, start + length)
            for first, end in found
            for start in starts[bisect_left(starts, end) : bisect_right(starts, end + GAP_LIMIT)]
        ]
    return sorted(set(found)) if len(parts) > 1 else found


def all_occurrences(words: Iterable[Parts], hits: Hits) -> list[Interval]:
    lists = [found for parts in words if (found := occurrences(parts, hits))]
    if len(lists) == 1:
        return lists[0]
    return sorted({interval for found in lists for interval in found})


def within(found: list[Interval], scope: Scope, boundary: int) -> list[Interval]:
    """Keep what lies in the title, which ends at `boundary`, or what lies in the text."""
    if scope is Scope.ANY:
        return found
    at = bisect_left(found, (boundary, 0))
    return found[:at] if scope is Scope.TITLE else found[at:]


def pairs(
    left: list[Interval], right: list[Interval], distance: int
) -> Iterator[tuple[Interval, Interval]]:
    """Yield what occurs on the left with what begins 0 to `distance` characters after its end."""
    starts = [start for start, _ in right]
    for interval in left:
        first = bisect_left(starts, interval[1])
        last = bisect_right(starts, interval[1] + distance, lo=first)
        for index in range(first, last):
            yield interval, right[index]
