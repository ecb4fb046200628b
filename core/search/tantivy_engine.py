"""The search engine of one machine: tantivy in a folder beside the data."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import tantivy

from core.errors import UnavailableError
from core.search.aggregations import (
    Requests,
    facet_column,
    histogram_buckets,
    histogram_requests,
    hours_request,
    term_counts,
    terms_request,
)
from core.search.base import (
    RELEVANT_HITS,
    Breakdown,
    FacetField,
    HistogramBucket,
    IndexDraft,
    IndexEntry,
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
from core.search.index_draft import fill
from core.search.selection import cursor_of, key_of, ordering, ranked_page, ranked_window
from core.search.tantivy_folder import DraftGeneration, IndexFolder
from core.search.tantivy_index import OpenIndex, numbers
from core.search.tantivy_schema import SCHEMA_VERSION, QueryBuilder

_DRAFT_THREADS = 2
_HOUR = timedelta(hours=1)
# Without it each segment answers with its own most frequent values only, and counts are not exact.
_BREADTH = {"segment_size": 65_000}


class TantivySearch:
    """Implements DocumentSearch over a folder; threads may share one object."""

    name = "tantivy"

    def __init__(self, folder: Path) -> None:
        self._folder = IndexFolder(folder, schema=SCHEMA_VERSION)
        self._open: OpenIndex | None = None
        self._lock = threading.RLock()
        self._is_tidy = False

    def _current(self) -> OpenIndex:
        with self._lock:
            generation = self._folder.current()
            if self._open is None or self._open.generation != generation:
                if self._open is not None:
                    self._open.close()
                with self._folder.opening():
                    self._open = OpenIndex(generation)
                self._is_tidy = False
            return self._open

    def _reader(self) -> tuple[tantivy.Searcher, tantivy.Schema]:
        with self._lock:
            try:
                opened = self._current()
                return opened.searcher(), opened.schema
            except (ValueError, OSError) as error:
                raise UnavailableError(
                    "检索索引打不开；数据都在数据库里，没有丢失，请管理员运行 zhisheng index rebuild。"
                ) from error

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult:
        with self._lock:
            opened = self._current()
            result = opened.write(documents)
            if not self._is_tidy:
                # Whoever writes here has let the generation before go, and readers followed long ago.
                self._folder.remove_before(opened.generation)
                self._is_tidy = True
            return result

    def delete(self, ids: Sequence[int]) -> None:
        with self._lock:
            self._current().delete(ids)

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
        ids = numbers(searcher, "id", [address for _, address in hits])
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
        requests = histogram_requests(hours_request(interval), by, breadth=_BREADTH)
        return histogram_buckets(self._aggregate(query, requests), _HOUR)

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
        with self._folder.next_generation() as draft:
            opened = OpenIndex(draft.generation, filling_threads=_DRAFT_THREADS)
            try:
                yield _TantivyDraft(opened, draft)
            finally:
                opened.close()

    def entries(self, *, after: int, limit: int) -> tuple[IndexEntry, ...]:
        with self._lock:
            return self._current().entries(after=after, limit=limit)

    def entries_of(self, ids: Sequence[int]) -> tuple[IndexEntry, ...]:
        with self._lock:
            return self._current().entries_of(ids)

    def clear(self) -> None:
        with self._lock:
            self._current().clear()

    def refresh(self) -> None:
        with self._lock:
            self._current().index.reload()

    def health(self) -> SearchHealth:
        documents: int | None = None
        detail = "内置检索引擎正常。"
        is_outdated = False
        try:
            documents = self._reader()[0].num_docs
        except IndexOutdatedError as error:
            # What a newer release has written is not for this one to replace.
            detail, is_outdated = str(error), error.found < error.wanted
        except UnavailableError as error:
            detail = f"{error}（{error.__cause__}）"
        schema, generation = self._folder.state()
        return SearchHealth(
            engine=self.name,
            is_available=documents is not None,
            documents=documents,
            bytes_on_disk=self._folder.size(),
            detail=detail,
            schema=schema,
            generation=generation,
            is_outdated=is_outdated,
        )

    def close(self) -> None:
        """Wait for merges and let the writer go, so that another process may write."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None


class _TantivyDraft:
    """Implements IndexDraft over the next generation.

    What comes in the order of ids cannot be there yet: it is neither looked for nor committed at once.
    """

    def __init__(self, opened: OpenIndex, draft: DraftGeneration) -> None:
        self._opened = opened
        self._draft = draft
        self._highest = -1
        self._is_broken = False

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult:
        ids = [self._highest, *(document.id for document in documents)]
        self._highest = max(ids)
        with self._whole():
            if all(one < next_one for one, next_one in pairwise(ids)):
                return self._opened.append(documents)
            self._opened.commit()
            return self._opened.write(documents)

    def delete(self, ids: Sequence[int]) -> None:
        with self._whole():
            self._opened.commit()
            self._opened.delete(ids)

    def settle(self) -> None:
        with self._whole():
            self._opened.commit()
            self._opened.close()

    def publish(self) -> None:
        self.settle()
        # Whoever writes the published index next opens a writer of its own.
        self._draft.publish()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """After one failure what was not committed is lost: then nothing may be added or published."""
        if self._is_broken:
            raise UnavailableError(
                "新的检索索引没有写完整，不能启用；原来的索引不受影响，请重新重建。"
            )
        self._is_broken = True
        yield
        self._is_broken = False


def _most_relevant(
    searcher: tantivy.Searcher, index_schema: tantivy.Schema, query: SearchQuery
) -> SearchPage:
    """Rank the best hits; which of more than RELEVANT_HITS equal ones are among them is up to tantivy."""
    first, size = ranked_window(query)
    wanted = QueryBuilder(index_schema, query.now, is_scored=True).query(query)
    found = searcher.search(wanted, limit=RELEVANT_HITS, count=True)
    # The attribute builds its list anew each time it is read.
    hits = found.hits
    addresses = [address for _, address in hits]
    orders = numbers(searcher, "order", addresses)
    ranks = sorted(
        range(len(addresses)), key=lambda rank: (hits[rank][0], orders[rank]), reverse=True
    )
    page = [addresses[rank] for rank in ranks[first : first + size]]
    return ranked_page(tuple(numbers(searcher, "id", page)), first, _found(found))


def _count(searcher: tantivy.Searcher, query: tantivy.Query) -> int:
    return _found(searcher.search(query, limit=1, count=True))


def _found(result: tantivy.SearchResult) -> int:
    # The package's stub forgets this attribute.
    return int(result.count)  # type: ignore[attr-defined]
