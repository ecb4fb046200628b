"""Pages that wait: each once, in lanes, and committed by whoever still holds them."""

import datetime as dt

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import CrawlHost, Document, FrontierURL, Source
from core.database.sessions import Sessions
from core.errors import ConflictError
from crawlers.coverage.ledger import Yield
from crawlers.intake import CollectedDocument
from crawlers.source import Harvest, PageLink
from crawlers.visiting.claimed_work import ClaimedWork
from crawlers.visiting.frontier import Lane, announce
from crawlers.visiting.host_table import (
    Answered,
    Granted,
    HostTable,
    Refused,
    Slowed,
    Wanted,
    forget_hosts,
)
from crawlers.visiting.outcomes import VisitOutcomes
from crawlers.visiting.politeness import Manners
from crawlers.visiting.visits import Collected, Ended, Validators, Visit
from tests.crawlers.sources import add_source

LEASE = dt.timedelta(seconds=30)
SOON = dt.timedelta(seconds=1)


def work(sessions: Sessions, clock: FakeClock, owner: str = "one") -> ClaimedWork:
    return ClaimedWork(sessions, clock, owner, LEASE)


def brought(visit: Visit, *texts: str) -> Ended:
    url = visit.source.url if not hasattr(visit, "url") else visit.url
    documents = tuple(CollectedDocument(title=one, text=one, url=url, anchor=one) for one in texts)
    return Ended(visit, Collected(Harvest(documents=documents), Validators(etag='"1"')))


def test_pages_wait_once_in_lanes_and_are_committed_by_who_holds_them(
    sessions: Sessions, clock: FakeClock, hasher: AuthorHasher, keyring: Keyring
) -> None:
    now = clock.now()
    news = add_source(sessions, "http://news.example/", name="新闻", now=now)
    forum = add_source(sessions, "http://forum.example/", name="论坛", now=now)
    with sessions.begin() as session:
        links = [f"http://news.example/{n}.html" for n in range(30)]
        twins = ["https://www.news.example/3.html", "http://m.news.example/3.html?utm_source=x"]
        assert announce(session, news.id, [PageLink(url) for url in [*links, *twins]], now) == 30
        assert announce(session, news.id, [PageLink("https://news.example/3.html")], now) == 0
        far = [PageLink(f"http://far.example/{n}") for n in range(2)]
        assert announce(session, forum.id, [*far, PageLink("http://[broken")], now) == 2

    one, two = work(sessions, clock), work(sessions, clock, "two")
    lanes = one.lanes(soon=SOON, host_at_once=2)
    assert set(lanes) == {Lane("news.example", news.id), Lane("far.example", forum.id)}
    first = one.claim_pages([(lane, 3) for lane in lanes])
    assert sorted(page.source.name for page in first) == ["新闻"] * 3 + ["论坛"] * 2
    other = two.claim_pages([(lane, 3) for lane in lanes])
    assert [page.source.name for page in other] == ["新闻"] * 3
    assert not {page.url for page in first} & {page.url for page in other}
    assert two.lanes(soon=SOON, host_at_once=2) == [Lane("news.example", news.id)]

    outcomes = VisitOutcomes(sessions, clock, hasher, keyring)
    lost = first[1].claim
    with sessions.begin() as session:
        session.execute(
            update(FrontierURL).where(FrontierURL.id == lost.id).values(claim_epoch=lost.epoch + 1)
        )
    found = outcomes.commit([brought(page, f"稿件{page.url}") for page in first])
    assert [type(one) for one in found] == [Yield, ConflictError, Yield, Yield, Yield]
    again = outcomes.commit([brought(first[0], "又一次")])
    assert isinstance(again[0], ConflictError)
    with sessions() as session:
        assert len(session.scalars(select(Document.id)).all()) == 4
        done = session.scalars(select(FrontierURL).where(FrontierURL.visits == 1)).all()
        assert {page.claim_owner for page in done} == {None}
        assert {page.etag for page in done} == {'"1"'}

    sources = one.claim_sources(5)
    assert {visit.source.id for visit in sources} == {news.id, forum.id}
    assert two.claim_sources(5) == []


def test_hosts_that_may_not_be_asked_have_no_lane(sessions: Sessions, clock: FakeClock) -> None:
    source = add_source(sessions, "http://news.example/", now=clock.now())
    with sessions.begin() as session:
        announce(session, source.id, [PageLink("http://news.example/1")], clock.now())
    one = work(sessions, clock)
    lane = Lane("news.example", source.id)
    table = HostTable(sessions, Manners(5.0, 1, LEASE))
    first, second, slowed = table.apply([
        Wanted("news.example", 9.0), Wanted("news.example", 9.0), Slowed("news.example", 60.0),
    ])  # fmt: skip
    assert isinstance(first, Granted)
    assert isinstance(second, Refused)
    assert second.is_full
    assert slowed is None
    minutes = dt.timedelta(minutes=2)
    assert one.lanes(soon=SOON, host_at_once=1) == []
    assert one.lanes(soon=minutes, host_at_once=1) == []
    table.apply([Answered("news.example", first.slot.ticket, is_well=True)])
    assert one.lanes(soon=minutes, host_at_once=1) == [lane]
    assert one.lanes(soon=SOON, host_at_once=1) == []
    for _ in range(5):
        table.apply([Answered("news.example", None, is_well=False)])
    assert one.lanes(soon=minutes, host_at_once=1) == []
    with sessions.begin() as session:
        assert forget_hosts(session, clock.now() + dt.timedelta(days=365)) == 0
        session.execute(update(CrawlHost).values(failures=0))
        assert forget_hosts(session, clock.now() + dt.timedelta(days=365)) == 1


def test_a_deadlock_is_no_reason_to_visit_again(
    sessions: Sessions, clock: FakeClock, hasher: AuthorHasher, keyring: Keyring
) -> None:
    """The database itself ends the transaction, as it ends one of two that wait for each other."""
    source = add_source(sessions, "http://news.example/", now=clock.now())
    with sessions.begin() as session:
        session.execute(text("create sequence tries"))
        session.execute(text(
            "create function refuse() returns trigger language plpgsql as $$ begin"
            " if nextval('tries') % 3 <> 0 then raise exception using errcode = '40P01'; end if;"
            " return new; end $$"
        ))  # fmt: skip
        session.execute(text(
            "create trigger refuse before insert on document for each row execute function refuse()"
        ))  # fmt: skip
    outcomes = VisitOutcomes(sessions, clock, hasher, keyring)
    [visit] = work(sessions, clock).claim_sources(1)
    [gained] = outcomes.commit([brought(visit, "一")])
    assert isinstance(gained, Yield)
    assert gained.new == 1
    clock.advance(dt.timedelta(seconds=source.interval_s))
    [visit] = work(sessions, clock).claim_sources(1)
    with sessions.begin() as session:
        session.execute(text("alter sequence tries restart with 1 increment by 3"))
    with pytest.raises(OperationalError):
        outcomes.commit([brought(visit, "二")])
    with sessions() as session:
        assert len(session.scalars(select(Document.id)).all()) == 1
        assert session.get_one(Source, source.id).claim_epoch == visit.claim.epoch
