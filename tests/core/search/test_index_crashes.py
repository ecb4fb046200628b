"""kill -9 and a full disk while the index is written: what was acknowledged is there once, the rest comes later."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text, update

from core.clock import FakeClock
from core.database.models.collecting import Document
from core.database.models.operations import ModuleLease, WorkItem
from core.database.sessions import Sessions
from core.index_rebuild import IndexRebuild
from core.index_verification import IndexVerification, VerificationReport
from core.indexing import IndexWorker
from core.search import SearchQuery
from core.search.tantivy_engine import TantivySearch
from tests.core.test_indexing import add_documents

pytestmark = pytest.mark.faults

CHILD = """
import datetime as dt, os, resource, sys
from pathlib import Path
from core import faults
from core.clock import FakeClock
from core.database.sessions import create_database_engine, create_sessions
from core.errors import UnavailableError
from core.index_rebuild import IndexRebuild
from core.indexing import IndexWorker
from core.search.tantivy_engine import TantivySearch

task, url, folder, fault = sys.argv[1:]
faults.arm(fault, Path(folder).parent)
engine = create_database_engine(url)
sessions = create_sessions(engine)
clock = FakeClock(dt.datetime.fromisoformat("{now}"))
search = TantivySearch(Path(folder))
worker = IndexWorker(
    sessions=sessions, clock=clock, open_writer=lambda: search,
    owner=f"child:{{os.getpid()}}", version="1", is_exclusive=True,
)

