"""The index worker before an Elasticsearch that is busy, refuses, answers half, or is away."""

import datetime as dt
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import func, select

from core import system_health
from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.models.operations import WorkItem
from core.database.sessions import Sessions
from core.errors import UnavailableError
from core.indexing import BUSY_PAUSE, GIVE_UP_AFTER, IndexWorker
from core.search import SearchQuery
from core.search.elasticsearch_engine import ElasticsearchSearch
from core.search_lag import index_lag
from tests.core.search.elasticsearch_stub import Proxy, running, stub_cluster
from tests.core.search.test_elasticsearch_engine import DOCUMENT
from tests.core.test_indexing import add_documents

HOUR = dt.timedelta(hours=1)


def indexer(sessions: Sessions, clock: FakeClock, search: ElasticsearchSearch) -> IndexWorker:
    return IndexWorker(
        sessions=sessions,
        clock=clock,
        open_writer=lambda: search,
        owner="a",
        version="1",
        is_exclusive=False,
    )


def items(sessions: Sessions) -> list[WorkItem]:
    with sessions() as session:
        return list(session.scalars(select(WorkItem).order_by(WorkItem.id)))


def indexed(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count(Document.indexed_at))) or 0


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def test_a_busy_cluster_is_left_alone_and_costs_no_document_an_attempt(
    sessions: Sessions, clock: FakeClock
) -> None:
    add_documents(sessions, clock, "甲", "乙", "丙")
    with stub_cluster() as cluster:
        worker = indexer(sessions, clock, ElasticsearchSearch(cluster.url, retry_waits_s=(0,)))
        for _ in range(GIVE_UP_AFTER + 1):
            cluster.whole = [429, 503]
            with pytest.raises(UnavailableError, match="正忙，3 条内容"):
                worker.step()
            assert worker.step() == 0, "the postponed work is not due yet"
            assert [(item.attempt, item.dead_at) for item in items(sessions)] == [(0, None)] * 3
            clock.advance(2 * BUSY_PAUSE)
        assert worker.step() == 3
        worker.close()
    assert (indexed(sessions), items(sessions)) == (3, [])


def test_what_the_mapping_refuses_is_listed_with_a_reason_and_can_be_tried_again(
    sessions: Sessions, clock: FakeClock
) -> None:
    add_documents(sessions, clock, "甲", "乙")
    with stub_cluster() as cluster:
        worker = indexer(sessions, clock, ElasticsearchSearch(cluster.url))
        cluster.items = [201, 400]
        cluster.reason = "failed to parse field [x]. Preview of field's value: '某人的原话'"
        assert worker.step() == 2
        with sessions() as session:
            (dead,) = system_health.dead_items(session)
        assert dead.last_error is not None
        assert "字段定义不符" in dead.last_error
        assert "某人的原话" not in dead.last_error
        assert worker.step() == 0
        with sessions.begin() as session:
            system_health.retry_item(session, dead.id, actor="admin", now=clock.now())
        assert worker.step() == 1
        worker.close()
    assert (indexed(sessions), items(sessions)) == (2, [])


def test_a_document_the_cluster_fails_on_again_and_again_is_given_up(
    sessions: Sessions, clock: FakeClock
) -> None:
    add_documents(sessions, clock, "甲")
    with stub_cluster() as cluster:
        worker = indexer(sessions, clock, ElasticsearchSearch(cluster.url))
        for _ in range(GIVE_UP_AFTER):
            cluster.items = [500]
            assert worker.step() == 1
            clock.advance(2 * HOUR)
        worker.close()
    (item,) = items(sessions)
    assert item.dead_at is not None


@contextmanager
def engine(url: str, *, alias: str = "", timeout_s: float = 5.0) -> Iterator[ElasticsearchSearch]:
    search = ElasticsearchSearch(
        url,
        alias=alias or f"test-{uuid4().hex[:12]}",
        timeout_s=timeout_s,
        retry_waits_s=(0.1,),
    )
    yield search
    search.close()


