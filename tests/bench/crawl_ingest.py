"""Real pages from fetching to the commit, beside what the cores can extract when they do nothing else."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import click
from sqlalchemy import func, or_, select

from core.clock import monotonic
from core.database.models.collecting import FrontierURL
from core.database.sessions import Sessions
from crawlers.engine.reading import read
from crawlers.source import FetchedPage, SourceProfile
from crawlers.sources import SourceDraft
from tests.bench.crawl_site import FixedPages, serving
from tests.bench.crawlers import Pace, crawl_database, crawling
from tests.bench.result import Better, Goal, Result
from tests.bench.size import Size
from tests.quality.extraction import gold_pages

SETS = ("html_magichtml", "html_cwced", "html_gne")
SHARE_OF_CORES = 0.8
LOOK_EVERY_S = 0.1
LONGEST_S = 300.0
WARM_UP = 4
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
SOURCE = SourceProfile(1, "量度", "list_page", "http://127.0.0.1/")
PEER = "the same pages read by as many processes as there are cores, and nothing else"


def run(size: Size) -> list[Result]:
    root = os.environ.get("ZHISHENG_DATA")
    if not root:
        click.echo("  ZHISHENG_DATA is not set: no real pages to collect", err=True)
        return []
    bodies = _bodies(Path(root), size.of(500, 30))
    cores = len(os.sched_getaffinity(0))
    peer = [_extracted(bodies, cores)]
    rate = _ingested(bodies, cores)
    peer.append(_extracted(bodies, cores))
    click.echo(
        f"  {rate:.1f} pages/s; {cores} cores alone {peer[0]:.1f} and {peer[1]:.1f}", err=True
    )
    return [
        Result(
            name="crawl_ingest",
            value=rate * 60,
            unit=f"pages/min, {len(bodies)} real pages fetched, extracted and committed",
            better=Better.HIGHER,
            peer=PEER,
            peer_value=statistics.mean(peer) * 60,
            goal=Goal(SHARE_OF_CORES, Better.HIGHER, of_ratio=True),
        )
    ]


def _bodies(root: Path, count: int) -> dict[str, bytes]:
    """Repeat the pages under addresses of their own until there are enough."""
    pages = [page.body for name in SETS for page in gold_pages(root, name)]
    return {
        f"/2026/1121/{number:06}.html": body
        for number, body in enumerate(islice(cycle(pages), count))
    }


def _extracted(bodies: Mapping[str, bytes], cores: int) -> float:
    """Give pages a second."""
    pages = [
        FetchedPage(f"http://127.0.0.1{path}", body, NOW, "text/html")
        for path, body in bodies.items()
    ]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        # The libraries are loaded before the clock runs, as they are in a crawl that goes on for days.
        list(pool.map(_read, pages[: WARM_UP * cores]))
        started = monotonic()
        list(pool.map(_read, pages))
        return len(pages) / (monotonic() - started)


def _read(page: FetchedPage) -> None:
    read(page, SOURCE, True)


def _ingested(bodies: Mapping[str, bytes], cores: int) -> float:
    """Give pages a second between the commit of the first few and that of the last."""
    links = "".join(f'<li><a href="{path}">{path}的标题</a></li>' for path in bodies)
    pages = {"/": f"<html><body><ul>{links}</ul></body></html>".encode(), **bodies}
    draft = SourceDraft(
        name="新闻站", kind="list_page", url="", platform="新闻网站", level="city",
        options={"link_selector": "ul a", "limit": 1000}, interval_s=3600,
    )  # fmt: skip
    with serving(FixedPages(pages)) as site, crawl_database() as database:
        database.add_sources([replace(draft, url=site.url("127.0.0.1"))])
        with crawling(database, Pace(workers=cores + 1)):
            first = _await(database.sessions, WARM_UP * cores)
            started = monotonic()
            last = _await(database.sessions, len(bodies))
            return (last - first) / (monotonic() - started)


def _await(sessions: Sessions, count: int) -> int:
    """Wait until so many pages are over, also those that hold nothing."""
    ends = monotonic() + LONGEST_S
    over = select(func.count()).where(
        or_(FrontierURL.fetched_at.is_not(None), FrontierURL.dead_at.is_not(None))
    )
    while True:
        with sessions() as session:
            found = session.scalar(over) or 0
        if found >= count:
            return found
        if monotonic() > ends:
            raise TimeoutError(f"{found} of {count} pages after {LONGEST_S} s")
        time.sleep(LOOK_EVERY_S)
