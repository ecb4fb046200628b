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


def quotas(totals: Sequence[int], wanted: int, *, stretches: int) -> list[int]:
    """Share ``wanted`` out evenly among at most so many stretches that hold something, the last one first.

    Where more stretches hold something, evenly spaced ones are taken, the last among them.
    """
    filled = [place for place, total in enumerate(totals) if total]
    if len(filled) > stretches:
        step = (len(filled) - 1) / max(1, stretches - 1)
        filled = [filled[-1 - round(number * step)] for number in range(stretches)]
    shares = [0] * len(totals)
    left = min(wanted, sum(totals[place] for place in filled))
    while left:
        for place in sorted(filled, reverse=True):
            if left and shares[place] < totals[place]:
                shares[place] += 1
                left -= 1
    return shares


def spread(
    search: DocumentSearch,
    query: SearchQuery,
    stretches: Sequence[Stretch],
    newest: Sequence[int],
    *,
    wanted: int,
    questions: int,
) -> tuple[Candidates, ...]:
    """Choose the newest of each stretch that has a share, newest stretch first.

    ``newest`` are hits in order, from which the totals tell the stretches; what they do not reach is asked for, with
    about so many questions at most.
    """
    totals = [stretch.total for stretch in stretches]
    is_within = sum(totals) <= len(newest)
    shares = quotas(
        totals, wanted, stretches=wanted if is_within else min(wanted, max(1, questions))
    )
    found, passed = [], 0
    for stretch, share in zip(reversed(stretches), reversed(shares), strict=True):
        if share and passed + stretch.total <= len(newest):
            ids = tuple(newest[passed : passed + min(stretch.total, share + SPARE)])
            found.append(Candidates(ids, share))
        elif share:
            inside = replace(query, since=stretch.since, until=stretch.until, limit=share + SPARE)
            found.append(Candidates(search.search(inside).ids, share))
        passed += stretch.total
    return tuple(found)
