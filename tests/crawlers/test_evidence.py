"""Evidence: what was fetched, sealed, named in the audit log; nothing lost, doubled or changed unseen."""

import datetime as dt
import io

import pytest
from sqlalchemy import delete, select, text, update
from warcio.archiveiterator import ArchiveIterator

from core import audit
from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import Document, Evidence, FrontierURL, RawResponse
from core.database.models.operations import AuditEntry, WorkItem
from core.database.sessions import Sessions
from core.evidence_requests import demand_evidence
from crawlers.claimed_work import ClaimedWork
from crawlers.evidence_records import read_archive
from crawlers.evidence_taking import PURPOSE
from crawlers.evidence_verification import Fault, verify_all
from crawlers.failures import FailureCause, failure
from crawlers.retention import delete_expired
from crawlers.source import Harvest
from crawlers.visit_outcomes import VisitOutcomes
from crawlers.visits import Collected, PageVisit, Validators
from tests.crawlers.evidence import BODY, PHONE, URL, WANTED, Desk, page


@pytest.fixture
def desk(sessions: Sessions, keyring: Keyring, hasher: AuthorHasher, clock: FakeClock) -> Desk:
    return Desk(sessions, keyring, hasher, clock)


def faults(desk: Desk, *ids: int) -> set[Fault]:
    with desk.sessions() as session:
        checked = verify_all(session, desk.keyring, desk.clock.now(), ids)
        return {finding.fault for one in checked for finding in one.findings}


def test_a_fetched_page_becomes_a_sealed_file_that_replays_what_was_received(desk: Desk) -> None:
    evidence = desk.taken()
    content = desk.keyring.unseal(evidence.sealed_warc, purpose=PURPOSE)
    assert BODY not in evidence.sealed_warc
    kinds = []
    for record in ArchiveIterator(io.BytesIO(content), check_digests="raise"):
        kinds.append(record.rec_type)
        if record.rec_type == "response":
            assert record.http_headers.get_header("Content-Length") == str(len(BODY))
            assert record.http_headers.get_header("X-Archive-Orig-Content-Encoding") == "gzip"
            assert record.rec_headers.get_header("WARC-IP-Address") == "203.0.113.7"
            assert record.rec_headers.get_header("WARC-Date") == "2026-11-21T01:30:00.000000Z"
            assert record.content_stream().read() == BODY
        elif record.rec_type == "request":
            assert record.http_headers.get_header("User-Agent") == "Zhisheng/test"
            assert record.http_headers.get_header("X-Api-Key") == "withheld"
    assert kinds == ["warcinfo", "request", "response", "conversion", "metadata"]
    everything = b"".join(
        str(record.headers + record.http).encode() + record.content
        for record in read_archive(content).records
    )
    assert b"canary" not in everything
    title, body = read_archive(content).text
    assert title == "讨薪"
    assert PHONE not in body
    with desk.sessions() as session:
        entry = session.get_one(AuditEntry, evidence.audit_id)
        assert entry.detail["sha256"] == evidence.warc_sha256.hex()
        assert entry.object_id == str(evidence.id)
        assert session.scalars(select(WorkItem).where(WorkItem.queue == "evidence")).all() == []
    assert faults(desk) == set()


def test_the_same_page_is_evidence_once_however_often_it_is_asked_for(desk: Desk) -> None:
    evidence = desk.taken()
    assert evidence.document_id is not None
    assert desk.ask(evidence.document_id) == 0
    with desk.sessions.begin() as session:
        demand_evidence(session, [evidence.document_id], WANTED, desk.clock.now())
    assert desk.work() == 1
    assert [one.warc_sha256 for one in desk.evidence()] == [evidence.warc_sha256]
    with desk.sessions() as session:
        taken = select(AuditEntry).where(AuditEntry.action == "evidence.taken")
        assert len(session.scalars(taken).all()) == 1


