"""One request of the search page: what is asked of the engine, and what is shown when a part of it fails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog

from core.documents import known_sources
from core.errors import StorageError
from core.expression import Expression
from core.folded_search import FoldedPage, search_folded, unfolded
from core.search.base import RELEVANT_HITS, SearchOrder
from core.search.selection import ordering
from core.search_lag import index_lag, lag_notice
from webui.console import console, reading
from webui.document_facets import facet_counts, facets
from webui.document_filters import DocumentFilters
from webui.document_histogram import histogram
from webui.document_results import Finder, lines
from webui.relaxations import relaxations
from webui.search_conditions import conditions, requirements

log = structlog.get_logger(__name__)
Part = TypeVar("Part")


def found_page(
    filters: DocumentFilters, expression: Expression | None, now: dt.datetime, *, limit: int
) -> FoldedPage:
    """Ask for one page, folded or not; raises CursorError and what the engine raises."""
    search, query = console().reader, replace(filters.query(expression, now), limit=limit)
    if filters.is_folded:
        return search_folded(search, reading(), query)
    page = search.search(query)
    return FoldedPage(unfolded(reading(), page.ids), page.total, page.cursor)


@dataclass(slots=True)
class Parts:
    """What stands beside the hits: each may fail without the others, and is then named in ``missing``."""

    missing: list[str] = field(default_factory=list)

    def get(self, name: str, ask: Callable[[], Part]) -> Part | None:
        try:
            return ask()
        except StorageError as error:
            log.warning("search_part_unavailable", part=name, error=type(error).__name__)
            self.missing.append(name)
            return None


def context(
    filters: DocumentFilters, expression: Expression | None, path: str, *, limit: int
) -> dict[str, object]:
    """Give what the results show; raises CursorError and what the engine raises for the hits themselves."""
    search, now, parts = console().reader, console().clock.now(), Parts()
    page = found_page(filters, expression, now, limit=limit)
    names = dict(known_sources(reading())) if filters.source else {}
    shown: dict[str, object] = {
        "total": page.total,
        "hits": lines(reading(), page.hits, Finder(expression, now)),
        "conditions": [
            {"label": one.text, "href": one.without.address(path)}
            for one in conditions(filters, expression, names)
        ],
        "next": replace(filters, cursor=page.cursor).address(path) if page.cursor else None,
        "first": replace(filters, cursor="").address(path) if filters.cursor else None,
        "fold": replace(filters, fold="no" if filters.is_folded else "", cursor="").address(path),
        "is_ranked": ordering(filters.query(expression, now)) is SearchOrder.RELEVANCE,
        "ranked_most": RELEVANT_HITS,
        "lag": lag_notice(index_lag(reading(), now)),
        "facets": [],
        "histogram": None,
        "relaxations": None,
    }
    if page.total:
        counted = parts.get(
            "分类计数",
            lambda: facet_counts(search, filters, expression, now, total=page.total),
        )
        shown["facets"] = facets(counted, filters, path) if counted else []
        shown["histogram"] = parts.get(
            "时间分布",
            lambda: histogram(search, filters, expression, now=now, path=path, total=page.total),
        )
    else:
        listed = requirements(filters, expression, names)
        shown["relaxations"] = parts.get(
            "放宽建议",
            lambda: relaxations(search, filters, expression, listed, now=now, path=path),
        )
    return shown | {"missing": parts.missing}