@pytest.mark.external_service
def test_after_a_minute_without_the_cluster_everything_is_searchable_by_itself(
    sessions: Sessions, clock: FakeClock, elasticsearch_url: str
) -> None:
    port = free_port()
    with engine(f"http://127.0.0.1:{port}") as search:
        worker = indexer(sessions, clock, search)
        ids = []
        for second in range(0, 60, 20):
            ids += add_documents(sessions, clock, f"早{second}", f"晚{second}")
            with pytest.raises(UnavailableError, match="数据没有丢失"):
                worker.step()
            clock.advance(dt.timedelta(seconds=20))
        assert {(item.attempt, item.lease_until) for item in items(sessions)} == {(0, None)}
        with sessions() as session:
            assert index_lag(session, clock.now()) == dt.timedelta(minutes=1)
        with running(Proxy(elasticsearch_url), port=port):
            assert worker.step() == len(ids)
            search.refresh()
            assert sorted(search.search(SearchQuery(limit=50)).ids) == ids
            with sessions() as session:
                assert index_lag(session, clock.now()) is None
            search.clear()


@pytest.mark.external_service
def test_an_index_closed_by_a_full_disk_is_written_once_there_is_room(
    sessions: Sessions, clock: FakeClock, elasticsearch_url: str
) -> None:
    alias = f"test-{uuid4().hex[:12]}"

    def close(*, is_full: bool) -> None:
        # What the cluster itself does to every index when its disk passes the flood stage.
        with Elasticsearch(elasticsearch_url) as client:
            blocks = {"index.blocks.read_only_allow_delete": True if is_full else None}
            client.indices.put_settings(index=f"{alias}-g*", settings=blocks)

    with engine(elasticsearch_url, alias=alias) as search:
        worker = indexer(sessions, clock, search)
        ids = add_documents(sessions, clock, "甲")
        assert worker.step() == 1
        close(is_full=True)
        ids += add_documents(sessions, clock, "乙")
        with pytest.raises(UnavailableError, match="正忙"):
            worker.step()
        (item,) = items(sessions)
        assert (item.attempt, item.dead_at) == (0, None)
        assert "磁盘快满" in (item.last_error or "")
        close(is_full=False)
        clock.advance(2 * BUSY_PAUSE)
        assert worker.step() == 1
        search.refresh()
        assert sorted(search.search(SearchQuery()).ids) == ids
        search.clear()


@pytest.mark.external_service
def test_the_reason_of_a_real_refusal_holds_nothing_of_the_text(elasticsearch_url: str) -> None:
    secret = "某人的原话"
    with engine(elasticsearch_url) as search:
        wrong = replace(DOCUMENT, id=2, employers=(secret * 3_000,))
        result = search.index([DOCUMENT, wrong])
        assert result.indexed == 1
        (failure,) = result.failures
        assert (failure.id, failure.is_retryable) == (2, False)
        assert "字段定义不符" in failure.reason
        assert secret[:2] not in failure.reason
        assert str(list(secret.encode()[:6]))[1:-1] not in failure.reason
        search.clear()


@pytest.mark.external_service
@pytest.mark.parametrize("fault", ["answer cut off", "answer too late"])
def test_work_whose_answer_was_lost_is_repeated_without_harm(
    sessions: Sessions, clock: FakeClock, elasticsearch_url: str, fault: str
) -> None:
    ids = add_documents(sessions, clock, "甲", "乙", "丙")
    with (
        running(Proxy(elasticsearch_url)) as proxy,
        engine(proxy.url, timeout_s=2) as search,
    ):
        worker = indexer(sessions, clock, search)
        if fault == "answer cut off":
            proxy.lose = 1
        else:
            proxy.stall = 1
        with pytest.raises(UnavailableError, match="数据没有丢失"):
            worker.step()
        search.refresh()
        assert search.count(SearchQuery()) == 3, "the cluster had taken all of it"
        assert indexed(sessions) == 0
        assert worker.step() == 3
        search.refresh()
        assert sorted(search.search(SearchQuery()).ids) == ids
        assert (indexed(sessions), items(sessions)) == (3, [])
        search.clear()
