"""A collected page with its raw response, and the worker that takes evidence, for the tests of evidence."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select, update

from core.clock import FakeClock, SystemClock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import Document, Evidence, Source
from core.database.partitions import ensure_partitions
from core.database.sessions import Sessions
from core.evidence_requests import EvidenceRequest, request_evidence
from crawlers.evidence.archive import Operator
from crawlers.evidence.raw_responses import RawPage, SentRequest, keep_all, sealed
from crawlers.evidence.work import EvidenceWorker
from crawlers.intake import CollectedDocument, store

URL = "https://forum.example.com/t/1"
PHONE = "13800000000"
BODY = f"<h1>讨薪</h1><p>工资拖了三个月，联系{PHONE}</p>".encode("gbk")
OPERATOR = Operator("Zhisheng/test", "test@example.org")
WANTED = EvidenceRequest(reason="预警 YJ-20261121-001", actor="system", alert_id=7)
HEADERS = {
    "content-type": "text/html; charset=gbk",
    "content-encoding": "gzip",
    "set-cookie": "session=canary-cookie",
    "date": "Sat, 21 Nov 2026 01:30:00 GMT",
}
ASKED = {
    "User-Agent": "Zhisheng/test",
    "Accept": "text/html",
    "Cookie": "canary-cookie",
    "X-Api-Key": "canary-key",
}


@dataclass
class Desk:
    """Collects pages and takes evidence of them."""

    sessions: Sessions
    keyring: Keyring
    hasher: AuthorHasher
    clock: FakeClock | SystemClock

    def collect(self, url: str = URL, *, body: bytes | None = BODY, kind: str = "list_page") -> int:
        now = self.clock.now()
        with self.sessions.begin() as session:
            ensure_partitions(session, now)
            source = session.scalar(select(Source).where(Source.kind == kind))
            if source is None:
                source = Source(name=kind, kind=kind, url=URL, platform="论坛", level="public")
                session.add(source)
                session.flush()
            document = CollectedDocument("讨薪", f"工资拖了三个月，联系{PHONE}", url, now)
            outcome = store(
                session, source, document, now=now,
                hasher=self.hasher, collected_by="test",
            )  # fmt: skip
            if body is not None:
                keep_all(
                    session,
                    [sealed(self.keyring, page(url, body, now), document_id=outcome.document_id)],
                )
        self.analysed(outcome.document_id)
        return outcome.document_id

    def wait(self, span: dt.timedelta) -> None:
        assert isinstance(self.clock, FakeClock)
        self.clock.advance(span)

    def analysed(self, document_id: int) -> None:
        with self.sessions.begin() as session:
            session.execute(
                update(Document)
                .where(Document.id == document_id)
                .values(analysed_at=self.clock.now())
            )

    def ask(self, document_id: int, wanted: EvidenceRequest = WANTED) -> int:
        with self.sessions.begin() as session:
            return request_evidence(session, [document_id], wanted, self.clock.now())

    def work(self) -> int:
        worker = EvidenceWorker(
            self.sessions, self.clock, self.keyring, owner="tests", operator=OPERATOR
        )
        return worker.step()

    def evidence(self) -> list[Evidence]:
        with self.sessions() as session:
            return list(session.scalars(select(Evidence).order_by(Evidence.id)))

    def taken(self, url: str = URL) -> Evidence:
        """Collect a page and take evidence of it."""
        self.ask(self.collect(url))
        assert self.work() == 1
        return self.evidence()[-1]


def page(url: str, body: bytes, now: dt.datetime) -> RawPage:
    asked = SentRequest("GET", f"{url}?token=canary-key", ASKED, "203.0.113.7")
    return RawPage(f"{url}?token=canary-key", 200, HEADERS, body, now, asked)
