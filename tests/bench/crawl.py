"""What one crawl process does in a minute, from fetching to the commit, beside `scrapy bench` in the same run."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from core.clock import monotonic
from crawlers.sources import SourceDraft
from tests.bench.crawl_site import FreshFeeds, Site, serving
from tests.bench.crawlers import CrawlDatabase, Pace, crawl_database, crawling, resident_mb
from tests.bench.result import Better, Goal, Result
from tests.bench.size import Size

SOURCES = 200
ROUNDS = 4
PEER_S = 6
WARM_UP_PAGES = 300
LOOK_EVERY_S = 0.25
LONGEST_S = 3600.0
MOST_GROWTH = 1.1
SHARE_OF_PEER = 0.7
PEER = "scrapy bench: fetched, links followed, nothing kept"
_COUNT = re.compile(r"'downloader/response_count': (\d+)")
_SECONDS = re.compile(r"'elapsed_time_seconds': ([\d.]+)")


def run(size: Size) -> list[Result]:
    return _measured(size.of(5_000, 400), size)


def run_large(size: Size) -> list[Result]:
    return _measured(size.of(100_000, 400), size)


def _measured(pages: int, size: Size) -> list[Result]:
    peer: list[float] = []
    memory: list[float] = []
    with serving(FreshFeeds()) as site, crawl_database() as database:
        database.add_sources(list(_drafts(site)))
        with crawling(database, Pace()) as (process,):
            _await(lambda: database.documents() >= WARM_UP_PAGES, database)
            taken, committed = 0.0, 0
            # In turns, so that whatever else the machine does befalls both.
            for _ in range(ROUNDS):
                with _stopped(process):
                    peer.append(_scrapy_bench(size))
                seconds, count = _committed(database, process, pages // ROUNDS, memory)
                taken, committed = taken + seconds, committed + count
            with _stopped(process):
                peer.append(_scrapy_bench(size))
    rate = committed / taken * 60
    click.echo(
        f"  {rate:.0f} pages/min; scrapy bench {' '.join(f'{one:.0f}' for one in peer)}; "
        f"{memory[0]:.0f} to {memory[-1]:.0f} MB",
        err=True,
    )
    early, late = memory[len(memory) // 5], statistics.median(memory[-3:])
    return [
        Result(
            name="crawl_commit",
            value=rate,
            unit=f"pages/min of one process, fetched to committed without extraction, {pages:,} pages",
            better=Better.HIGHER,
            peer=PEER,
            peer_value=statistics.mean(peer),
            goal=Goal(SHARE_OF_PEER, Better.HIGHER, of_ratio=True),
        ),
        Result(
            name="crawl_memory",
            value=late,
            unit=f"MB of the process and its readers at the end of {pages:,} pages",
            better=Better.LOWER,
            peer="after a fifth of them",
            peer_value=early,
            goal=Goal(early * MOST_GROWTH, Better.LOWER),
        ),
    ]


@contextmanager
def _stopped(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def _committed(
    database: CrawlDatabase, process: int, pages: int, memory: list[float]
) -> tuple[float, int]:
    """Give the seconds that so many more pages took, and how many they were in the end."""
    first, started = database.documents(), monotonic()
    while (count := database.documents()) < first + pages:
        memory.append(resident_mb(process))
        if monotonic() - started > LONGEST_S:
            raise TimeoutError(f"{count - first} pages after {LONGEST_S} s")
        time.sleep(LOOK_EVERY_S)
    return monotonic() - started, count - first


def _await(is_there: Callable[[], bool], database: CrawlDatabase) -> int:
    ends = monotonic() + 60
    while not is_there():
        if monotonic() > ends:
            raise TimeoutError("the crawl process does not get going")
        time.sleep(LOOK_EVERY_S)
    return database.documents()


def _drafts(site: Site) -> Iterator[SourceDraft]:
    for number in range(SOURCES):
        yield SourceDraft(
            name=f"来信{number:03d}", kind="feed", url=site.url("127.0.0.1", f"/feed/{number}"),
            platform="论坛", level="public", interval_s=1,
        )  # fmt: skip


def _scrapy_bench(size: Size) -> float:
    """Give pages a minute of Scrapy's own benchmark: one spider, one local server, no project."""
    with tempfile.TemporaryDirectory(prefix="zhisheng-scrapy-") as folder:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "scrapy", "bench",
             "-s", f"CLOSESPIDER_TIMEOUT={size.of(PEER_S, 3)}"],
            cwd=Path(folder), capture_output=True, text=True, check=True,
        )  # fmt: skip
    count, seconds = _COUNT.search(done.stderr), _SECONDS.search(done.stderr)
    if count is None or seconds is None:
        raise AssertionError(f"scrapy bench said nothing: {done.stderr[-500:]}")
    return int(count[1]) / float(seconds[1]) * 60