def most(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

print("ready", flush=True)
if task == "rebuild":
    IndexRebuild(engine=engine, sessions=sessions, clock=clock, search=search).run()
elif task == "full":
    most(4096)
    for step in (worker.step, IndexRebuild(
        engine=engine, sessions=sessions, clock=clock, search=search).run):
        try:
            step()
        except UnavailableError as error:
            print(error, flush=True)
    most(resource.RLIM_INFINITY)
while worker.step():
    pass
worker.close()
"""


@dataclass
class Desk:
    """One database and one index folder, and the processes that work on them."""

    engine: Engine
    sessions: Sessions
    clock: FakeClock
    url: str
    folder: Path

    @contextmanager
    def child(self, task: str, fault: str = "") -> Iterator[subprocess.Popen[str]]:
        script = CHILD.format(now=self.clock.now().isoformat())
        with subprocess.Popen(
            [sys.executable, "-P", "-c", script, task, self.url, str(self.folder), fault],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process

    def killed(self, task: str, fault: str) -> None:
        """Run a child until it shoots itself; its leases would run out, that time is not waited for."""
        with self.child(task, fault) as process:
            assert process.wait(timeout=90) == -signal.SIGKILL
        self.end_leases()

    def end_leases(self) -> None:
        with self.sessions.begin() as session:
            session.execute(update(WorkItem).values(lease_until=None))
            session.execute(update(ModuleLease).values(lease_until=func.now()))

    def finish(self) -> None:
        """Do what is left, as the next process would."""
        worker = IndexWorker(
            sessions=self.sessions,
            clock=self.clock,
            open_writer=lambda: TantivySearch(self.folder),
            owner="next",
            version="1",
            is_exclusive=True,
        )
        while worker.step():
            pass
        worker.close()

    def assert_right(self) -> None:
        """Everything is there exactly once, and nothing has to be mended."""
        search = TantivySearch(self.folder)
        with self.sessions() as session:
            ids = session.scalars(select(Document.id).order_by(Document.id)).all()
            assert session.scalars(select(WorkItem)).all() == []
        held = [entry.id for entry in search.entries(after=0, limit=100_000)]
        assert held == list(ids)
        report = IndexVerification(sessions=self.sessions, clock=self.clock, search=search).run()
        assert report == VerificationReport(checked=len(ids))
        search.close()

    def count(self) -> int:
        search = TantivySearch(self.folder)
        try:
            return search.count(SearchQuery())
        finally:
            search.close()

    def copy(self, times: int) -> None:
        """Multiply the one document and queue the copies."""
        with self.sessions.begin() as session:
            session.execute(text(_COPY_DOCUMENTS), {"times": times})
            session.execute(text(_COPY_BODIES))
            session.execute(text(_QUEUE), {"now": self.clock.now()})


_COPY_DOCUMENTS = """
insert into document (source_id, canonical_url, content_hash, platform, level, published_at, ingested_at,
                      analysed_at, collected_by)
select source_id, canonical_url || n, content_hash, platform, level, published_at, ingested_at, analysed_at,
       collected_by
from document, generate_series(1, :times) n
"""
_COPY_BODIES = """
insert into document_body (document_id, ingested_at, title, text)
select d.id, d.ingested_at, '工地' || d.id, repeat('夜班的人还在等项目部回应，', 1 + d.id::int % 20)
from document d where not exists (select 1 from document_body b where b.document_id = d.id)
"""
_QUEUE = """
insert into work_item (queue, subject_id, due_at) select 'index', id, :now from document
on conflict do nothing
"""


@pytest.fixture
def desk(
    engine: Engine, sessions: Sessions, clock: FakeClock, database_url: str, tmp_path: Path
) -> Desk:
    return Desk(engine, sessions, clock, database_url, tmp_path / "index")


def test_a_worker_killed_around_its_bulks_loses_and_doubles_nothing(desk: Desk) -> None:
    add_documents(desk.sessions, desk.clock, "工地")
    desk.copy(2100)
    for times, point in enumerate(("index.before_bulk", "index.after_bulk", "index.before_mark")):
        # Each time the second batch: the first one is acknowledged.
        desk.killed("index", f"{point}:2")
        assert desk.count() >= 500 * (times + 1)
    desk.finish()
    desk.assert_right()


def test_a_worker_killed_at_any_moment_of_its_commits_loses_and_doubles_nothing(
    desk: Desk,
) -> None:
    add_documents(desk.sessions, desk.clock, "工地")
    desk.copy(3000)
    moments = random.Random(7)  # noqa: S311 (which moment, not a secret)
    for _ in range(2):
        with desk.child("index") as process:
            try:
                process.wait(timeout=moments.uniform(0.05, 0.4))
            except subprocess.TimeoutExpired:
                process.kill()
        desk.end_leases()
        with desk.sessions() as session:
            acknowledged = session.scalar(select(func.count(Document.indexed_at)))
        assert desk.count() >= (acknowledged or 0)
    desk.finish()
    desk.assert_right()


@pytest.mark.parametrize(
    ("point", "generation"),
    [("rebuild.after_batch", 1), ("rebuild.before_switch", 1), ("rebuild.after_switch", 2)],
)
def test_a_killed_rebuild_leaves_an_index_that_is_right_and_the_next_one_tidies_up(
    desk: Desk, point: str, generation: int
) -> None:
    add_documents(desk.sessions, desk.clock, "工地")
    desk.copy(300)
    desk.finish()
    desk.killed("rebuild", point)
    search = TantivySearch(desk.folder)
    assert search.health().generation == generation
    desk.assert_right()
    add_documents(desk.sessions, desk.clock, "后来的")
    desk.finish()
    desk.assert_right()
    result = IndexRebuild(
        engine=desk.engine, sessions=desk.sessions, clock=desk.clock, search=search
    ).run()
    assert (result.indexed, result.failed) == (302, 0)
    desk.assert_right()
    names = sorted(path.name for path in desk.folder.glob("generation-*"))
    assert names == [f"generation-{number}" for number in (generation, generation + 1)]


def test_a_full_disk_is_said_and_costs_nothing_once_there_is_room(desk: Desk) -> None:
    add_documents(desk.sessions, desk.clock, "工地")
    desk.finish()
    before = desk.count()
    desk.copy(700)
    with desk.child("full") as process:
        assert process.stdout is not None
        said = process.stdout.read().splitlines()
        assert process.wait(timeout=90) == 0
    assert len(said) == 2
    assert [line for line in said if "磁盘可能已满" not in line or "没有写入" not in line] == []
    assert before == 1
    desk.assert_right()
    with desk.sessions() as session:
        # The disk was at fault, not the documents.
        assert session.scalar(select(func.count()).where(WorkItem.dead_at.is_not(None))) == 0
