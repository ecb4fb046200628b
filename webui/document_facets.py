"""The facets beside a list: their values with counts, each of which can be added or taken away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.expression import Expression
from core.search.base import DocumentSearch, FacetField, TermCount
from webui.document_filters import FACETS, DocumentFilters
from webui.unknown_values import UNKNOWN, UNKNOWN_LABELS, facet_label

SHOWN = 8
MOST = 60
Counts = Mapping[FacetField, Sequence[TermCount]]


@dataclass(frozen=True, slots=True)
class FacetValue:
    text: str
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """``values`` are shown at once, ``more`` on request; ``clear`` is the list without this facet's choice."""

    name: str
    label: str
    values: tuple[FacetValue, ...]
    more: tuple[FacetValue, ...] = ()
    clear: str | None = None


def facet_counts(
    search: DocumentSearch,
    filters: DocumentFilters,
    expression: Expression | None,
    now: dt.datetime,
    *,
    total: int | None = None,
) -> Counts:
    """Count the values; a facet with a filter is counted without it, so that other values can be added.

    ``total`` is the number of all hits, where it is known already.
    """
    query = replace(filters.query(expression, now), cursor=None)
    free = [field for field, _ in FACETS if not filters.values(field)]
    counted: dict[FacetField, Sequence[TermCount]] = {}
    if free:
        counted |= search.facets(query, free, size=MOST)
    for field, _ in FACETS:
        open_filters = filters.with_values(field, ())
        if filters.values(field):
            wider = replace(open_filters.query(expression, now), cursor=None)
            counted[field] = search.terms(wider, field, size=MOST)
        if field in UNKNOWN_LABELS:
            # A document has one polarity at most, so those without are what is left.
            is_left = field is FacetField.POLARITY and field in free and total is not None
            lacking = open_filters.with_values(field, (UNKNOWN,)).query(expression, now)
            unknown = (
                (total or 0) - sum(term.count for term in counted[field])
                if is_left
                else search.count(replace(lacking, cursor=None))
            )
            if unknown > 0:
                counted[field] = (*counted[field], TermCount(UNKNOWN, unknown))
    return counted


def facets(counted: Counts, filters: DocumentFilters, path: str) -> list[Facet]:
    return [_facet(field, name, counted[field], filters, path) for field, name in FACETS]


def _facet(
    field: FacetField,
    name: str,
    counted: Sequence[TermCount],
    filters: DocumentFilters,
    path: str,
) -> Facet:
    counts = {term.value: term.count for term in counted}
    chosen = filters.values(field)
    counts |= {value: 0 for value in chosen if value not in counts}
    # What is chosen and what has no value are always in sight, wherever their counts would put them.
    fixed = [value for value in counts if value in chosen or value == UNKNOWN]
    others = [value for value in counts if value not in fixed]
    shown = {*fixed, *others[: max(SHOWN - len(fixed), 0)]}
    if len(counts) - len(shown) == 1:
        shown = set(counts)
    values = {
        value: FacetValue(
            facet_label(field, value),
            count,
            filters.toggled(field, value).address(path),
            value in chosen,
        )
        for value, count in counts.items()
    }
    return Facet(
        field.value,
        name,
        tuple(values[value] for value in counts if value in shown),
        tuple(values[value] for value in counts if value not in shown),
        filters.with_values(field, ()).address(path) if chosen else None,
    )
