"""What to change in a search that found nothing, and how many hits that would give."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from core.expression import Expression
from core.expression.loosening import Change, loosenings
from core.expression.syntax import Near, conjunction
from core.search.base import DocumentSearch
from webui.document_filters import DocumentFilters
from webui.search_conditions import Requirement, parts_of, said, typed

MOST_SINGLE = 12
MOST_TOGETHER = 6
MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Relaxation:
    text: str
    count: int
    address: str


@dataclass(frozen=True, slots=True)
class Relaxations:
    """``changes`` give hits, the most first; ``alone`` counts each condition by itself where no single change helps."""

    changes: tuple[Relaxation, ...] = ()
    alone: tuple[Relaxation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Search:
    """The search that found nothing, as what it requires."""

    engine: DocumentSearch
    filters: DocumentFilters
    listed: Sequence[Requirement]
    now: dt.datetime
    path: str

    def tried(self, text: str, filters: DocumentFilters, parts: Sequence[Expression]) -> Relaxation:
        expression = conjunction(tuple(parts)) if parts else None
        query = replace(filters.query(expression, self.now), cursor=None)
        address = replace(filters, q=typed(parts)).address(self.path)
        return Relaxation(text, self.engine.count(query), address)

    def keeping(self, text: str, kept: Collection[Requirement]) -> Relaxation:
        """Count what meets these requirements and no others."""
        filters = self.filters
        for requirement in self.listed:
            if requirement.drop is not None and requirement not in kept:
                filters = requirement.drop(filters)
        parts = [one.part for one in self.listed if one.part is not None and one in kept]
        return self.tried(text, filters, parts)

    def without(self, text: str, dropped: Collection[Requirement]) -> Relaxation:
        return self.keeping(text, [one for one in self.listed if one not in dropped])


def relaxations(
    engine: DocumentSearch,
    filters: DocumentFilters,
    expression: Expression | None,
    listed: Sequence[Requirement],
    *,
    now: dt.datetime,
    path: str,
) -> Relaxations:
    """Try each single change, then what lacks hits by itself or in pairs, then each condition alone."""
    search = _Search(engine, replace(filters, cursor=""), listed, now, path)
    tried = itertools.islice(_single(search, expression), MOST_SINGLE)
    single = _best(relaxation for relaxation in tried if relaxation.count)
    if single or len(listed) < 2:  # noqa: PLR2004 (a condition and another)
        return Relaxations(changes=single)
    few = listed[:MOST_TOGETHER]
    alone = [search.keeping(one.text, [one]) for one in few]
    together = _best(_together(search, few, alone))
    return Relaxations(together, tuple(sorted(alone, key=lambda one: one.count)))


def _single(search: _Search, expression: Expression | None) -> Iterator[Relaxation]:
    if len(search.listed) > 1:
        for one in search.listed:
            yield search.without(f"去掉 {one.text}", [one])
    parts = parts_of(expression)
    for place, part in enumerate(parts):
        for loosening in loosenings(part):
            rest = (*parts[:place], loosening.rest, *parts[place + 1 :])
            yield search.tried(_words(loosening.change, loosening.part), search.filters, rest)


def _words(change: Change, part: Expression) -> str:
    match change:
        case Change.DROP:
            return f"去掉 {said(part)}"
        case Change.ANYWHERE:
            return f"不限位置：{said(part)}"
        case Change.APART:
            distance = part.distance if isinstance(part, Near) else 0
            return f"不限相隔 {distance} 个字以内"


def _together(
    search: _Search, few: Sequence[Requirement], alone: Sequence[Relaxation]
) -> Iterator[Relaxation]:
    """Drop what finds nothing by itself, all of it at once; else try the pairs."""
    empty = [one for one, by_itself in zip(few, alone, strict=True) if not by_itself.count]
    groups: list[Sequence[Requirement]] = [empty] if len(empty) > 1 else []
    groups += list(itertools.combinations(few, 2))
    for group in groups:
        if len(group) == len(search.listed) or not set(empty) <= set(group):
            continue
        found = search.without(f"去掉 {' 和 '.join(one.text for one in group)}", group)
        if found.count:
            yield found


def _best(found: Iterator[Relaxation]) -> tuple[Relaxation, ...]:
    unique = {relaxation.address: relaxation for relaxation in found}
    return tuple(sorted(unique.values(), key=lambda one: -one.count)[:MOST_SHOWN])
