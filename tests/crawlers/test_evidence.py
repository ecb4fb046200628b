"""Evidence: what was fetched, sealed, named in the audit log; nothing lost, doubled or changed unseen."""

import datetime as dt
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, text, update
from structlog.testing import capture_logs
from warcio.archiveiterator import ArchiveIterator

from config.settings import load_settings
from core import audit
from core.clock import FakeClock, SystemClock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import Document, Evidence, FrontierURL, RawResponse
from core.database.models.operations import AuditEntry, WorkItem
from core.database.sessions import Sessions
from core.evidence_requests import demand_evidence
from crawlers.evidence.records import read_archive
from crawlers.evidence.taking import PURPOSE
from crawlers.evidence.verification import Fault, verify_all
from crawlers.retention import delete_expired
from tests.crawlers.conftest import ROOT, CrawlProcesses, documents, wait_until
from tests.crawlers.evidence import BODY, PHONE, URL, WANTED, Desk
from tests.crawlers.site import Site, html
from tests.crawlers.sources import add_source
from zhisheng.commands.evidence import evidence as command
from zhisheng.home import open_home

TEXT = (
    "<p>河湾市总工会今天在安置房工地开展法律援助，向务工人员讲解工资支付的规定，"
    "并现场登记了三起工资拖欠的线索，承诺一周内答复。</p>"
    "<p>劳动监察部门同时到场，核对了考勤和工资发放记录，要求施工单位限期整改。</p>"
)


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
    for position in range(0, len(sealed), len(sealed) // 16):
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
    desk.wait(dt.timedelta(days=9))
    desk.ask(document_id)
    desk.work()
    return document_id


def test_a_page_that_is_no_longer_kept_is_fetched_again_by_the_crawlers(
    sessions: Sessions,
    keyring: Keyring,
    hasher: AuthorHasher,
    site: Site,
    crawling: CrawlProcesses,
) -> None:
    desk = Desk(sessions, keyring, hasher, SystemClock())
    path = "/2026/1121/c1.html"
    article = html(
        "工地法律援助在河湾举行_河湾新闻网",
        f"<h1>工地法律援助在河湾举行</h1><div class='info'>2026-11-20 08:30　来源：河湾日报</div>"
        f"<div class='article'>{TEXT}</div>",
    )
    site.pages["/"] = html(
        "新闻", f"<ul class='news'><li><a href='{path}'>工地法律援助在河湾举行</a></li></ul>"
    )
    site.pages[path] = replace(article, headers=(*article.headers, ("ETag", '"1"')))
    add_source(sessions, site.url("/"))
    crawling.start()
    wait_until(lambda: len(documents(sessions)) == 1)
    [document] = documents(sessions)
    desk.analysed(document.id)
    with sessions.begin() as session:
        assert session.execute(delete(RawResponse).returning(RawResponse.id)).all()
    desk.ask(document.id)
    desk.work()
    assert desk.evidence() == []
    with sessions() as session:
        item = session.scalars(select(WorkItem).where(WorkItem.queue == "evidence")).one()
        assert item.last_error == "等待重新抓取网页"
    wait_until(lambda: desk.work() == 1)
    [evidence] = desk.evidence()
    assert (evidence.document_id, evidence.kind) == (document.id, "page_again")
    archive = read_archive(keyring.unseal(evidence.sealed_warc, purpose=PURPOSE))
    # The text is the one of the first time, and not said to come from this page.
    assert [record.kind for record in archive.records][1:4] == ["request", "response", "resource"]
    request, response = archive.records[1:3]
    assert request.first_line == f"GET {path} HTTP/1.1"
    assert dict(request.http)["User-Agent"].startswith("Zhisheng/test")
    assert response.header("WARC-IP-Address") == "127.0.0.1"
    assert response.content == article.body
    assert faults(desk) == set()


def test_a_page_that_cannot_be_had_leaves_the_text_and_the_reason(desk: Desk) -> None:
    without_raw(desk)
    # Looking again too early finds nothing and gives nothing up.
    desk.wait(dt.timedelta(minutes=6))
    desk.work()
    assert desk.evidence() == []
    with desk.sessions.begin() as session:
        row = session.scalars(select(FrontierURL)).one()
        assert (row.due_at, row.etag) == (desk.clock.now() - dt.timedelta(minutes=6), None)
        row.dead_at, row.last_error = desk.clock.now(), "页面不存在（404）。"
    desk.wait(dt.timedelta(minutes=6))
    desk.work()
    [evidence] = desk.evidence()
    assert evidence.kind == "text"
    assert evidence.failure == "重新抓取没有成功：页面不存在（404）。"
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
    desk.wait(dt.timedelta(hours=7))
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
    desk.wait(dt.timedelta(minutes=1))
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
    desk.wait(dt.timedelta(days=731))
    assert delete_expired(desk.sessions, now=desk.clock.now()).evidence == 0
    with desk.sessions.begin() as session:
        session.get_one(Document, evidence.document_id).legal_hold = False
        session.execute(update(Evidence).values(taken_at=desk.clock.now() - dt.timedelta(days=729)))
    counts = delete_expired(desk.sessions, now=desk.clock.now())
    assert (counts.documents, counts.evidence) == (1, 0)
    [kept] = desk.evidence()
    assert kept.document_id is None
    assert kept.warc_sha256 == evidence.warc_sha256
    desk.wait(dt.timedelta(days=2))
    assert delete_expired(desk.sessions, now=desk.clock.now()).evidence == 1
    with desk.sessions() as session:
        newest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert newest.detail["evidence"] == 1
    assert faults(desk) == set()


@pytest.mark.parametrize("point", ["evidence.before_commit", "evidence.after_commit"])
def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    desk: Desk, database_url: str, tmp_path: Path, point: str
) -> None:
    for number in range(3):
        desk.ask(desk.collect(f"https://forum.example.com/t/{number}"))
    command = [sys.executable, "-P", "-m", "tests.crawlers.evidence_process"]
    killed = subprocess.run(
        [*command, database_url, str(tmp_path), desk.clock.now().isoformat()],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ZHISHENG_FAULT": f"{point}:2"},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(desk.evidence()) == (1 if point == "evidence.before_commit" else 2)
    with desk.sessions.begin() as session:
        session.execute(update(WorkItem).values(lease_until=None))
    desk.work()
    taken = desk.evidence()
    assert len({one.warc_sha256 for one in taken}) == len(taken) == 3
    assert faults(desk) == set()
    with desk.sessions() as session:
        assert session.scalars(select(WorkItem).where(WorkItem.queue == "evidence")).all() == []


def test_evidence_is_taken_listed_verified_and_exported_from_the_terminal(
    desk: Desk, database_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    settings = load_settings({
        "ZHISHENG_HOME": str(home),
        "ZHISHENG_DATABASE_URL": database_url,
        "ZHISHENG_MASTER_KEY_FILE": str(tmp_path / "master.key"),
    })  # fmt: skip
    open_home(home, demo=False)

    def run(*arguments: str, code: int = 0) -> str:
        # Without the settings of the command line the log would go to the same stream.
        with capture_logs():
            outcome = CliRunner().invoke(command, list(arguments), obj=settings)
        assert outcome.exit_code == code, (outcome.output, outcome.exception)
        return outcome.stdout

    document_id = desk.collect()
    taken = json.loads(run("take", str(document_id), "--reason", "拟报送上级"))
    assert (taken["state"], taken["evidence"]["kind"]) == ("taken", "page")
    listed = json.loads(run("list", "--json", "--document", str(document_id)))
    assert listed == {"evidence": [taken["evidence"]], "waiting": []}
    assert json.loads(run("verify", "--json"))["broken"] == 0
    number, file = taken["evidence"]["id"], tmp_path / "copy.warc.gz"
    purpose = ["--purpose", "劳动关系风险预警", "--reason", "交市总权益部"]
    run("export", number, str(file), *purpose)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == taken["evidence"]["sha256"]
    assert file.stat().st_mode & 0o077 == 0
    with desk.sessions.begin() as session:
        exported = select(AuditEntry).where(AuditEntry.action == "evidence.exported")
        assert session.scalars(exported).one().detail["purpose"] == "劳动关系风险预警"
        session.execute(update(Evidence).values(url="https://elsewhere.example/"))
    assert f"存证 {number}：网址" in run("verify", code=1)
    run("export", number, str(tmp_path / "second.warc.gz"), *purpose, code=1)
    assert not (tmp_path / "second.warc.gz").exists()
