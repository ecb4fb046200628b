"""Months of the Elasticsearch index that come, go, and are left over."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import Engine, delete, func, select, text

from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.sessions import Sessions
from core.index_changes import rebuilder
from core.indexing import IndexWorker, all_documents
from core.search import SearchDocument, SearchQuery
from core.search.elasticsearch_engine import ElasticsearchSearch
from core.search.index_draft import fill
from tests.core.test_indexing import add_documents
from zhisheng.search_upkeep import is_over, keep_search

DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # The fixed clock stands at 21 November 2026; 180 days before is 25 May.
        (150, False),
        (181, False),
        (202, False),
        (215, True),
    ],
    ids=["inside", "its month has not ended", "its month ended after the limit", "past retention"],
)
def test_a_month_is_over_once_retention_has_passed_its_last_day(
    sessions: Sessions, clock: FakeClock, days: int, expected: bool
) -> None:
    month = (clock.now() - days * DAY).date().replace(day=1)
    with sessions() as session:
        assert is_over(session, month, clock.now()) is expected


def test_a_month_stays_while_one_of_its_documents_lives(
    sessions: Sessions, clock: FakeClock
) -> None:
    # Half past midnight on 1 April in Shanghai is still March in UTC.
    then = dt.datetime(2026, 3, 31, 16, 30, tzinfo=dt.UTC)
    add_documents(sessions, FakeClock(then), "甲")
    with sessions() as session:
        assert is_over(session, dt.date(2026, 3, 1), clock.now())
        assert not is_over(session, dt.date(2026, 4, 1), clock.now())
        session.execute(delete(Document))
        assert is_over(session, dt.date(2026, 4, 1), clock.now())


@pytest.fixture
def alias() -> str:
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
def search(elasticsearch_url: str, alias: str) -> Iterator[ElasticsearchSearch]:
    opened = ElasticsearchSearch(elasticsearch_url, alias=alias)
    yield opened
    opened.clear()
    opened.close()


@pytest.fixture
def client(elasticsearch_url: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_url) as opened:
        yield opened


def months(client: Elasticsearch, alias: str) -> list[str]:
    return sorted(name[-6:] for name in client.indices.get_alias(name=alias).body)


def everything(client: Elasticsearch, alias: str) -> int:
    return len(client.indices.get(index=f"{alias}-g*").body)


def index_all(sessions: Sessions, clock: FakeClock, search: ElasticsearchSearch) -> None:
    worker = IndexWorker(
        sessions=sessions,
        clock=clock,
        open_writer=lambda: search,
        owner="a",
        version="1",
        is_exclusive=False,
    )
    while worker.step():
        pass


@pytest.mark.external_service
def test_whole_months_are_dropped_and_the_next_one_waits(
    sessions: Sessions,
    clock: FakeClock,
    search: ElasticsearchSearch,
    client: Elasticsearch,
    alias: str,
) -> None:
    for days in (0, 100, 300, 330):
        add_documents(sessions, FakeClock(clock.now() - days * DAY), f"{days} 天前")
    index_all(sessions, clock, search)
    assert months(client, alias) == ["202512", "202601", "202608", "202611"]
    with sessions.begin() as session:
        # The oldest month is empty in the database, though not yet in the index; the next is held.
        oldest = select(func.min(Document.ingested_at)).scalar_subquery()
        session.execute(delete(Document).where(Document.ingested_at == oldest))
    keep_search(sessions, search, clock.now())
    assert months(client, alias) == ["202601", "202608", "202611", "202612"]
    search.refresh()
    assert search.count(SearchQuery()) == 3
    keep_search(sessions, search, clock.now())
    assert months(client, alias) == ["202601", "202608", "202611", "202612"]


@pytest.mark.external_service
def test_two_processes_may_keep_house_while_a_third_indexes(
    sessions: Sessions,
    clock: FakeClock,
    search: ElasticsearchSearch,
    client: Elasticsearch,
    elasticsearch_url: str,
    alias: str,
) -> None:
    titles = [f"第 {number} 条" for number in range(20)]
    ids = add_documents(sessions, clock, *titles)
    others = [ElasticsearchSearch(elasticsearch_url, alias=alias) for _ in range(2)]
    with ThreadPoolExecutor(3) as threads:
        keeping = [threads.submit(keep_search, sessions, one, clock.now()) for one in others]
        indexing = threads.submit(index_all, sessions, clock, search)
        for done in (*keeping, indexing):
            done.result()
    for one in others:
        one.close()
    assert months(client, alias) == ["202611", "202612"]
    search.refresh()
    assert sorted(search.search(SearchQuery(limit=50)).ids) == ids


@pytest.mark.external_service
def test_what_a_killed_rebuild_left_is_removed_but_never_what_a_running_one_fills(
    engine: Engine,
    sessions: Sessions,
    clock: FakeClock,
    search: ElasticsearchSearch,
    client: Elasticsearch,
    alias: str,
) -> None:
    add_documents(sessions, clock, "甲", "乙")
    index_all(sessions, clock, search)
    keep_search(sessions, search, clock.now())
    before = everything(client, alias)
    with rebuilder(engine), search.draft() as draft:
        fill(draft, all_documents(sessions))
        keep_search(sessions, search, clock.now())
        assert everything(client, alias) == before + 1
        draft.publish()
    assert months(client, alias) == ["202611"]
    keep_search(sessions, search, clock.now())
    # A rebuild that was killed has let go of its lock, but not of its index.
    abandoned = search.draft()
    fill(abandoned.__enter__(), all_documents(sessions))
    assert everything(client, alias) == before + 1
    keep_search(sessions, search, clock.now())
    assert everything(client, alias) == before
    search.refresh()
    assert search.count(SearchQuery()) == 2


@pytest.mark.external_service
def test_a_writer_that_missed_a_rebuild_neither_loses_nor_doubles_anything(
    clock: FakeClock, search: ElasticsearchSearch, client: Elasticsearch, alias: str
) -> None:
    def document(number: int, moment: dt.datetime) -> SearchDocument:
        return SearchDocument(
            id=number,
            revision=1,
            title="工地欠薪",
            text="",
            published_at=moment,
            ingested_at=moment,
        )

    now, later = clock.now(), clock.now() + 31 * DAY
    search.index([document(1, now)])
    # What a writer read just before the switch.
    stale = search._indices.current()
    search.rebuild([document(1, now)])
    # The month it knows is gone: nothing is made up in its place, and the document is tried again.
    (failure,) = search._write(stale, [document(2, now)]).failures
    assert failure.is_engine_busy
    assert "重建" in failure.reason
    with pytest.raises(Exception, match="重建替换"):
        search._write(stale, [document(3, later)])
    assert everything(client, alias) == 1
    assert search.index([document(2, now), document(3, later)]).indexed == 2
    search.refresh()
    assert sorted(search.search(SearchQuery()).ids) == [1, 2, 3]


def test_a_cluster_that_is_away_does_not_end_the_tick(sessions: Sessions, clock: FakeClock) -> None:
    away = ElasticsearchSearch("http://127.0.0.1:9", timeout_s=1)
    keep_search(sessions, away, clock.now())
    with sessions() as session:
        assert session.scalar(text("select 1")) == 1
    away.close()
