"""The search engine of an installation that has outgrown one machine: Elasticsearch 9."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from core.clock import SHANGHAI, monotonic
from core.errors import UnavailableError
from core.search import elasticsearch_bulk as bulk
from core.search.aggregations import (
    Requests,
    dates_request,
    facet_column,
    histogram_buckets,
    histogram_requests,
    term_counts,
    terms_request,
)
from core.search.base import (
    Breakdown,
    FacetField,
    HistogramBucket,
    IndexDraft,
    IndexEntry,
    IndexResult,
    Interval,
    SearchDocument,
    SearchHealth,
    SearchOrder,
    SearchPage,
    SearchQuery,
    TermCount,
)
from core.search.elasticsearch_connection import Connection, connect, translated_errors
from core.search.elasticsearch_draft import ElasticsearchDraft
from core.search.elasticsearch_health import ENGINE, cluster_health
from core.search.elasticsearch_indices import Generation, MonthlyIndices, write_alias
from core.search.elasticsearch_queries import query_of, ranked_query_of
from core.search.elasticsearch_schema import entry, first_day, month, month_name
from core.search.index_draft import fill
from core.search.selection import cursor_of, key_of, ordering, ranked_page, ranked_window

log = structlog.get_logger(__name__)

ALIAS = "zhisheng-documents"

_LISTED = 10_000
_SCHEMA_HOLDS_S = 30.0
_DRAFT_SENDERS = 2
_MILLISECOND = timedelta(milliseconds=1)
_DRAFT_PATIENCE = 3
"""So many times as patient is a rebuild with a busy cluster."""
_BREADTH = {"shard_size": 10_000}
_WAITS = (0.2, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Names of the indices that were created, dropped with their month, and removed as leftovers."""

    created: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()


