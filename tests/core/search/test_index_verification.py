"""What a verification finds, and that it leaves nothing wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import delete, text, update

from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.operations import WorkItem
from core.index_verification import IndexVerification, VerificationReport
from core.indexing import load_documents
from core.search import DocumentSearch, IndexFailure, IndexResult, SearchDocument
from tests.core.search.test_index_rebuild import Office, office, on_tantivy

__all__ = ["office"]


@contextmanager
def other_writer(office: Office) -> Iterator[DocumentSearch]:
    """Lend an index that knows nothing of the queue."""
    office.worker.close()
    office.worker = office.new_worker("worker")
    search = office.open_search()
    yield search
    search.close()


class Refusing:
    """The index, which takes everything but one document."""

    def __init__(self, office: Office, refused: int) -> None:
        self._search = office.open_search()
        self._refused = refused
        self.name = self._search.name
        self.health = self._search.health
        self.delete = self._search.delete
        self.close = self._search.close

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult:
        taken = [document for document in documents if document.id != self._refused]
        failure = IndexFailure(self._refused, "字段不符", is_retryable=False)
        failures = (failure,) if len(taken) < len(documents) else ()
        return replace(self._search.index(taken), failures=failures)


def stored(office: Office, document_id: int) -> SearchDocument:
    with office.sessions() as session:
        (document,) = load_documents(session, [document_id])
    return document


@pytest.mark.parametrize("page", [3, 5000])
def test_every_fault_is_found_told_apart_and_mended(office: Office, page: int) -> None:
    ids = office.add(*(f"工地第{number}处" for number in range(12)))
    office.index_all()
    assert office.verify(page=page) == VerificationReport(checked=12)
    with other_writer(office) as index:
        index.delete(ids[2:4])
        # One that lags, one whose text differs at the same revision, one from a database that is no more.
        changed = replace(stored(office, ids[5]), revision=9, text="另一篇")
        ghost = replace(stored(office, ids[0]), id=ids[-1] + 50)
        index.index([changed, ghost])
    with office.sessions.begin() as session:
        session.execute(
            update(DocumentBody).where(DocumentBody.document_id == ids[8]).values(text="换过的")
        )
        session.execute(update(Document).where(Document.id == ids[10]).values(analysed_at=None))
    dry = office.verify(page=page)
    assert dry == VerificationReport(checked=13, missing=2, different=2, extra=2, left=6)
    assert not dry.is_right
    mended = office.verify(repair=True, page=page)
    assert mended == replace(dry, repaired=6, left=0)
    assert mended.is_right
    assert office.verify(page=page) == VerificationReport(checked=11)
    assert office.found("工地") == set(ids) - {ids[10]}
    assert office.found("换过的") == {ids[8]}
    assert office.found("另一篇") == set()


def test_what_still_waits_to_be_indexed_is_no_fault(office: Office) -> None:
    first, second, third = office.add("工地甲", "工地乙", "工地丙")
    office.index_all()
    office.change(first, "工地另一处")
    office.delete(second)
    (late,) = office.add("工地丁")
    assert office.verify() == VerificationReport(checked=4)
    office.index_all()
    assert office.verify(repair=True) == VerificationReport(checked=3)
    assert office.found("工地") == {first, third, late}


def test_a_document_that_changes_during_the_look_is_looked_at_again(office: Office) -> None:
    changes, lost = office.add("工地甲", "工地乙")
    office.index_all()
    with office.sessions.begin() as session:
        session.execute(delete(WorkItem))
    search = office.open_search()

    class Busy:
        """The index, in which the worker is just ahead of the reader."""

        name = search.name
        entries = staticmethod(search.entries)
        entries_of = staticmethod(search.entries_of)
        looks = 0

        def refresh(self) -> None:
            self.looks += 1
            if self.looks < 3:
                office.change(changes, f"工地第{self.looks}次")
                office.index_all()
            search.refresh()

    with other_writer(office) as index:
        index.delete([lost])
    report = IndexVerification(
        sessions=office.sessions,
        clock=office.clock,
        # Only what a verification asks of it.
        search=Busy(),  # type: ignore[arg-type]
    ).run()
    assert report == VerificationReport(checked=2, missing=1, left=1)


@on_tantivy
def test_a_source_with_a_new_name_is_brought_into_the_index(office: Office) -> None:
    ids = office.add("工地甲", "工地乙")
    office.index_all()
    with office.sessions.begin() as session:
        session.execute(update(Source).values(name="河湾晚报"))
    assert office.verify(repair=True) == VerificationReport(checked=2, different=2, repaired=2)
    assert office.found("信源:河湾晚报") == set(ids)


@on_tantivy
def test_what_the_engine_refuses_is_counted_as_failed(office: Office) -> None:
    good, bad = office.add("工地甲", "工地乙")
    with office.sessions.begin() as session:
        session.execute(delete(WorkItem))
    office.worker = office.new_worker("worker", open_writer=partial(Refusing, office, bad))  # type: ignore[arg-type]
    report = office.verify(repair=True)
    assert report == VerificationReport(checked=2, missing=2, repaired=1, failed=1)
    assert not report.is_right
    assert office.found("工地") == {good}


@on_tantivy
def test_without_anybody_who_works_repairs_are_left(office: Office) -> None:
    office.add("工地甲")
    with office.sessions.begin() as session:
        session.execute(text("delete from work_item"))
    report = IndexVerification(
        sessions=office.sessions,
        clock=office.clock,
        search=office.search,
        work=lambda: None,
        patience=office.clock.now() - office.clock.now(),
    ).run()
    assert report == VerificationReport(checked=1, missing=1, left=1)
    office.index_all()
    assert office.verify() == VerificationReport(checked=1)
