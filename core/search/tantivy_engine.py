"""The search engine of one machine: tantivy in a folder beside the data."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import structlog
import tantivy

from core.errors import ConflictError, UnavailableError
from core.search.aggregations import (
    Requests,
    facet_column,
    histogram_buckets,
    histogram_request,
    term_counts,
    terms_request,
)
from core.search.base import (
    RELEVANT_HITS,
    Breakdown,
    FacetField,
    HistogramBucket,
    IndexFailure,
    IndexResult,
    Interval,
    SearchDocument,
    SearchHealth,
    SearchOrder,
    SearchPage,
    SearchQuery,
    TermCount,
)
from core.search.selection import cursor_of, key_of, ordering, ranked_page, ranked_window
from core.search.tantivy_folder import Generation, IndexFolder
from core.search.tantivy_schema import SCHEMA_VERSION, QueryBuilder, entry, schema

log = structlog.get_logger(__name__)

_BATCH = 10_000
_HEAP = 64_000_000
_REBUILD_THREADS = 2
# Without it each segment answers with its own most frequent values only, and counts are not exact.
_BREADTH = {"segment_size": 65_000}


class _OpenIndex:
    """One generation, opened: a reader that follows other processes' commits, and the writer if we hold it."""

    def __init__(self, generation: Generation, *, threads: int = 1) -> None:
        self.generation = generation
        self._threads = threads
        self.schema = schema()
        self.index = tantivy.Index(self.schema, path=str(generation.path), reuse=True)
        self.index.config_reader("manual")
        self._writer: tantivy.IndexWriter | None = None
        self._seen: tuple[int, int] | None = None

    def searcher(self) -> tantivy.Searcher:
        """Answer from the newest commit: each replaces the file `meta.json`."""
        stat = (self.generation.path / "meta.json").stat()
        state = (stat.st_ino, stat.st_mtime_ns)
        if state != self._seen:
            self.index.reload()
            self._seen = state
        return self.index.searcher()

    def writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            try:
                self._writer = self.index.writer(
                    heap_size=_HEAP * self._threads, num_threads=self._threads
                )
            except ValueError as error:
                raise ConflictError(
                    "另一个进程正在写检索索引；这一批没有写入，可以稍后再试。"
                ) from error
        return self._writer

    def commit(self) -> None:
        try:
            self.writer().commit()
        except (ValueError, OSError) as error:
            self._writer = None
            raise UnavailableError(
                "检索索引没有写成（磁盘可能已满）；这一批没有写入，腾出空间后会自动再试。"
            ) from error

    def close(self) -> None:
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None


