import datetime as dt

import pytest
from sqlalchemy import func, select, text

from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import Document, DocumentBody, RawResponse
from core.database.models.operations import AuditEntry, Queue, WorkItem
from core.database.partitions import ensure_partitions
from core.database.sessions import Sessions
from crawlers.evidence.raw_responses import RawPage, keep_all, sealed
from crawlers.intake import CollectedDocument, store
from crawlers.retention import delete_expired
from crawlers.sources import ensure_import_source


def put(sessions: Sessions, hasher: AuthorHasher, title: str, at: dt.datetime) -> int:
    with sessions.begin() as session:
        ensure_partitions(session, at)
        source = ensure_import_source(session, "留言", now=at)
        document = CollectedDocument(title, "正文", f"https://a.example.com/{title}", at)
        return store(
            session, source, document, now=at, hasher=hasher, collected_by="test"
        ).document_id


def test_texts_older_than_180_days_go_with_their_body_and_their_index_entry(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    now = clock.now()
    old = put(sessions, hasher, "旧", now - dt.timedelta(days=181))
    young = put(sessions, hasher, "新", now - dt.timedelta(days=179))
    held = put(sessions, hasher, "封存", now - dt.timedelta(days=400))
    with sessions.begin() as session:
        session.get_one(Document, held).legal_hold = True
        session.get_one(Document, young).thread_id = old
    counts = delete_expired(sessions, now=now)
    assert counts.documents == 1
    with sessions() as session:
        assert set(session.scalars(select(Document.id))) == {young, held}
        assert set(session.scalars(select(DocumentBody.document_id))) == {young, held}
        unindex = select(WorkItem.subject_id).where(WorkItem.queue == Queue.UNINDEX)
        assert session.scalars(unindex).all() == [old]
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "retention.deleted")
        ).one()
    assert entry.detail["documents"] == 1
    assert delete_expired(sessions, now=now).documents == 0


def test_months_without_texts_are_dropped(
    sessions: Sessions, hasher: AuthorHasher, clock: FakeClock
) -> None:
    put(sessions, hasher, "旧", clock.now() - dt.timedelta(days=300))
    assert delete_expired(sessions, now=clock.now()).partitions >= 1
    with sessions() as session:
        gone = session.scalar(text("select to_regclass('document_body_202601')"))
        bodies = session.scalar(select(func.count()).select_from(DocumentBody))
    assert gone is None
    assert bodies == 0


@pytest.mark.parametrize(
    ("age_days", "is_evidence", "stays"), [(6, False, True), (8, False, False), (8, True, True)]
)
def test_raw_responses_live_seven_days_unless_they_are_evidence(
    sessions: Sessions,
    keyring: Keyring,
    clock: FakeClock,
    age_days: int,
    is_evidence: bool,
    stays: bool,
) -> None:
    at = clock.now() - dt.timedelta(days=age_days)
    with sessions.begin() as session:
        page = RawPage(
            "https://a.example.com/", 200, {"Set-Cookie": "a=b", "Date": "x"}, b"<p>", at
        )
        keep_all(session, [sealed(keyring, page, document_id=None)])
        session.flush()
        raw = session.scalars(select(RawResponse)).one()
        raw.is_evidence = is_evidence
        assert raw.headers == {"Date": "x"}
    delete_expired(sessions, now=clock.now())
    with sessions() as session:
        assert bool(session.scalar(select(func.count()).select_from(RawResponse))) is stays