class ElasticsearchSearch:
    """Implements DocumentSearch over monthly indices; threads may share one object.

    `url` may name several nodes, separated by commas. One without TLS is taken only on loopback, unless
    `allow_plain_text`. Rebuilds are not guarded against each other: the caller holds a lease.
    """

    name = ENGINE

    def __init__(  # noqa: PLR0913 -- the connection's options, all by name
        self,
        url: str,
        *,
        alias: str = ALIAS,
        api_key: str | None = None,
        ca_certificates: Path | None = None,
        allow_plain_text: bool = False,
        replicas: int | None = None,
        timeout_s: float = 10.0,
        retry_waits_s: Sequence[float] = _WAITS,
    ) -> None:
        self._client = connect(
            Connection(
                url=url,
                api_key=api_key,
                ca_certificates=ca_certificates,
                allow_plain_text=allow_plain_text,
                timeout_s=timeout_s,
            )
        )
        self._alias = alias
        self._indices = MonthlyIndices(self._client, alias, replicas=replicas)
        self._waits = tuple(retry_waits_s)
        self._pace = bulk.Pace()
        self._schema_holds_until = 0.0

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult:
        with translated_errors():
            return self._write(self._indices.current(), documents)

    def _write(
        self,
        generation: Generation,
        documents: Sequence[SearchDocument],
        *,
        is_rebuilding: bool = False,
    ) -> IndexResult:
        waits = self._waits * _DRAFT_PATIENCE if is_rebuilding else self._waits
        operations = [
            bulk.IndexOperation(
                alias=write_alias(self._indices.name(generation.number, month(document))),
                id=document.id,
                revision=document.revision,
                source=entry(document),
                characters=len(document.title) + len(document.text),
            )
            for document in documents
        ]
        names = {self._indices.name(generation.number, month(document)) for document in documents}
        for name in sorted(names - generation.names):
            self._indices.create(name, generation, is_rebuilding=is_rebuilding)
        return bulk.write(self._client, operations, waits=waits, pace=self._pace)

    def _write_draft(
        self, generation: Generation, documents: Sequence[SearchDocument]
    ) -> IndexResult:
        """Write in two threads: one prepares a request while the cluster works on that of the other."""
        write = partial(self._write, generation, is_rebuilding=True)
        with ThreadPoolExecutor(_DRAFT_SENDERS) as senders:
            parts = (documents[place::_DRAFT_SENDERS] for place in range(_DRAFT_SENDERS))
            results = list(senders.map(write, parts))
        if any(failure.is_engine_busy for result in results for failure in result.failures):
            # An index with holes must not take the place of a whole one.
            raise UnavailableError(
                "检索引擎 Elasticsearch 太忙或磁盘快满，重建没有完成；旧索引照常应答，请稍后重新开始。"
            )
        return IndexResult(
            sum(result.indexed for result in results),
            sum(result.stale for result in results),
            tuple(failure for result in results for failure in result.failures),
        )

    def delete(self, ids: Sequence[int]) -> None:
        with translated_errors():
            # Also from what a rebuild is filling, so that a deleted text does not come back with it.
            self._forget(sorted(self._indices.all_names()), ids)

    def _forget(self, names: Sequence[str], ids: Sequence[int]) -> None:
        bulk.delete(self._client, names, ids)

    def search(self, query: SearchQuery) -> SearchPage:
        self._check_schema()
        order = ordering(query)
        if order is SearchOrder.RELEVANCE:
            return self._most_relevant(query)
        column = "heat" if order is SearchOrder.HOTTEST else "order"
        direction = "asc" if order is SearchOrder.OLDEST else "desc"
        after = None if query.cursor is None else [key_of(order, query.cursor)]
        with translated_errors():
            found = self._client.search(
                index=self._alias,
                query=query_of(query),
                sort=[{column: {"order": direction}}],
                search_after=after,
                size=query.limit + 1,
                track_total_hits=True,
                allow_partial_search_results=False,
                source=False,
                ignore_unavailable=True,
            )["hits"]
        hits = found["hits"][: query.limit]
        has_more = len(found["hits"]) > query.limit and bool(hits)
        cursor = cursor_of(order, int(hits[-1]["sort"][0])) if has_more else None
        return SearchPage(
            tuple(int(hit["_id"]) for hit in hits), int(found["total"]["value"]), cursor
        )

    def _most_relevant(self, query: SearchQuery) -> SearchPage:
        first, size = ranked_window(query)
        with translated_errors():
            found = self._client.search(
                index=self._alias,
                # Words are as rare as in all months together, not as in the month of the hit.
                search_type="dfs_query_then_fetch",
                query=ranked_query_of(query),
                sort=[{"_score": {"order": "desc"}}, {"order": {"order": "desc"}}],
                from_=first,
                size=size,
                track_total_hits=True,
                allow_partial_search_results=False,
                source=False,
                ignore_unavailable=True,
            )["hits"]
        ids = tuple(int(hit["_id"]) for hit in found["hits"])
        return ranked_page(ids, first, int(found["total"]["value"]))

    def _check_schema(self) -> None:
        """Raise IndexOutdatedError instead of answering from other columns; asked now and then only."""
        if monotonic() >= self._schema_holds_until:
            with translated_errors():
                self._indices.current()
            self._schema_holds_until = monotonic() + _SCHEMA_HOLDS_S

    def count(self, query: SearchQuery) -> int:
        self._check_schema()
        with translated_errors():
            answer = self._client.count(
                index=self._alias, query=query_of(query), ignore_unavailable=True
            )
        if answer["_shards"]["failed"]:
            raise UnavailableError(
                "检索引擎 Elasticsearch 有一部分索引暂时读不到，数不全；数据没有丢失，请稍后再试。"
            )
        return int(answer["count"])

    def _aggregate(self, query: SearchQuery, requests: Requests) -> Mapping[str, object]:
        self._check_schema()
        with translated_errors():
            answer = self._client.search(
                index=self._alias,
                query=query_of(query),
                aggregations=requests,
                size=0,
                allow_partial_search_results=False,
                ignore_unavailable=True,
            )
        # Without a single index there is nothing to count, and the answer has no such part.
        nothing: dict[str, object] = {name: {"buckets": []} for name in requests}
        return {**nothing, **answer.body.get("aggregations", {})}

    def histogram(
        self, query: SearchQuery, *, interval: Interval, by: Breakdown | None = None
    ) -> tuple[HistogramBucket, ...]:
        requests = histogram_requests(dates_request(interval), by, breadth=_BREADTH)
        return histogram_buckets(self._aggregate(query, requests), _MILLISECOND)

    def facets(
        self, query: SearchQuery, fields: Sequence[FacetField], *, size: int = 20
    ) -> Mapping[FacetField, tuple[TermCount, ...]]:
        requests: Requests = {
            field.value: terms_request(facet_column(field), size=size, breadth=_BREADTH)
            for field in fields
        }
        answer = self._aggregate(query, requests)
        return {field: term_counts(answer[field.value], size) for field in fields}

    def terms(
        self, query: SearchQuery, field: FacetField, *, size: int = 20
    ) -> tuple[TermCount, ...]:
        return self.facets(query, (field,), size=size)[field]

    def rebuild(self, documents: Iterable[SearchDocument]) -> IndexResult:
        with self.draft() as draft:
            result = fill(draft, documents)
            draft.publish()
        return result

    @contextmanager
    def draft(self) -> Iterator[IndexDraft]:
        with translated_errors():
            # The caller sees to it that nobody else fills one: this is what an interrupted rebuild left.
            self._indices.remove_unsearched()
            number = self._indices.next_number()
        draft = ElasticsearchDraft(
            self._indices, Generation(number, frozenset()), self._write_draft, self._forget
        )
        try:
            yield draft
        finally:
            if not draft.is_published:
                draft.drop()

    def entries(self, *, after: int, limit: int) -> tuple[IndexEntry, ...]:
        return self._entries({"range": {"id": {"gt": after}}}, limit)

    def entries_of(self, ids: Sequence[int]) -> tuple[IndexEntry, ...]:
        # The same document is there twice at the most: in two months.
        parts = [ids[start : start + _LISTED // 2] for start in range(0, len(ids), _LISTED // 2)]
        return tuple(
            found for part in parts for found in self._entries({"terms": {"id": part}}, _LISTED)
        )

    def _entries(self, query: Mapping[str, object], limit: int) -> tuple[IndexEntry, ...]:
        """List what was found by id; documents with a revision as external version."""
        self._check_schema()
        with translated_errors():
            found = self._client.search(
                index=self._alias,
                query={"constant_score": {"filter": query}},
                sort=[{"id": {"order": "asc"}}],
                docvalue_fields=[{"field": "digest"}],
                version=True,
                size=min(limit, _LISTED),
                allow_partial_search_results=False,
                source=False,
                ignore_unavailable=True,
            )["hits"]["hits"]
        return tuple(
            IndexEntry(int(hit["_id"]), int(hit["_version"]), int(hit["fields"]["digest"][0]))
            for hit in found
        )

    def keep_house(
        self, now: datetime, *, is_over: Callable[[date], bool], is_rebuilding: bool
    ) -> Upkeep:
        """Have this month's and the next month's index ready, and remove what is past its time.

        `is_over` is asked of the first day of each month, in Asia/Shanghai, whether no document of it lives any
        more. Several processes may do this at once; `is_rebuilding` spares what a rebuild is filling.
        """
        this_month = now.astimezone(SHANGHAI).date().replace(day=1)
        next_month = (this_month + timedelta(days=31)).replace(day=1)
        with translated_errors():
            created = self._indices.roll_over([month_name(this_month), month_name(next_month)])
            dropped = self._indices.drop(lambda name: is_over(first_day(name)))
            leftovers = () if is_rebuilding else self._indices.remove_leftovers()
        upkeep = Upkeep(created, dropped, leftovers)
        if upkeep != Upkeep():
            log.info("indices_kept", created=created, dropped=dropped, leftovers_removed=leftovers)
        return upkeep

    def clear(self) -> None:
        with translated_errors():
            self._indices.remove(self._indices.current())

    def refresh(self) -> None:
        with translated_errors():
            self._client.indices.refresh(index=self._alias, ignore_unavailable=True)

    def health(self) -> SearchHealth:
        return cluster_health(self._client, self._indices, self._alias)

    def close(self) -> None:
        self._client.close()
