"""Crawl processes on a database of their own, and what they have committed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, update

from core.clock import SystemClock
from core.database import migrate
from core.database.embedded import EmbeddedServer
from core.database.models.collecting import Document, Source
from core.database.sessions import Sessions, create_database_engine, create_sessions
from core.outbound.address_policy import AddressPolicy
from crawlers.sources import SourceDraft, create_source

ROOT = Path(__file__).parents[2]
STOP_LIMIT_S = 20.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Pace:
    """How a crawl process is set up; the rest is as the tests run it."""

    delay_s: float = 0.0
    host_at_once: int = 16
    source_visits: int = 32
    page_visits: int = 32
    workers: int = 1


@dataclass(frozen=True, slots=True)
class CrawlDatabase:
    """``url`` is where the processes find it."""

    url: str
    home: Path
    sessions: Sessions

    def add_sources(self, drafts: Sequence[SourceDraft]) -> None:
        policy = AddressPolicy.allowing(["127.0.0.0/8"])
        with self.sessions.begin() as session:
            for draft in drafts:
                create_source(
                    session, draft, policy=policy, now=SystemClock().now(), actor="system:bench"
                )

    def make_all_due(self) -> None:
        with self.sessions.begin() as session:
            session.execute(update(Source).values(due_at=SystemClock().now()))

    def documents(self) -> int:
        with self.sessions() as session:
            return session.scalar(select(func.count()).select_from(Document)) or 0


@contextmanager
def crawl_database() -> Iterator[CrawlDatabase]:
    """Give an empty database as an installation has it; it is removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="zhisheng-crawl-"))
    server = EmbeddedServer(home)
    handle = server.acquire()
    try:
        migrate.upgrade(handle.url)
        engine = create_database_engine(handle.url)
        yield CrawlDatabase(handle.url, home, create_sessions(engine))
        engine.dispose()
    finally:
        handle.close()
        shutil.rmtree(server.files.folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def crawling(database: CrawlDatabase, pace: Pace, owners: Sequence[str] = ("one",)) -> Iterator[list[int]]:  # fmt: skip
    """Run a crawl process for each owner; gives their ids."""
    with ExitStack() as stack:
        yield [stack.enter_context(_process(database, pace, owner)) for owner in owners]


@contextmanager
def _process(database: CrawlDatabase, pace: Pace, owner: str) -> Iterator[int]:
    environment = {
        "HOST_DELAY_S": str(pace.delay_s),
        "HOST_AT_ONCE": str(pace.host_at_once),
        "SOURCE_VISITS": str(pace.source_visits),
        "PAGE_VISITS": str(pace.page_visits),
        "WORKERS": str(pace.workers),
        "LEASE_S": "30",
        "LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.crawlers.crawl_process", database.url,
         str(database.home), owner, "127.0.0.0/8"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def resident_mb(process_id: int) -> float:
    """Measure a process with its children; what they share counts once for each."""
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text("ascii").split()[1])
        children = [
            int(child)
            for task in Path(f"/proc/{process_id}/task").iterdir()
            for child in (task / "children").read_text("ascii").split()
        ]
    except OSError:
        # It has ended meanwhile.
        return 0.0
    return pages * PAGE_BYTES / 1e6 + sum(map(resident_mb, children))
