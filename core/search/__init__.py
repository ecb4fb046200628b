"""Finding documents: one protocol, two engines."""

from core.search.base import (
    Breakdown,
    DocumentSearch,
    FacetField,
    HistogramBucket,
    IndexFailure,
    IndexOutdatedError,
    IndexResult,
    Interval,
    SearchDocument,
    SearchHealth,
    SearchOrder,
    SearchPage,
    SearchQuery,
    TermCount,
)

SEARCH_ENGINES: dict[str, str] = {
    "tantivy": "core.search.tantivy_engine:TantivySearch",
    "elasticsearch": "core.search.elasticsearch_engine:ElasticsearchSearch",
}
"""Dotted paths, imported when an engine is chosen."""

__all__ = [
    "SEARCH_ENGINES",
    "Breakdown",
    "DocumentSearch",
    "FacetField",
    "HistogramBucket",
    "IndexFailure",
    "IndexOutdatedError",
    "IndexResult",
    "Interval",
    "SearchDocument",
    "SearchHealth",
    "SearchOrder",
    "SearchPage",
    "SearchQuery",
    "TermCount",
]