class TantivySearch:
    """Implements DocumentSearch over a folder; threads may share one object."""

    name = "tantivy"

    def __init__(self, folder: Path) -> None:
        self._folder = IndexFolder(folder, schema=SCHEMA_VERSION)
        self._open: _OpenIndex | None = None
        self._lock = threading.RLock()

    def _current(self) -> _OpenIndex:
        with self._lock:
            generation = self._folder.current()
            if self._open is None or self._open.generation != generation:
                if self._open is not None:
                    self._open.close()
                with self._folder.opening():
                    self._open = _OpenIndex(generation)
            return self._open

    def _reader(self) -> tuple[tantivy.Searcher, tantivy.Schema]:
        with self._lock:
            opened = self._current()
            return opened.searcher(), opened.schema

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult:
        with self._lock:
            return _write(self._current(), documents)

    def delete(self, ids: Sequence[int]) -> None:
        with self._lock:
            opened = self._current()
            known = list(_revisions(opened, list(ids)))
            if known:
                _forget(opened, known)
                opened.commit()

    def search(self, query: SearchQuery) -> SearchPage:
        searcher, index_schema = self._reader()
        order = ordering(query)
        if order is SearchOrder.RELEVANCE:
            return _most_relevant(searcher, index_schema, query)
        builder = QueryBuilder(index_schema, query.now)
        wanted = builder.query(query)
        column = "heat" if order is SearchOrder.HOTTEST else "order"
        is_rising = order is SearchOrder.OLDEST
        page = wanted
        if query.cursor is not None:
            key = key_of(order, query.cursor)
            page = builder.after(wanted, column, key, is_rising=is_rising)
        found = searcher.search(
            page,
            limit=query.limit + 1,
            count=query.cursor is None,
            order_by_field=column,
            order=tantivy.Order.Asc if is_rising else tantivy.Order.Desc,
        )
        total = _found(found) if query.cursor is None else _count(searcher, wanted)
        hits = found.hits[: query.limit]
        ids = _numbers(searcher, "id", [address for _, address in hits])
        has_more = len(found.hits) > query.limit and bool(hits)
        cursor = cursor_of(order, int(hits[-1][0])) if has_more else None
        return SearchPage(tuple(ids), total, cursor)

    def count(self, query: SearchQuery) -> int:
        searcher, index_schema = self._reader()
        return _count(searcher, QueryBuilder(index_schema, query.now).query(query))

    def _aggregate(self, query: SearchQuery, requests: Requests) -> Mapping[str, object]:
        searcher, index_schema = self._reader()
        wanted = QueryBuilder(index_schema, query.now).query(query)
        # tantivy answers the JSON of its aggregations as an untyped dictionary.
        answer: dict[str, object] = searcher.aggregate(wanted, dict(requests))
        return answer

    def histogram(
        self, query: SearchQuery, *, interval: Interval, by: Breakdown | None = None
    ) -> tuple[HistogramBucket, ...]:
        request = histogram_request(interval, by, breadth=_BREADTH)
        return histogram_buckets(self._aggregate(query, {"histogram": request})["histogram"])

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
        indexed = stale = 0
        failures: list[IndexFailure] = []
        rest = iter(documents)
        with self._folder.next_generation() as generation:
            opened = _OpenIndex(generation, threads=_REBUILD_THREADS)
            with _closing(opened):
                while batch := list(islice(rest, _BATCH)):
                    result = _write(opened, batch)
                    indexed += result.indexed
                    stale += result.stale
                    failures += result.failures
        log.info("index_rebuilt", engine=self.name, documents=indexed, failures=len(failures))
        return IndexResult(indexed, stale, tuple(failures))

    def clear(self) -> None:
        with self._lock:
            opened = self._current()
            opened.writer().delete_all_documents()
            opened.commit()

    def refresh(self) -> None:
        with self._lock:
            self._current().index.reload()

    def health(self) -> SearchHealth:
        searcher, _ = self._reader()
        return SearchHealth(
            engine=self.name,
            is_available=True,
            documents=searcher.num_docs,
            bytes_on_disk=self._folder.size(),
            detail="内置检索引擎正常。",
        )

    def close(self) -> None:
        """Wait for merges and let the writer go, so that another process may write."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None


@contextmanager
def _closing(opened: _OpenIndex) -> Iterator[None]:
    try:
        yield
    finally:
        opened.close()


def _most_relevant(
    searcher: tantivy.Searcher, index_schema: tantivy.Schema, query: SearchQuery
) -> SearchPage:
    """Rank the best hits; which of more than RELEVANT_HITS equal ones are among them is up to tantivy."""
    first, size = ranked_window(query)
    wanted = QueryBuilder(index_schema, query.now, is_scored=True).query(query)
    found = searcher.search(wanted, limit=RELEVANT_HITS, count=True)
    addresses = [address for _, address in found.hits]
    orders = _numbers(searcher, "order", addresses)
    ranks = sorted(
        range(len(addresses)), key=lambda rank: (found.hits[rank][0], orders[rank]), reverse=True
    )
    page = [addresses[rank] for rank in ranks[first : first + size]]
    return ranked_page(tuple(_numbers(searcher, "id", page)), first, _found(found))


def _count(searcher: tantivy.Searcher, query: tantivy.Query) -> int:
    return _found(searcher.search(query, limit=1, count=True))


def _found(result: tantivy.SearchResult) -> int:
    # The package's stub forgets this attribute.
    return int(result.count)  # type: ignore[attr-defined]


def _numbers(
    searcher: tantivy.Searcher, column: str, addresses: list[tantivy.DocAddress]
) -> list[int]:
    """Read a column that every document has."""
    values = searcher.fast_field_values(column, addresses)
    return [int(value) for value in values if value is not None]


def _write(opened: _OpenIndex, documents: Sequence[SearchDocument]) -> IndexResult:
    """Add what is newer than what is there, and commit."""
    newest: dict[int, SearchDocument] = {}
    for document in documents:
        known = newest.get(document.id)
        if known is None or known.revision < document.revision:
            newest[document.id] = document
    revisions = _revisions(opened, list(newest))
    entries: dict[int, tantivy.Document] = {}
    failures: list[IndexFailure] = []
    for document in newest.values():
        revision = revisions.get(document.id)
        if revision is not None and revision >= document.revision:
            continue
        try:
            fields = entry(document)
        except (ValueError, OverflowError) as error:
            failure = IndexFailure(document.id, f"无法编入索引：{error}", is_retryable=False)
            failures.append(failure)
            continue
        entries[document.id] = fields
    if entries:
        _forget(opened, [document_id for document_id in entries if document_id in revisions])
        for fields in entries.values():
            opened.writer().add_document(fields)
        opened.commit()
    stale = len(documents) - len(entries) - len(failures)
    return IndexResult(len(entries), stale, tuple(failures))


def _forget(opened: _OpenIndex, ids: list[int]) -> None:
    """Delete by query: deleting by term takes a number for a signed one and finds nothing."""
    if ids:
        query = QueryBuilder(opened.schema, None).ids(ids)
        opened.writer().delete_documents_by_query(query)


def _revisions(opened: _OpenIndex, ids: list[int]) -> dict[int, int]:
    ids = [document_id for document_id in ids if document_id >= 0]
    if not ids:
        return {}
    searcher = opened.searcher()
    query = QueryBuilder(opened.schema, None).ids(ids)
    addresses = [address for _, address in searcher.search(query, limit=len(ids), count=False).hits]
    if not addresses:
        return {}
    found = _numbers(searcher, "id", addresses)
    return dict(zip(found, _numbers(searcher, "revision", addresses), strict=True))
