"""The search engine of an installation that has outgrown one machine: Elasticsearch 9."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from itertools import islice, product
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from elastic_transport.client_utils import DEFAULT
from elasticsearch import ApiError, Elasticsearch, TransportError

from core.errors import ConfigurationError, StorageError, UnavailableError
from core.search import elasticsearch_bulk as bulk
from core.search.aggregations import (
    Requests,
    facet_column,
    histogram_buckets,
    histogram_request,
    term_counts,
    terms_request,
)
from core.search.base import (
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
from core.search.elasticsearch_indices import Generation, MonthlyIndices
from core.search.elasticsearch_queries import query_of, ranked_query_of
from core.search.elasticsearch_schema import entry, month
from core.search.selection import cursor_of, key_of, ordering, ranked_page, ranked_window

log = structlog.get_logger(__name__)

ALIAS = "zhisheng-documents"

_BATCH = 5_000
_DELETED_AT_ONCE = 500
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BREADTH = {"shard_size": 10_000}
_BUSY = frozenset({429, 502, 503, 504})
_WAITS = (0.2, 1.0, 3.0)


class ElasticsearchSearch:
    """Implements DocumentSearch over monthly indices; threads may share one object.

    A URL without TLS is taken only on loopback, unless `allow_plain_text`. Rebuilds are not guarded
    against each other: the caller holds a lease.
    """

    name = "elasticsearch"

    def __init__(  # noqa: PLR0913 -- the connection's options, all by name
        self,
        url: str,
        *,
        alias: str = ALIAS,
        api_key: str | None = None,
        ca_certificates: Path | None = None,
        allow_plain_text: bool = False,
        replicas: int = 0,
        timeout_s: float = 10.0,
        retry_waits_s: Sequence[float] = _WAITS,
    ) -> None:
        address = urlsplit(url)
        if address.scheme == "http" and address.hostname not in _LOOPBACK and not allow_plain_text:
            raise ConfigurationError(
                f"Elasticsearch 地址 {address.hostname} 不在本机，却没有加密（http）；"
                "请改用 https，或在确认网络可信后明确允许明文。"
            )
        self._client = Elasticsearch(
            url,
            api_key=api_key,
            request_timeout=timeout_s,
            max_retries=0,
            ca_certs=DEFAULT if ca_certificates is None else str(ca_certificates),
        )
        self._alias = alias
        self._indices = MonthlyIndices(self._client, alias, replicas=replicas)
        self._waits = tuple(retry_waits_s)

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult:
        with _translated_errors():
            return self._write(self._indices.current(), documents)

    def _write(
        self,
        generation: Generation,
        documents: Sequence[SearchDocument],
        *,
        is_rebuilding: bool = False,
    ) -> IndexResult:
        operations = [
            bulk.IndexOperation(
                index=self._indices.name(generation.number, month(document)),
                id=document.id,
                revision=document.revision,
                source=entry(document),
                characters=len(document.title) + len(document.text),
            )
            for document in documents
        ]
        for name in {operation.index for operation in operations} - generation.names:
            self._indices.create(name, is_rebuilding=is_rebuilding)
        return bulk.write(self._client, operations, waits=self._waits)

    def delete(self, ids: Sequence[int]) -> None:
        """Find the month of each id by a realtime get, and delete there."""
        with _translated_errors():
            names = sorted(self._indices.current().names)
            for start in range(0, len(ids), _DELETED_AT_ONCE):
                self._delete(names, ids[start : start + _DELETED_AT_ONCE])

    def _delete(self, names: Sequence[str], ids: Sequence[int]) -> None:
        places = [
            {"_index": name, "_id": str(document_id), "_source": False}
            for name, document_id in product(names, ids)
        ]
        if not places:
            return
        found = self._client.mget(docs=places)["docs"]
        deletions = [
            {"delete": {"_index": place["_index"], "_id": place["_id"]}}
            for place in found
            if place.get("found")
        ]
        if not deletions:
            return
        response = self._client.bulk(operations=deletions)
        statuses = {item["delete"]["status"] for item in response["items"]}
        if failed := statuses - {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise UnavailableError(
                f"检索引擎没有删除全部内容（状态 {sorted(failed)}），可以稍后再试。"
            )

    def search(self, query: SearchQuery) -> SearchPage:
        order = ordering(query)
        if order is SearchOrder.RELEVANCE:
            return self._most_relevant(query)
        column = "heat" if order is SearchOrder.HOTTEST else "order"
        direction = "asc" if order is SearchOrder.OLDEST else "desc"
        after = None if query.cursor is None else [key_of(order, query.cursor)]
        with _translated_errors():
            found = self._client.search(
                index=self._alias,
                query=query_of(query),
                sort=[{column: {"order": direction}}],
                search_after=after,
                size=query.limit + 1,
                track_total_hits=True,
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
        with _translated_errors():
            found = self._client.search(
                index=self._alias,
                # Words are as rare as in all months together, not as in the month of the hit.
                search_type="dfs_query_then_fetch",
                query=ranked_query_of(query),
                sort=[{"_score": {"order": "desc"}}, {"order": {"order": "desc"}}],
                from_=first,
                size=size,
                track_total_hits=True,
                source=False,
                ignore_unavailable=True,
            )["hits"]
        ids = tuple(int(hit["_id"]) for hit in found["hits"])
        return ranked_page(ids, first, int(found["total"]["value"]))

    def count(self, query: SearchQuery) -> int:
        with _translated_errors():
            answer = self._client.count(
                index=self._alias, query=query_of(query), ignore_unavailable=True
            )
        return int(answer["count"])

    def _aggregate(self, query: SearchQuery, requests: Requests) -> Mapping[str, object]:
        with _translated_errors():
            answer = self._client.search(
                index=self._alias,
                query=query_of(query),
                aggregations=requests,
                size=0,
                ignore_unavailable=True,
            )
        # Without a single index there is nothing to count, and the answer has no such part.
        nothing: dict[str, object] = {name: {"buckets": []} for name in requests}
        return {**nothing, **answer.body.get("aggregations", {})}

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
        with _translated_errors():
            generation = Generation(self._indices.next_number(), frozenset())
            while batch := list(islice(rest, _BATCH)):
                result = self._write(generation, batch, is_rebuilding=True)
                indexed += result.indexed
                stale += result.stale
                failures += result.failures
                names = {self._indices.name(generation.number, month(item)) for item in batch}
                generation = Generation(generation.number, generation.names | names)
            if not generation.names:
                empty = self._indices.name(generation.number, "empty")
                self._indices.create(empty, is_rebuilding=True)
                generation = Generation(generation.number, frozenset({empty}))
            self._indices.switch(generation)
        log.info("index_rebuilt", engine=self.name, documents=indexed, failures=len(failures))
        return IndexResult(indexed, stale, tuple(failures))

    def clear(self) -> None:
        with _translated_errors():
            self._indices.remove(self._indices.current())

    def refresh(self) -> None:
        with _translated_errors():
            self._client.indices.refresh(index=self._alias, ignore_unavailable=True)

    def health(self) -> SearchHealth:
        try:
            with _translated_errors():
                cluster = self._client.cluster.health()
                stats = self._client.indices.stats(index=f"{self._alias}*", metric="docs,store")
        except StorageError as error:
            return SearchHealth(
                engine=self.name,
                is_available=False,
                documents=None,
                bytes_on_disk=None,
                detail=str(error),
            )
        total = stats["_all"]["primaries"]
        return SearchHealth(
            engine=self.name,
            is_available=cluster["status"] != "red",
            documents=int(total.get("docs", {}).get("count", 0)),
            bytes_on_disk=int(total.get("store", {}).get("size_in_bytes", 0)),
            detail=f"Elasticsearch 集群状态 {cluster['status']}，{cluster['number_of_nodes']} 个节点。",
        )

    def close(self) -> None:
        self._client.close()


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn the client's errors into ours, without the address or the query in the message."""
    try:
        yield
    except TransportError as error:
        raise UnavailableError(
            "检索引擎 Elasticsearch 没有应答；数据没有丢失，恢复后会自动补上。"
        ) from error
    except ApiError as error:
        if error.status_code in _BUSY:
            raise UnavailableError("检索引擎 Elasticsearch 正忙，请稍后再试。") from error
        raise StorageError(
            f"检索引擎 Elasticsearch 拒绝了请求（{error.status_code}），请管理员查看日志。"
        ) from error