def test_any_changed_byte_is_found_and_named(desk: Desk) -> None:
    evidence = desk.taken()
    other = desk.taken("https://forum.example.com/t/2")
    sealed = evidence.sealed_warc
    changes: list[tuple[dict[str, object], set[Fault]]] = [
        ({"warc_sha256": bytes(32)}, {Fault.FILE, Fault.AUDIT_DIFFERS, Fault.FIELDS}),
        ({"size": evidence.size + 1}, {Fault.FILE, Fault.FIELDS}),
        ({"url": URL + "/x"}, {Fault.FIELDS}),
        ({"reason": "别的"}, {Fault.FIELDS}),
        ({"fetched_at": evidence.fetched_at + dt.timedelta(microseconds=1)}, {Fault.FIELDS}),
        ({"taken_by": "person:1"}, {Fault.FIELDS}),
        ({"document_id": other.document_id}, {Fault.FIELDS}),
        ({"audit_id": other.audit_id}, {Fault.AUDIT_MISSING}),
    ]
    for position in range(0, len(sealed), len(sealed) // 40):
        flipped = bytearray(sealed)
        flipped[position] ^= 1
        changes.append(({"sealed_warc": bytes(flipped)}, {Fault.SEALED}))
    for values, expected in changes:
        with desk.sessions() as session:
            session.execute(update(Evidence).where(Evidence.id == evidence.id).values(**values))
            checked = {
                one.evidence_id: one for one in verify_all(session, desk.keyring, desk.clock.now())
            }
            found = {finding.fault for finding in checked[evidence.id].findings}
            assert found == expected, values.keys()
            assert checked[other.id].is_whole
    # Another file, sealed by somebody who has the key.
    content = bytearray(desk.keyring.unseal(sealed, purpose=PURPOSE))
    content[len(content) // 2] ^= 1
    resealed = desk.keyring.seal(bytes(content), purpose=PURPOSE)
    with desk.sessions.begin() as session:
        session.execute(
            update(Evidence).where(Evidence.id == evidence.id).values(sealed_warc=resealed)
        )
    assert faults(desk, evidence.id) >= {Fault.FILE, Fault.RECORD}


def test_a_changed_audit_entry_and_a_missing_piece_are_found(desk: Desk) -> None:
    evidence = desk.taken()
    with desk.sessions.begin() as session:
        session.execute(text("alter table audit_entry disable trigger all"))
        session.execute(
            update(AuditEntry)
            .where(AuditEntry.id == evidence.audit_id)
            .values(detail=AuditEntry.detail.concat({"bytes": 1}))
        )
    assert faults(desk) == {Fault.CHAIN}
    with desk.sessions.begin() as session:
        session.execute(delete(Evidence))
        assert audit.verify(session) == evidence.audit_id
    assert faults(desk) == {Fault.GONE}
    assert faults(desk, 99) == {Fault.GONE}


def without_raw(desk: Desk) -> int:
    """Ask for evidence of a document whose raw response is gone but whose page is known; gives its id."""
    document_id = desk.collect(f"{URL}#reply-2", body=None)
    with desk.sessions.begin() as session:
        source_id = session.get_one(Document, document_id).source_id
        session.add(FrontierURL(source_id=source_id, url=URL, kind="linked", etag="x"))
    desk.clock.advance(dt.timedelta(days=9))
    desk.ask(document_id)
    desk.work()
    return document_id


def claimed_page(desk: Desk) -> PageVisit:
    work = ClaimedWork(desk.sessions, desk.clock, "crawl-1", dt.timedelta(seconds=60))
    [visit] = work.claim_pages(1, busy=[])
    assert visit.validators.etag is None
    return visit


def outcomes(desk: Desk) -> VisitOutcomes:
    return VisitOutcomes(desk.sessions, desk.clock, desk.hasher, desk.keyring)


def test_a_page_that_is_no_longer_kept_is_fetched_again_by_the_crawlers(desk: Desk) -> None:
    document_id = without_raw(desk)
    assert desk.evidence() == []
    with desk.sessions() as session:
        item = session.scalars(select(WorkItem).where(WorkItem.queue == "evidence")).one()
        assert item.subject_id == document_id
        assert item.last_error == "等待重新抓取网页"
    visit = claimed_page(desk)
    # Looking again too early finds nothing and gives nothing up.
    desk.clock.advance(dt.timedelta(minutes=6))
    desk.work()
    assert desk.evidence() == []
    answer = page(URL, b"<p>deleted</p>", desk.clock.now())
    outcomes(desk).finish_page(visit, Collected(Harvest(), Validators(), (answer,)))
    assert desk.work() == 1
    [evidence] = desk.evidence()
    assert evidence.document_id == document_id
    assert evidence.kind == "page_again"
    assert evidence.fetched_at == desk.clock.now()
    archive = read_archive(desk.keyring.unseal(evidence.sealed_warc, purpose=PURPOSE))
    # The text is the one of the first time, and not said to come from this page.
    assert [record.kind for record in archive.records][2:4] == ["response", "resource"]
    assert archive.text[0] == "讨薪"
    assert faults(desk) == set()


def test_a_page_that_cannot_be_had_leaves_the_text_and_the_reason(desk: Desk) -> None:
    without_raw(desk)
    outcomes(desk).fail_page(claimed_page(desk), failure(FailureCause.GONE))
    desk.clock.advance(dt.timedelta(minutes=6))
    desk.work()
    [evidence] = desk.evidence()
    assert evidence.kind == "text"
    assert evidence.failure == "重新抓取没有成功：页面不存在（404）。请检查网址，网站可能改版了。"
    imported = desk.collect("https://other.example.com/1", body=None, kind="file_import")
    desk.ask(imported)
    desk.work()
    text_only = desk.evidence()[-1]
    assert (text_only.kind, text_only.failure) == ("text", "来自文件导入，没有抓取过网页")
    archive = read_archive(desk.keyring.unseal(text_only.sealed_warc, purpose=PURPOSE))
    assert [record.kind for record in archive.records] == ["warcinfo", "resource", "metadata"]
    assert faults(desk) == set()


def test_a_page_that_never_comes_is_not_awaited_for_ever(desk: Desk) -> None:
    without_raw(desk)
    desk.clock.advance(dt.timedelta(hours=7))
    desk.work()
    [evidence] = desk.evidence()
    assert evidence.failure == "6 小时内没有重新抓到：还没有轮到"


def test_a_text_that_is_not_masked_yet_waits_and_a_deleted_document_is_let_go(desk: Desk) -> None:
    document_id = desk.collect()
    with desk.sessions.begin() as session:
        session.get_one(Document, document_id).analysed_at = None
    desk.ask(document_id)
    assert desk.work() == 1
    assert desk.work() == 0
    desk.analysed(document_id)
    desk.clock.advance(dt.timedelta(minutes=1))
    desk.work()
    assert [one.kind for one in desk.evidence()] == ["page"]
    doomed = desk.collect("https://forum.example.com/t/3")
    desk.ask(doomed)
    with desk.sessions.begin() as session:
        session.execute(delete(Document).where(Document.id == doomed))
    desk.work()
    with desk.sessions() as session:
        assert session.scalars(select(WorkItem).where(WorkItem.queue == "evidence")).all() == []
        assert session.scalars(select(RawResponse.document_id)).all() == [document_id]
    assert len(desk.evidence()) == 1


def test_evidence_outlives_its_document_for_two_years_unless_it_is_held(desk: Desk) -> None:
    evidence = desk.taken()
    with desk.sessions.begin() as session:
        session.get_one(Document, evidence.document_id).legal_hold = True
    desk.clock.advance(dt.timedelta(days=731))
    assert delete_expired(desk.sessions, now=desk.clock.now()).evidence == 0
    with desk.sessions.begin() as session:
        session.get_one(Document, evidence.document_id).legal_hold = False
        session.execute(update(Evidence).values(taken_at=desk.clock.now() - dt.timedelta(days=729)))
    counts = delete_expired(desk.sessions, now=desk.clock.now())
    assert (counts.documents, counts.evidence) == (1, 0)
    [kept] = desk.evidence()
    assert kept.document_id is None
    assert kept.warc_sha256 == evidence.warc_sha256
    desk.clock.advance(dt.timedelta(days=2))
    assert delete_expired(desk.sessions, now=desk.clock.now()).evidence == 1
    with desk.sessions() as session:
        newest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert newest.detail["evidence"] == 1
    assert faults(desk) == set()
