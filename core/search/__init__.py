"""Finding documents: one protocol, two engines."""

from core.registry import PluginTable
from core.search.base import (
    RELEVANT_HITS,
    Breakdown,
    DocumentSearch,
    FacetField,
    HistogramBucket,
    IndexDraft,
    IndexEntry,
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

SEARCH_ENGINES: PluginTable[type[DocumentSearch]] = PluginTable(
    "检索引擎",
    (
        ("tantivy", "core.search.tantivy_engine:TantivySearch"),
        ("elasticsearch", "core.search.elasticsearch_engine:ElasticsearchSearch"),
    ),
)

__all__ = [
    "RELEVANT_HITS",
    "SEARCH_ENGINES",
    "Breakdown",
    "DocumentSearch",
    "FacetField",
    "HistogramBucket",
    "IndexDraft",
    "IndexEntry",
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
