"""Reading processes against pages that want too much, and the bounds of what a site may name."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from core.clock import FakeClock
from core.database.sessions import Sessions
from core.outbound.decompression import MOST_MEMBERS, bounded_body
from core.outbound.errors import ResponseUnreadableError
from crawlers.engine import reading
from crawlers.engine.fetching import is_login
from crawlers.engine.reading import PageReader
from crawlers.failures import FetchFailedError
from crawlers.robots import RobotsVerdict, rules_of
from crawlers.source import FetchedPage, PageLink, SourceProfile
from crawlers.visiting import frontier
from tests.crawlers.hostile_tricks import FEED
from tests.crawlers.sources import add_source

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
SOURCE = SourceProfile(1, "河湾", "feed", "http://a.test/feed")


def page(body: bytes) -> FetchedPage:
    return FetchedPage("http://a.test/feed", body, NOW, "text/xml")


def test_a_page_that_wants_too_much_ends_alone() -> None:
    async def story() -> tuple[str, int, int]:
        reader = PageReader(2, processor_s=1.0, memory=700_000_000)
        try:
            deep = page(b"<rss><channel>" + b"<a>" * 900_000)
            greedy, honest, later = await asyncio.gather(
                reader.read(deep, SOURCE, is_linked=False),
                reader.read(page(FEED), SOURCE, is_linked=False),
                reader.read(page(FEED), SOURCE, is_linked=False),
                return_exceptions=True,
            )
            assert isinstance(greedy, FetchFailedError)
            assert not isinstance(honest, BaseException)
            assert not isinstance(later, BaseException)
            after = await reader.read(page(FEED), SOURCE, is_linked=False)
            return greedy.failure.reason, len(honest.documents), len(after.documents)
        finally:
            reader.close()

    reason, honest, after = asyncio.run(story())
    assert reason == reading.TOO_COMPLEX
    assert honest == after == 1


def test_starting_a_reading_process_is_not_counted_against_its_first_page() -> None:
    async def story() -> int:
        reader = PageReader(1, longest_s=0.5)
        try:
            return len((await reader.read(page(FEED), SOURCE, is_linked=False)).documents)
        finally:
            reader.close()

    assert asyncio.run(story()) == 1


def test_a_robots_txt_of_many_agents_and_rules_is_not_taken_apart() -> None:
    agents = "".join(f"User-agent: a{n}\n" for n in range(5000))
    rules = "".join(f"Disallow: /{n}\n" for n in range(5000))
    assert rules_of(200, (agents + rules).encode()).blanket is RobotsVerdict.UNAVAILABLE
    names = "".join(f"User-agent: a{n}\nSitemap: x\n" for n in range(5000))
    assert rules_of(200, (names + rules).encode()).blanket is RobotsVerdict.UNAVAILABLE
    groups = "".join(f"User-agent: a{n}\nDisallow: /{n}\n" for n in range(5000))
    assert rules_of(200, groups.encode()).verdict("http://a.test/", "Zhisheng") is (
        RobotsVerdict.ALLOWED
    )


def test_a_gzip_of_many_members_is_not_unpacked() -> None:
    import gzip

    few = gzip.compress("工会".encode(), mtime=0) * MOST_MEMBERS
    assert bounded_body([few], encoding="gzip", max_bytes=10**6) == "工会".encode() * MOST_MEMBERS
    with pytest.raises(ResponseUnreadableError):
        bounded_body([few + gzip.compress(b"", mtime=0)], encoding="gzip", max_bytes=10**6)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.test/login", True), ("http://a.test/user/Login.aspx?next=/", True),
        ("https://passport.a.test/", True), ("https://sso.a.test/x", True),
        ("http://a.test/cas/login", True), ("http://a.test/signin.html", True),
        ("http://a.test/news/login-problems-solved.html", False), ("http://a.test/", False),
        ("http://a.test/blogin", False), ("http://news.a.test/a/1.html", False),
    ],
)  # fmt: skip
def test_a_sign_in_page_is_known_by_its_address(url: str, expected: bool) -> None:
    assert is_login(url) is expected


def test_a_source_that_names_pages_without_end_fills_no_table(
    sessions: Sessions, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontier, "MOST_WAITING", 7)
    source = add_source(sessions, "http://127.0.0.1:9/")

    def named(first: int) -> int:
        links = [PageLink(f"http://a.test/{first + n}.html") for n in range(5)]
        with sessions.begin() as session:
            return frontier.announce(session, source.id, links, clock.now())

    assert [named(0), named(10), named(20)] == [5, 2, 0]
