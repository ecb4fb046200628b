"""What only the Elasticsearch engine promises: addresses, busy clusters, monthly indices."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from core.errors import UnavailableError
from core.expression import parse
from core.search import IndexOutdatedError, SearchDocument, SearchQuery
from core.search.elasticsearch_engine import ElasticsearchSearch
from core.search.elasticsearch_queries import query_of, ranked_query_of
from tests.core.search.elasticsearch_stub import StubCluster, stub_cluster

MOMENT = datetime(2026, 11, 2, tzinfo=UTC)
DOCUMENT = SearchDocument(
    id=1, revision=1, title="工地欠薪", text="", published_at=MOMENT, ingested_at=MOMENT
)


@contextmanager
def cluster(
    whole: list[int], items: list[int]
) -> Iterator[tuple[StubCluster, ElasticsearchSearch]]:
    with stub_cluster() as server:
        server.whole, server.items = whole, items
        search = ElasticsearchSearch(server.url, retry_waits_s=(0, 0))
        yield server, search
        search.close()


def documents(number: int) -> list[SearchDocument]:
    return [replace(DOCUMENT, id=key) for key in range(number)]


def test_busy_items_are_tried_again_alone() -> None:
    with cluster([], [201, 429, 409, 503]) as (server, search):
        result = search.index(documents(4))
    assert (result.indexed, result.stale, result.failures) == (3, 1, ())
    assert server.sizes == [4, 2]


def test_a_busy_cluster_is_asked_again_and_then_reported() -> None:
    with cluster([429, 503], []) as (server, search):
        assert search.index(documents(3)).indexed == 3
    assert server.sizes == [3, 3, 3]
    with cluster([429, 503, 429], []) as (server, search):
        failures = search.index(documents(3)).failures
    assert [(failure.id, failure.is_retryable) for failure in failures] == [
        (0, True),
        (1, True),
        (2, True),
    ]


def test_a_request_that_is_too_large_is_halved_down_to_the_document_at_fault() -> None:
    with cluster([], []) as (server, search):
        server.largest = 2
        assert search.index(documents(8)).indexed == 8
        server.largest = 0
        failures = search.index(documents(2)).failures
    assert [(failure.id, failure.is_retryable) for failure in failures] == [(0, False), (1, False)]
    assert "413" in failures[0].reason


def test_a_busy_cluster_gets_smaller_requests_and_larger_ones_again_later() -> None:
    with cluster([429], []) as (server, search):
        assert search.index(documents(600)).indexed == 600
        assert server.sizes == [500, 250, 250, 100]
        search.index(documents(600))
    assert server.sizes[4:] == [300, 300]


def test_a_cluster_that_takes_nothing_is_left_alone() -> None:
    with cluster([429] * 100, []) as (server, search):
        failures = search.index(documents(1_200)).failures
    # One request, then two smaller ones, then four; the other seven hundred are not even offered.
    assert len(server.sizes) == 7
    assert sorted(failure.id for failure in failures) == list(range(1_200))
    assert all(failure.is_engine_busy for failure in failures)


def test_a_rebuild_that_the_cluster_has_no_room_for_is_not_published() -> None:
    with cluster([429] * 100, []) as (server, search):
        with pytest.raises(UnavailableError, match="旧索引照常应答"):
            search.rebuild(documents(10))
        server.whole.clear()
        assert search.rebuild(documents(10)).indexed == 10


def test_a_month_that_is_not_there_holds_up_its_own_documents_only() -> None:
    with cluster([], [201, 503, 201, 503, *[503] * 4]) as (_, search):
        result = search.index(documents(4))
    assert result.indexed == 2
    assert [(failure.id, failure.is_engine_busy) for failure in result.failures] == [
        (1, True),
        (3, True),
    ]
    assert "分片暂时不可用" in result.failures[0].reason


@pytest.mark.parametrize(
    ("error", "is_away"),
    [("no_shard_available_action_exception", True), ("index_not_found_exception", False)],
)
def test_what_cannot_be_looked_for_is_not_taken_for_deleted(error: str, is_away: bool) -> None:
    with cluster([], []) as (server, search):
        server.indices = {"zhisheng-documents-g1-s1-202611": {}}
        server.places = [{"_index": "x", "_id": "1", "error": {"type": error}}]
        if is_away:
            with pytest.raises(UnavailableError, match="分片暂时不可用"):
                search.delete([1])
        else:
            search.delete([1])
    assert server.sizes == []


@pytest.mark.parametrize("status", [400, 500])
def test_a_refused_item_is_a_failure_of_its_own(status: int) -> None:
    with cluster([], [201, status]) as (_, search):
        result = search.index(documents(2))
    assert result.indexed == 1
    (failure,) = result.failures
    assert (failure.id, failure.is_retryable, failure.is_engine_busy) == (1, status == 500, False)


def test_a_cluster_that_does_not_answer_is_unavailable_and_says_so() -> None:
    with cluster([], []) as (_, search):
        pass
    gone = ElasticsearchSearch("http://127.0.0.1:9", timeout_s=1, retry_waits_s=())
    for attempt in (lambda: gone.count(SearchQuery()), lambda: gone.index([DOCUMENT])):
        with pytest.raises(UnavailableError, match="数据没有丢失"):
            attempt()
    assert not gone.health().is_available
    gone.close()
    search.close()


@pytest.mark.external_service
def test_documents_lie_in_monthly_indices_behind_the_alias(elasticsearch_url: str) -> None:
    alias = "test-months"
    search = ElasticsearchSearch(elasticsearch_url, alias=alias)
    search.clear()
    search.index([DOCUMENT, replace(DOCUMENT, id=2, ingested_at=MOMENT - timedelta(days=40))])
    with Elasticsearch(elasticsearch_url) as client:
        names = sorted(client.indices.get_alias(name=alias).body)
        assert [name[-6:] for name in names] == ["202609", "202611"]
        first = names[0]
        search.rebuild([DOCUMENT])
        assert not client.indices.exists(index=first)
        (name,) = client.indices.get_alias(name=alias).body
        assert (
            client.indices.get_settings(index=name)[name]["settings"]["index"]["refresh_interval"]
            == "1s"
        )
        (hit,) = client.search(index=alias)["hits"]["hits"]
        assert "_source" not in hit
    search.clear()
    search.close()


@pytest.mark.external_service
def test_indices_of_another_schema_ask_to_be_rebuilt(elasticsearch_url: str) -> None:
    alias = "test-outdated"
    search = ElasticsearchSearch(elasticsearch_url, alias=alias)
    with Elasticsearch(elasticsearch_url) as client:
        for left in client.indices.get(index=f"{alias}-*").body:
            client.indices.delete(index=left)
        client.indices.create(index=f"{alias}-g1-s0-202611", aliases={alias: {}})
        with pytest.raises(IndexOutdatedError, match="zhisheng index rebuild"):
            search.index([DOCUMENT])
        search.rebuild([DOCUMENT])
        assert search.count(SearchQuery()) == 1
    search.clear()
    search.close()


@pytest.mark.external_service
@pytest.mark.parametrize("is_rebuilt", [False, True], ids=["written", "rebuilt"])
def test_every_index_is_strict_keeps_no_text_and_writes_through(
    elasticsearch_url: str, is_rebuilt: bool
) -> None:
    alias = f"test-promises-{is_rebuilt}".lower()
    search = ElasticsearchSearch(elasticsearch_url, alias=alias)
    search.clear()
    search.index([DOCUMENT])
    if is_rebuilt:
        search.rebuild([DOCUMENT])
    with Elasticsearch(elasticsearch_url) as client:
        (name,) = client.indices.get_alias(name=alias).body
        settings = client.indices.get_settings(index=name, flat_settings=True)[name]["settings"]
        mapping = client.indices.get_mapping(index=name)[name]["mappings"]
        assert settings["index.translog.durability"] == "request"
        assert settings["index.refresh_interval"] == "1s"
        assert mapping["dynamic"] == "strict"
        assert mapping["_source"] == {"enabled": False}
        with pytest.raises(BadRequestError, match="strict"):
            client.index(index=name, document={"author": "某人"})
        # A name that is gone is never made anew by a write.
        with pytest.raises(NotFoundError):
            client.index(index=f"{name}-gone-write", document={}, require_alias=True)
    search.clear()
    search.close()


@pytest.mark.parametrize(
    "text",
    [
        "欠薪",
        "工 -招聘",
        '"讨*说法" NEAR/3 (工资 OR 薪)',
        '"title:(x OR y)"',
        '"/.*/" "_exists_:text" "欠薪~2^5" "欠?薪" "{!lucene}"',
        "标题:欠薪 平台:weibo 转发>100 时间:24h",
        '"}},{" OR "query_string"',
    ],
)
def test_what_people_type_is_never_a_query_string(text: str) -> None:
    def clauses(part: object) -> set[str]:
        if isinstance(part, dict):
            return set(part) | {name for value in part.values() for name in clauses(value)}
        if isinstance(part, list):
            return {name for value in part for name in clauses(value)}
        return set()

    query = SearchQuery(expression=parse(text), now=MOMENT)
    for built in (query_of(query), ranked_query_of(query)):
        assert not clauses(built) & {
            "query_string", "simple_query_string", "regexp", "wildcard", "fuzzy", "script",
        }  # fmt: skip
