"""Searching through the API: the parameters of the page, its hits with their finds, and counts on demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from core.documents import read_documents
from core.expression import Expression
from core.overview import interval_for
from core.search.base import Breakdown, FacetField, HistogramBucket, TermCount
from webui.api.resources import DocumentHit, document_hit
from webui.console import console, reading
from webui.document_facets import facet_counts
from webui.document_filters import FACETS, DocumentFilters
from webui.document_histogram import DEFAULT_SPAN
from webui.document_results import Finder
from webui.document_search import found_page
from webui.document_view import language

WITH = {"facets": "各类别的条数", "histogram": "按时间和情感的条数"}
"""What ``with`` may ask for beside the hits."""


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """``total`` counts documents also where ``items`` are folded stories; what was not asked for is null."""

    items: tuple[DocumentHit, ...]
    cursor: str | None
    total: int
    facets: Mapping[str, tuple[TermCount, ...]] | None
    histogram: tuple[HistogramBucket, ...] | None


def search_documents(args: MultiDict[str, str], limit: int) -> SearchAnswer:
    """Search; programs want every document, so stories are folded only with ``fold=yes``.

    Raises ExpressionError, CursorError and what the engine raises.
    """
    filters, now = DocumentFilters.read(args), console().clock.now()
    filters = replace(filters, fold="" if args.get("fold") == "yes" else "no")
    expression = language().parse(filters.q) if filters.q else None
    page, finder = found_page(filters, expression, now, limit=limit), Finder(expression, now)
    lines = {line.document_id: line for line in page.hits}
    asked = set(args.getlist("with"))
    return SearchAnswer(
        items=tuple(
            document_hit(document, finder.found(document), lines[document.id])
            for document in read_documents(reading(), list(lines))
        ),
        cursor=page.cursor,
        total=page.total,
        facets=_facets(filters, expression, now) if "facets" in asked else None,
        histogram=_histogram(filters, expression, now) if "histogram" in asked else None,
    )


def _facets(
    filters: DocumentFilters, expression: Expression | None, now: dt.datetime
) -> dict[str, tuple[TermCount, ...]]:
    counted = facet_counts(console().reader, filters, expression, now)
    return {field.value: tuple(counted[FacetField(field)]) for field, _ in FACETS}


def _histogram(
    filters: DocumentFilters, expression: Expression | None, now: dt.datetime
) -> tuple[HistogramBucket, ...]:
    since, until = filters.window(now)
    since = since or (until or now) - DEFAULT_SPAN
    query = replace(filters.query(expression, now), since=since, cursor=None)
    interval = interval_for((until or now) - since)
    return console().reader.histogram(query, interval=interval, by=Breakdown.POLARITY)
