"""A rebuild beside everything that goes on: nothing is lost, nothing comes back."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, delete, select, text, update

from core import claims
from core.clock import FakeClock
from core.database.models.collecting import Document, DocumentBody
from core.database.models.operations import IndexChange, Queue, WorkItem
from core.database.sessions import Sessions
from core.errors import ConflictError
from core.expression import parse
from core.index_changes import is_rebuilding, rebuilder, turn
from core.index_rebuild import IndexRebuild, RebuildProgress, RebuildStoppedError
from core.index_verification import IndexVerification, VerificationReport
from core.indexing import IndexWorker
from core.search import DocumentSearch, SearchQuery
from tests.core.search.conftest import OpenSearch
from tests.core.test_indexing import add_documents

on_tantivy = pytest.mark.parametrize("open_search", ["tantivy"], indirect=True)
"""For what has nothing to do with the engine."""


@dataclass
class Office:
    """A database with an index, a worker of its own engine object, and what people do to documents."""

    engine: Engine
    sessions: Sessions
    clock: FakeClock
    open_search: OpenSearch
    search: DocumentSearch

    def __post_init__(self) -> None:
        self.worker = self.new_worker("worker")

    def new_worker(
        self,
        owner: str,
        *,
        open_writer: OpenSearch | None = None,
        rebuild: Callable[[DocumentSearch], None] | None = None,
    ) -> IndexWorker:
        return IndexWorker(
            sessions=self.sessions,
            clock=self.clock,
            open_writer=open_writer or self.open_search,
            owner=owner,
            version="1",
            is_exclusive=True,
            rebuild=rebuild,
        )

    def rebuild(
        self,
        *,
        progress: Callable[[RebuildProgress], None] = lambda _: None,
        stop: threading.Event | None = None,
        search: DocumentSearch | None = None,
    ) -> IndexRebuild:
        return IndexRebuild(
            engine=self.engine,
            sessions=self.sessions,
            clock=self.clock,
            search=search or self.search,
            progress=progress,
            stop=stop,
        )

    def verify(self, *, repair: bool = False, page: int = 5000) -> VerificationReport:
        def work() -> None:
            self.worker.step()

        return IndexVerification(
            sessions=self.sessions,
            clock=self.clock,
            search=self.search,
            work=work if repair else None,
            page=page,
            patience=dt.timedelta(seconds=20),
        ).run()

    def add(self, *titles: str) -> list[int]:
        return add_documents(self.sessions, self.clock, *titles)

    def index_all(self) -> None:
        while self.worker.step():
            pass

    def change(self, document_id: int, title: str) -> None:
        with self.sessions.begin() as session:
            one = Document.id == document_id
            session.execute(update(Document).where(one).values(revision=Document.revision + 1))
            body = DocumentBody.document_id == document_id
            session.execute(update(DocumentBody).where(body).values(title=title))
            claims.enqueue(session, Queue.INDEX, [document_id], self.clock.now())

    def delete(self, document_id: int) -> None:
        with self.sessions.begin() as session:
            session.execute(delete(Document).where(Document.id == document_id))
            claims.enqueue(session, Queue.UNINDEX, [document_id], self.clock.now())

    def found(self, expression: str) -> set[int]:
        self.search.refresh()
        return set(self.search.search(SearchQuery(expression=parse(expression), limit=100)).ids)


@pytest.fixture
def office(engine: Engine, sessions: Sessions, clock: FakeClock, open_search: OpenSearch) -> Office:
    return Office(engine, sessions, clock, open_search, open_search())


def test_what_happens_during_a_rebuild_is_there_after_the_switch(office: Office) -> None:
    stays, changed, deleted = office.add("工地甲", "工地乙", "工地丙")
    office.index_all()
    (waiting,) = office.add("工地戊")
    seen: list[set[int]] = []
    new: list[int] = []

    def meanwhile(progress: RebuildProgress) -> None:
        if progress.is_catching_up:
            return
        # Everything has been read; now the world goes on, and another process indexes it.
        office.change(changed, "工资已发放")
        office.delete(deleted)
        new.extend(office.add("工地丁"))
        office.index_all()
        office.change(waiting, "车间戊")
        seen.append(office.found("标题:工地"))

    result = office.rebuild(progress=meanwhile).run()
    assert seen == [{stays, waiting, *new}]
    assert (result.indexed, result.failed) == (4, 0)
    # What had been noted was read as it is now, be it still queued.
    assert office.found("标题:工地") == {stays, *new}
    assert office.found("工资已发放") == {changed}
    office.index_all()
    assert office.found("标题:工地") == {stays, *new}
    assert office.verify() == VerificationReport(checked=4)
    with office.sessions() as session:
        assert session.scalars(select(IndexChange)).all() == []
        assert session.scalars(select(Document.id).where(Document.indexed_at.is_(None))).all() == []


def test_documents_that_nobody_was_going_to_index_are_found_and_marked(office: Office) -> None:
    ids = office.add("工地甲", "工地乙")
    with office.sessions.begin() as session:
        session.execute(delete(WorkItem))
    assert office.verify().missing == 2
    office.rebuild().run()
    assert office.found("工地") == set(ids)
    with office.sessions() as session:
        assert session.scalars(select(Document.indexed_revision)).all() == [1, 1]


@on_tantivy
def test_a_second_rebuild_is_refused_and_the_first_goes_on(office: Office) -> None:
    office.add("工地甲")
    second = office.rebuild(search=office.open_search())

    def meanwhile(_progress: RebuildProgress) -> None:
        with office.sessions() as session:
            assert is_rebuilding(session)
        with pytest.raises(ConflictError, match="另一个进程正在重建检索索引，这一次没有开始"):
            second.run()

    assert office.rebuild(progress=meanwhile).run().indexed == 1
    with office.sessions() as session:
        assert not is_rebuilding(session)
    assert second.run().indexed == 1


@on_tantivy
def test_a_rebuild_that_is_stopped_leaves_the_old_index(office: Office) -> None:
    ids = office.add("工地甲", "工地乙")
    office.index_all()
    stop = threading.Event()
    stop.set()
    with pytest.raises(RebuildStoppedError, match="旧索引照常应答"):
        office.rebuild(stop=stop).run()
    assert office.found("工地") == set(ids)
    assert office.rebuild().run().indexed == 2


@on_tantivy
def test_workers_stand_still_only_while_the_index_switches(office: Office) -> None:
    office.add("工地甲")
    with rebuilder(office.engine) as alone:
        with turn(office.sessions) as mine:
            assert mine is not None
            assert mine.must_note
        assert office.worker.step() == 1
        alone.exclude_writers()
        with turn(office.sessions) as mine:
            assert mine is None
        office.add("工地乙")
        assert office.worker.step() == 0
    with turn(office.sessions) as mine:
        assert mine is not None
        assert not mine.must_note
    assert office.worker.step() == 1


@on_tantivy
def test_a_lost_connection_ends_the_rebuild_before_the_switch(office: Office) -> None:
    with rebuilder(office.engine) as alone, office.sessions.begin() as session:
        session.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
        with pytest.raises(Exception, match=r"terminat|closed"):
            alone.check()


def test_a_document_deleted_while_it_was_written_does_not_stay(office: Office) -> None:
    kept, deleted = office.add("工地甲", "工地乙")

    class Slow:
        """Opens the index only after the document was deleted and its deletion carried out."""

        def __init__(self) -> None:
            self.is_first = True

        def __call__(self) -> DocumentSearch:
            if self.is_first:
                self.is_first = False
                office.delete(deleted)
                office.new_worker("other").step()
            return office.open_search()

    slow = office.new_worker("worker", open_writer=Slow())
    slow.step()
    while slow.step():
        pass
    slow.close()
    assert office.found("工地") == {kept}
    assert office.verify() == VerificationReport(checked=1)
