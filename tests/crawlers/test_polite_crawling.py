"""Crawl processes that share hosts: what the sites see, and what a process that slept through its lease writes."""

import datetime as dt
import itertools
import os
import signal

from sqlalchemy import func, select, text, update

from core.clock import SystemClock
from core.database.models.collecting import CrawlHost, FrontierURL, Source
from core.database.sessions import Sessions
from crawlers.visiting.host_table import resting_hosts
from crawlers.visiting.politeness import OPENS_AFTER
from tests.crawlers.conftest import CrawlProcesses, documents, source_row, titles, wait_until
from tests.crawlers.site import Answer, Site, serving
from tests.crawlers.sources import add_source
from tests.crawlers.test_crawling import news_site

DELAY_S = 0.3


def gaps(site: Site) -> list[float]:
    moments = sorted(seen.at for seen in site.seen)
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


def test_two_processes_redirects_and_robots_together_keep_the_pace_of_a_host(
    site: Site, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    """The other site sends half of its readers here, and this one asks for more than our own pause."""
    with serving(Site()) as other:
        news_site(site, 5)
        news_site(other, 4)
        site.pages["/robots.txt"] = Answer(f"User-agent: *\nCrawl-delay: {2 * DELAY_S}".encode())
        for number in (0, 1):
            target = (("Location", site.url(f"/2026/1121/c{number}.html")),)
            other.pages[f"/2026/1121/c{number}.html"] = Answer(b"", 302, target)
        add_source(sessions, site.url("/"))
        add_source(sessions, other.url("/"), name="转来的站")
        for owner in ("one", "two"):
            crawling.start(owner, HOST_DELAY_S=str(DELAY_S), LEASE_S="30")
        wait_until(lambda: len(titles(sessions)) == 9)
        assert len(other.seen) >= 6
        assert min(gaps(other)) >= DELAY_S - 0.005, gaps(other)
    first_page = min(seen.at for seen in site.seen if seen.path != "/robots.txt")
    moments = sorted(seen.at for seen in site.seen if seen.at >= first_page)
    slow = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert min(gaps(site)) >= DELAY_S - 0.005, gaps(site)
    # From then on everybody knows what robots.txt asks for, whoever read it.
    assert min(slow) >= 2 * DELAY_S - 0.005, slow
    assert max(site.count(path) for path in site.pages) <= 2


def test_a_host_in_trouble_is_left_alone_and_tried_by_one_request(
    site: Site, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    news_site(site, 1)
    well = site.pages["/"]
    site.pages["/"] = Answer(b"", 500)
    sources = [
        add_source(sessions, site.url("/"), name=f"信源{number}")
        for number in range(OPENS_AFTER + 2)
    ]
    crawling.start()
    wait_until(lambda: all(source_row(sessions, one.id).failures for one in sources))
    with sessions() as session:
        host = session.scalars(select(CrawlHost)).one()
        resting = resting_hosts(session, [site.url("/")], SystemClock().now())
    assert host.failures >= OPENS_AFTER
    assert site.count("/") <= OPENS_AFTER + 1
    reasons = {source_row(sessions, one.id).failure_reason or "" for one in sources}
    assert resting[site.url("/")] == host.reason
    assert any("先不打扰它" in reason for reason in reasons)

    site.pages["/"] = well
    before = site.count("/")
    with sessions.begin() as session:
        now = SystemClock().now()
        session.execute(update(CrawlHost).values(closed_until=now))
        session.execute(update(Source).values(due_at=now))
    wait_until(lambda: len(titles(sessions)) == len(sources))
    with sessions() as session:
        host = session.scalars(select(CrawlHost)).one()
        assert (host.failures, host.closed_until, host.reason) == (0, None, None)
        assert resting_hosts(session, [site.url("/")], SystemClock().now()) == {}
    assert site.count("/") - before == len(sources)


def test_a_wish_to_come_later_holds_for_the_whole_host(
    site: Site, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    later = SystemClock().now() + dt.timedelta(seconds=600)
    wish = f"{later:%a, %d %b %Y %H:%M:%S} GMT"
    news_site(site, 1)
    site.pages["/busy"] = Answer(b"", 429, (("Retry-After", wish),))
    busy = add_source(sessions, site.url("/busy"), name="忙")
    crawling.start()
    wait_until(lambda: source_row(sessions, busy.id).failures > 0)
    other = add_source(sessions, site.url("/"), name="闲")
    wait_until(lambda: source_row(sessions, other.id).failures > 0)
    for source in (busy, other):
        row = source_row(sessions, source.id)
        assert row.due_at is not None
        assert row.due_at > later - dt.timedelta(seconds=30)
    assert "以后再来" in (source_row(sessions, other.id).failure_reason or "")
    assert site.count("/") == 0


def test_a_process_that_sleeps_through_its_lease_writes_nothing_when_it_wakes(
    site: Site, sessions: Sessions, crawling: CrawlProcesses
) -> None:
    """It is stopped while it fetches, so that it wakes with pages that another has finished long ago."""
    news_site(site, 3)
    path = "/2026/1121/c0.html"
    page = site.pages[path]
    assert isinstance(page, Answer)
    sleepy = crawling.start("sleepy", HOST_AT_ONCE="8", LEASE_S="1")
    asleep: list[float] = []

    def stopping(_headers: dict[str, str]) -> Answer:
        if not asleep:
            asleep.append(1)
            stop_between_transactions(sleepy.pid, sessions)
        return page

    site.pages[path] = stopping
    add_source(sessions, site.url("/"))
    wait_until(lambda: bool(asleep))
    crawling.start("awake", HOST_AT_ONCE="8", LEASE_S="1")
    wait_until(lambda: len(titles(sessions)) == 3 and not open_pages(sessions))
    before = frontier(sessions)
    os.kill(sleepy.pid, signal.SIGCONT)
    wait_until(lambda: "claim_lost" in crawling.log("sleepy"))
    assert crawling.stop(sleepy) == 0
    assert frontier(sessions) == before
    assert "documents_collected" not in crawling.log("sleepy")
    assert len({one.canonical_url for one in documents(sessions)}) == len(documents(sessions)) == 3


def stop_between_transactions(pid: int, sessions: Sessions) -> None:
    """Locks of a transaction it slept in would be kept until PostgreSQL ends its session, minutes later."""
    at_work = text("datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()")
    while True:
        os.kill(pid, signal.SIGSTOP)
        with sessions() as session:
            found = session.scalar(
                select(func.count()).select_from(text("pg_stat_activity")).where(at_work)
            )
        if not found:
            return
        os.kill(pid, signal.SIGCONT)


def frontier(sessions: Sessions) -> list[tuple[object, ...]]:
    row = FrontierURL
    columns = (row.id, row.fetched_at, row.claim_epoch, row.claim_owner, row.due_at, row.visits)
    with sessions() as session:
        return [tuple(found) for found in session.execute(select(*columns).order_by(row.id))]


def open_pages(sessions: Sessions) -> bool:
    with sessions() as session:
        due = select(FrontierURL.id).where(FrontierURL.due_at.is_not(None)).limit(1)
        return session.scalar(due) is not None
