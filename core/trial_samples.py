"""Which documents to look at: the newest of each stretch of time, and not only of the last one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.search.base import DocumentSearch, SearchQuery

SPARE = 3
"""How many more are fetched than wanted, so that reprints of one story can be passed over."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open piece of the time that is tried, and how many documents it holds."""

    since: dt.datetime
    until: dt.datetime
    total: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """``ids`` of one stretch, newest first, of which ``wanted`` are to be shown."""

    ids: tuple[int, ...]
    wanted: int


def quotas(totals: Sequence[int], wanted: int) -> list[int]:
    """Share ``wanted`` out evenly among what holds something, the last stretch first.

    Where more stretches hold something than are wanted, evenly spaced ones get one each.
    """
    shares = [0] * len(totals)
    filled = [place for place, total in enumerate(totals) if total]
    if len(filled) > wanted > 1:
        step = (len(filled) - 1) / (wanted - 1)
        for number in range(wanted):
            shares[filled[round(number * step)]] = 1
        return shares
    left = min(wanted, sum(totals))
    while left:
        for place in reversed(filled):
            if left and shares[place] < totals[place]:
                shares[place] += 1
                left -= 1
    return shares


def spread(
    search: DocumentSearch, query: SearchQuery, stretches: Sequence[Stretch], *, wanted: int
) -> tuple[Candidates, ...]:
    """Ask for the newest of each stretch that has a share, newest stretch first."""
    shares = quotas([stretch.total for stretch in stretches], wanted)
    found = []
    for stretch, share in zip(reversed(stretches), reversed(shares), strict=True):
        if share:
            inside = replace(query, since=stretch.since, until=stretch.until, limit=share + SPARE)
            found.append(Candidates(search.search(inside).ids, share))
    return tuple(found)
