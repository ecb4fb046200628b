"""What only the Elasticsearch engine promises: addresses, busy clusters, monthly indices."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from core.errors import UnavailableError
from core.search import IndexOutdatedError, SearchDocument, SearchQuery
from core.search.elasticsearch_engine import ElasticsearchSearch
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


@pytest.mark.parametrize("status", [400, 500])
def test_a_refused_item_is_a_failure_of_its_own(status: int) -> None:
    with cluster([], [201, status]) as (_, search):
        result = search.index(documents(2))
    assert result.indexed == 1
    assert [failure.id for failure in result.failures] == [1]


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
