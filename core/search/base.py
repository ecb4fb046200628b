"""What every search engine answers, and the records that cross its border."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from core.errors import UnavailableError
from core.expression.syntax import Expression


class IndexOutdatedError(UnavailableError):
    """The index was written with another schema: an older one has to be rebuilt, a newer one left alone."""

    def __init__(self, found: int, wanted: int) -> None:
        what = f"检索索引的格式是 {found}，本程序需要 {wanted}，现在不能检索；数据都在数据库里，没有丢失。"
        super().__init__(
            f"{what}角色 index 会自动重建，也可以运行 zhisheng index rebuild。"
            if found < wanted
            else f"{what}索引由更新的版本写成，请把这台机器上的职声也升级到那个版本。"
        )
        self.found = found
        self.wanted = wanted


RELEVANT_HITS = 1000
"""How many of the most relevant hits can be paged through."""


class SearchOrder(StrEnum):
    """RELEVANCE ranks by the engine's own BM25 score of the words outside NOT, ties newest first.

    It pages through the first RELEVANT_HITS hits, then its cursor is None; filters and conditions score nothing.
    Without such words it equals NEWEST, cursors too.
    """

    NEWEST = "newest"
    OLDEST = "oldest"
    HOTTEST = "hottest"
    RELEVANCE = "relevance"


class Interval(StrEnum):
    """Width of a histogram's buckets; days and weeks (from Monday) begin at midnight in Asia/Shanghai."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class FacetField(StrEnum):
    PLATFORM = "platform"
    SOURCE = "source"
    LEVEL = "level"
    REGION = "region"
    TOPIC = "topic"
    POLARITY = "polarity"
    EMPLOYER = "employer"
    KEYWORD = "keyword"
    EVENT = "event"
    STORY = "story"


class Breakdown(StrEnum):
    """What each bucket of a histogram may be split by."""

    POLARITY = "polarity"
    TOPIC = "topic"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDocument:
    """One document as the index takes it; its text stays in PostgreSQL.

    `revision` rises with every change of the document: a lower or equal one never replaces what is indexed.
    `regions` are adcodes with their ancestors, times are aware, None is unknown.
    """

    id: int
    revision: int
    title: str
    text: str
    published_at: datetime
    ingested_at: datetime
    platform: str = ""
    source_id: int = 0
    source_name: str = ""
    level: str | None = None
    regions: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    polarity: str | None = None
    relevant: bool | None = None
    our_union: bool | None = None
    employers: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    event_id: int | None = None
    story_id: int | None = None
    reposts: int | None = None
    comments: int | None = None
    views: int | None = None
    hotness: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What to look for: everything named must hold, an empty tuple or None asks nothing.

    `since` and `until` bound `published_at`, half-open; `ingested_since` bounds when we got it. `now` is what
    `time:24h` in the expression counts back from, and must be given when the expression has such a range.
    `cursor` is what an earlier page of the same query returned.
    """

    expression: Expression | None = None
    platforms: tuple[str, ...] = ()
    source_ids: tuple[int, ...] = ()
    levels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    polarities: tuple[str, ...] = ()
    relevant: bool | None = None
    our_union: bool | None = None
    event_id: int | None = None
    story_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    ingested_since: datetime | None = None
    now: datetime | None = None
    order: SearchOrder = SearchOrder.NEWEST
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Ids in order, the exact total, and the cursor of the next page or None when this is the last."""

    ids: tuple[int, ...]
    total: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class IndexFailure:
    """A document that was not indexed; `is_retryable` says whether the same attempt may succeed later.

    `is_engine_busy`: the engine had no room just now. The document is sound, and no attempt is counted against it.
    """

    id: int
    reason: str
    is_retryable: bool
    is_engine_busy: bool = False


@dataclass(frozen=True, slots=True)
class IndexResult:
    """`stale` counts documents skipped because the same or a newer revision was there: no failure."""

    indexed: int
    stale: int = 0
    failures: tuple[IndexFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class HistogramBucket:
    """`counts` splits `total` by the breakdown; a document with two topics counts under both."""

    start: datetime
    total: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TermCount:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchHealth:
    """`detail` says in Chinese what an operator should know.

    `schema` and `generation` are those of the index that answers; `is_outdated` when it has to be rebuilt first.
    """

    engine: str
    is_available: bool
    documents: int | None
    bytes_on_disk: int | None
    detail: str
    schema: int | None = None
    generation: int | None = None
    is_outdated: bool = False


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What an index holds of a document, as `core.search.digest` tells it."""

    id: int
    revision: int
    digest: int


class IndexDraft(Protocol):
    """An index that nobody searches yet; a lower or equal revision never replaces what it holds."""

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult: ...

    def delete(self, ids: Sequence[int]) -> None: ...

    def settle(self) -> None:
        """Finish in the background what would hold up `publish`."""
        ...

    def publish(self) -> None:
        """Let this index answer instead of the old one, in one step; the draft is done with afterwards."""
        ...


class DocumentSearch(Protocol):
    """A projection of the documents that finds their ids.

    What `index` and `delete` did is durable when they return, and visible to every process within two seconds.
    Methods raise UnavailableError when the engine cannot be reached, IndexOutdatedError when it must be rebuilt, and
    ConflictError when another process holds the writer.
    """

    name: str

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult: ...

    def delete(self, ids: Sequence[int]) -> None: ...

    def search(self, query: SearchQuery) -> SearchPage: ...

    def count(self, query: SearchQuery) -> int: ...

    def histogram(
        self, query: SearchQuery, *, interval: Interval, by: Breakdown | None = None
    ) -> tuple[HistogramBucket, ...]:
        """Buckets that hold something, oldest first."""
        ...

    def facets(
        self, query: SearchQuery, fields: Sequence[FacetField], *, size: int = 20
    ) -> Mapping[FacetField, tuple[TermCount, ...]]:
        """Count the most frequent values of each field, most frequent first, then by value."""
        ...

    def terms(
        self, query: SearchQuery, field: FacetField, *, size: int = 20
    ) -> tuple[TermCount, ...]: ...

    def rebuild(self, documents: Iterable[SearchDocument]) -> IndexResult:
        """Fill a draft with these documents alone, and publish it.

        What other processes index meanwhile goes to the old index: `core.index_rebuild` brings it over.
        """
        ...

    def draft(self) -> AbstractContextManager[IndexDraft]:
        """Lend an empty index beside the one that answers; it is dropped unless it was published.

        What an interrupted draft left behind is removed. Raises ConflictError when the engine can tell that
        another draft is open; otherwise the caller sees to it that there is only one.
        """
        ...

    def entries(self, *, after: int, limit: int) -> tuple[IndexEntry, ...]:
        """List what the index holds by rising id, from behind `after`; a document twice in it comes twice."""
        ...

    def entries_of(self, ids: Sequence[int]) -> tuple[IndexEntry, ...]: ...

    def clear(self) -> None: ...

    def refresh(self) -> None:
        """Make what was indexed visible to this object at once."""
        ...

    def health(self) -> SearchHealth:
        """Say how the index is doing; an engine that does not answer is unavailable, and nothing is raised."""
        ...

    def close(self) -> None: ...
