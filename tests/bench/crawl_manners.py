"""Whether hosts are asked as seldom as they are owed, and how soon news is committed among 500 other sources."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass

import click
from sqlalchemy import select

from core.clock import monotonic
from core.database.models.collecting import Document
from crawlers.sources import SourceDraft
from tests.bench.crawl_site import FixedPages, Page, Site, serving
from tests.bench.crawlers import CrawlDatabase, Pace, crawl_database, crawling
from tests.bench.result import Better, Goal, Result, percentile
from tests.bench.size import Size
from tests.bench.texts import SEED

DELAY_S = 0.5
CRAWL_DELAY_S = 1.0
POLITE_HOSTS = ("127.0.1.1", "127.0.1.2", "127.0.1.3")
SLOW_HOST = POLITE_HOSTS[0]
LINKS = 200
# Two requests are further apart at the site than where they leave, or nearer, by what a loaded machine adds.
TOLERANCE_S = 0.02

OTHERS = 500
OTHERS_INTERVAL_S = 20
POLL_S = 2
WATCHED_HOST = "127.0.2.1"
SETTLE_S = 20.0
WELCOME = 999
GRACE_S = 20.0
GOAL_S = 2.5
PEER = "half / 95 % of the polling interval: nobody who polls can be faster on average"


def run(size: Size) -> list[Result]:
    return [*_politeness(float(size.of(20, 8))), *_news(size)]


def _politeness(seconds: float) -> list[Result]:
    """Let two processes have more to do at three hosts than these allow."""
    links = "".join(
        f'<li><a href="/2026/{n:05}.html">{n}号稿件的标题</a></li>' for n in range(LINKS)
    )
    article = (
        "<html><body><h1>稿件</h1><p>"
        + "工会到工地讲解工资支付的规定。" * 20
        + "</p></body></html>"
    )
    pages = {f"/2026/{n:05}.html": article.encode() for n in range(LINKS)}
    pages["/"] = f"<html><body><ul>{links}</ul></body></html>".encode()
    robots = _WithRobots(FixedPages(pages))
    with serving(robots, POLITE_HOSTS) as site, crawl_database() as database:
        database.add_sources(
            [_list_page(f"新闻站{n}", site.url(host), 60) for n, host in enumerate(POLITE_HOSTS)]
        )
        with crawling(database, Pace(delay_s=DELAY_S, host_at_once=2), ("one", "two")):
            time.sleep(seconds)
    shares, pauses = [], []
    for host, moments in _moments(site).items():
        owed = CRAWL_DELAY_S if host == SLOW_HOST else DELAY_S
        gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
        # robots.txt has to be read before what it asks for is known.
        judged = gaps[1:] if host == SLOW_HOST else gaps
        pauses.append(min(judged) / owed)
        allowed = 1 + (moments[-1] - moments[0] + TOLERANCE_S) / owed
        shares.append(len(moments) / allowed)
        click.echo(f"  {host}: {len(moments)} requests, pauses {min(judged):.3f} s and more, {owed} s owed", err=True)  # fmt: skip
    return [
        Result(
            name="crawl_pause",
            value=min(pauses),
            unit="× the pause owed, the shortest at any of 3 hosts, two processes",
            better=Better.HIGHER,
            goal=Goal(1 - TOLERANCE_S / DELAY_S, Better.HIGHER),
        ),
        Result(
            name="crawl_pace",
            value=max(shares),
            unit="× the requests allowed, the most at any of 3 hosts, two processes",
            better=Better.LOWER,
            goal=Goal(1.0, Better.LOWER),
        ),
    ]


@dataclass(frozen=True, slots=True)
class _WithRobots:
    pages: FixedPages

    def __call__(self, host: str, path: str, now: float) -> Page | None:
        if path == "/robots.txt" and host == SLOW_HOST:
            return Page(f"User-agent: *\nCrawl-delay: {CRAWL_DELAY_S:g}\n".encode(), "text/plain")
        return self.pages(host, path, now)


def _moments(site: Site) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for seen in sorted(site.seen):
        found[seen.host.partition(":")[0]].append(seen.at)
    return found


@dataclass(slots=True)
class _News:
    """One site whose posts appear at set moments, and five hundred whose feeds change at every look."""

    moments: tuple[float, ...]
    number: int = 0

    def __call__(self, host: str, path: str, now: float) -> Page | None:
        if path == "/robots.txt":
            return None
        if host != WATCHED_HOST:
            self.number += 1
            item = {
                "id": str(self.number),
                "title": f"第{self.number}则",
                "content_text": "来信" * 60,
            }
            feed = {"version": "https://jsonfeed.org/version/1.1", "items": [item]}
            return Page(json.dumps(feed).encode(), "application/feed+json")
        shown = [n for n, moment in enumerate(self.moments) if moment <= now]
        if path == "/":
            links = "".join(
                f'<li><a href="/post/{n}.html">{n}号职工来信</a></li>' for n in [WELCOME, *shown]
            )
            return Page(f"<html><body><ul>{links}</ul></body></html>".encode())
        body = f"<h1>{path}号职工来信</h1><p>{'夏季考勤怎样算，津贴由谁发放。' * 12}</p>"
        return Page(f"<html><body>{body}</body></html>".encode())


def _news(size: Size) -> list[Result]:
    count, period = size.of(40, 4), float(size.of(40, 6))
    chance = random.Random(SEED)  # noqa: S311 (moments, no secret)
    begins = monotonic() + SETTLE_S
    moments = tuple(sorted(begins + chance.uniform(0, period) for _ in range(count)))
    hosts = [f"127.0.{3 + n // 250}.{1 + n % 250}" for n in range(size.of(OTHERS, 50))]
    with serving(_News(moments), [WATCHED_HOST, *hosts]) as site, crawl_database() as database:
        drafts = [_feed(f"订阅{n}", site.url(host, "/feed")) for n, host in enumerate(hosts)]
        database.add_sources([*drafts, _list_page("两秒一看", site.url(WATCHED_HOST), POLL_S)])
        with crawling(database, Pace(delay_s=0.05, host_at_once=2)):
            committed = _committed(database, site, count, begins + period + GRACE_S)
    waits = [committed[n] - moments[n] for n in range(count)]
    click.echo(f"  {count} posts, {len(hosts)} other sources, {len(site.seen)} requests", err=True)
    shares = {"p50": 0.5, "p95": 0.95}
    return [
        Result(
            name=f"crawl_news_{name}",
            value=percentile(waits, share),
            unit=f"s from a post's appearance to its commit, polled every {POLL_S} s among {len(hosts)} others",
            better=Better.LOWER,
            peer=PEER,
            peer_value=POLL_S * share,
            goal=Goal(GOAL_S, Better.LOWER) if name == "p95" else None,
        )
        for name, share in shares.items()
    ]


def _committed(database: CrawlDatabase, site: Site, count: int, until: float) -> dict[int, float]:
    """Look again and again; gives the moment at which each post was first found committed."""
    wanted = {site.url(WATCHED_HOST, f"/post/{n}.html"): n for n in range(count)}
    found: dict[int, float] = {}
    asked = select(Document.canonical_url).where(Document.canonical_url.in_(wanted))
    while len(found) < count and monotonic() < until:
        with database.sessions() as session:
            urls = session.scalars(asked).all()
        now = monotonic()
        for url in urls:
            found.setdefault(wanted[url], now)
        time.sleep(0.05)
    if len(found) < count:
        raise AssertionError(f"{count - len(found)} of {count} posts were never committed")
    return found


def _list_page(name: str, url: str, interval_s: int) -> SourceDraft:
    return SourceDraft(
        name=name, kind="list_page", url=url, platform="新闻网站", level="city",
        options={"link_selector": "ul a", "limit": 1000}, interval_s=interval_s,
    )  # fmt: skip


def _feed(name: str, url: str) -> SourceDraft:
    return SourceDraft(
        name=name, kind="feed", url=url, platform="论坛", level="public",
        interval_s=OTHERS_INTERVAL_S,
    )  # fmt: skip
