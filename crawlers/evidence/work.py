"""The worker that takes evidence: it claims what waits, and either finds the page, has it fetched again, or keeps the text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import claims
from core.claims import Claim
from core.clock import Clock
from core.crypto.keyring import Keyring
from core.database.models.collecting import Document, RawResponse
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.errors import ConflictError
from core.evidence_requests import EvidenceRequest
from core.faults import fault_point
from crawlers.evidence.archive import EvidenceKind, EvidenceSubject, Operator, build_warc
from crawlers.evidence.pages import (
    LOOK_AGAIN,
    first_pages,
    later_pages,
    pages_holding,
    refetch_state,
    start_refetch,
)
from crawlers.evidence.raw_responses import open_raw
from crawlers.evidence.taking import TakenWARC, store_evidence, subject_of

log = structlog.get_logger(__name__)

BATCH = 8
LEASE = dt.timedelta(seconds=120)
MOST_TRIES = 5
MASKING_PAUSE = dt.timedelta(seconds=30)
MASKING_PATIENCE = dt.timedelta(hours=1)
FIRST_PAGE_GONE = "首次抓取的原始网页已不在（只保存 7 天），这是重新抓取的"


class Outcome(StrEnum):
    TAKEN = "taken"
    KNOWN = "known"
    WAITING = "waiting"
    GONE = "gone"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class _Work:
    claim: Claim
    document: Document
    wanted: EvidenceRequest
    queued_at: dt.datetime


class EvidenceWorker:
    """Each document is one transaction; whatever kills the process between them loses and doubles nothing."""

    topics = frozenset({Queue.EVIDENCE.value})

    def __init__(
        self, sessions: Sessions, clock: Clock, keyring: Keyring, *, owner: str, operator: Operator
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._keyring = keyring
        self._owner = owner
        self._operator = operator

    def step(self) -> int:
        with self._sessions.begin() as session:
            claimed = claims.take(
                session, WorkItem, owner=self._owner, now=self._clock.now(), lease=LEASE,
                limit=BATCH, where=[WorkItem.queue == Queue.EVIDENCE.value],
            )  # fmt: skip
        for claim in claimed:
            self._handle(claim)
        return len(claimed)

    def _handle(self, claim: Claim) -> None:
        try:
            with self._sessions.begin() as session:
                outcome = self._take(session, claim, self._clock.now())
                fault_point("evidence.before_commit")
            fault_point("evidence.after_commit")
        except ConflictError:
            log.info("claim_lost", item_id=claim.id)
        except Exception as error:
            # The job border: one document that fails must not hold up the others.
            log.exception("evidence_failed", item_id=claim.id)
            self._postpone(claim, f"{type(error).__name__}: {error}"[:300])
        else:
            log.info("evidence_handled", item_id=claim.id, outcome=outcome.value)

    def _postpone(self, claim: Claim, error: str) -> None:
        now = self._clock.now()
        try:
            with self._sessions.begin() as session:
                if claim.attempt >= MOST_TRIES:
                    claims.bury(session, WorkItem, claim, now=now, error=error)
                else:
                    due_at = claims.backoff(claim.attempt, now)
                    claims.retry(session, WorkItem, claim, due_at=due_at, error=error)
        except ConflictError:
            log.info("claim_lost", item_id=claim.id)

    def _take(self, session: Session, claim: Claim, now: dt.datetime) -> Outcome:
        item = session.get(WorkItem, claim.id)
        if item is None:
            raise ConflictError(f"work item {claim.id} is gone")
        # The row must not be deleted between our reading it and our naming it.
        document = session.scalar(
            select(Document)
            .where(Document.id == item.subject_id)
            .with_for_update(read=True, key_share=True)
        )
        if document is None:
            claims.remove(session, WorkItem, claim)
            return Outcome.GONE
        work = _Work(claim, document, EvidenceRequest.from_json(item.payload), item.queued_at)
        subject = subject_of(session, document)
        if subject is None:
            return self._await_masking(session, work, now)
        since = work.wanted.refetch_at
        raws = first_pages(session, document) or (
            later_pages(session, document, since) if since else ()
        )
        if raws:
            return self._store(session, work, subject, raws=raws, now=now)
        state = (
            start_refetch(session, document, now)
            if since is None
            else refetch_state(session, document, since, now)
        )
        if state.failure is None:
            return self._await_page(session, work, now)
        return self._store(session, work, subject, failure=state.failure, now=now)

    def _await_masking(self, session: Session, work: _Work, now: dt.datetime) -> Outcome:
        if now - work.queued_at > MASKING_PATIENCE:
            reason = "这条信息还没有分析完，姓名和住址没有打码，不能存证；请先处理分析队列。"
            claims.bury(session, WorkItem, work.claim, now=now, error=reason)
            return Outcome.GIVEN_UP
        claims.retry(
            session, WorkItem, work.claim, due_at=now + MASKING_PAUSE, error="等待分析和打码"
        )
        return Outcome.WAITING

    def _await_page(self, session: Session, work: _Work, now: dt.datetime) -> Outcome:
        wanted = replace(work.wanted, refetch_at=work.wanted.refetch_at or now)
        claims.retry(
            session, WorkItem, work.claim, due_at=now + LOOK_AGAIN, error="等待重新抓取网页",
            payload=wanted.as_json(),
        )  # fmt: skip
        return Outcome.WAITING

    def _store(
        self,
        session: Session,
        work: _Work,
        subject: EvidenceSubject,
        *,
        raws: Sequence[RawResponse] = (),
        failure: str | None = None,
        now: dt.datetime,
    ) -> Outcome:
        document = work.document
        kind = EvidenceKind.TEXT
        if raws:
            is_first = raws[0].fetched_at <= document.ingested_at
            kind = EvidenceKind.PAGE if is_first else EvidenceKind.PAGE_AGAIN
        if kind is EvidenceKind.PAGE_AGAIN:
            failure = FIRST_PAGE_GONE
        answers = (open_raw(raw, self._keyring) for raw in raws)
        pages = pages_holding(answers, document.canonical_url)
        taken = TakenWARC(
            content=build_warc(pages, subject, kind, self._operator, failure=failure),
            kind=kind,
            failure=failure,
            url=document.canonical_url,
            fetched_at=pages[-1].fetched_at if pages else document.ingested_at,
        )
        stored = store_evidence(session, self._keyring, document.id, taken, work.wanted, now=now)
        claims.remove(session, WorkItem, work.claim)
        return Outcome.KNOWN if stored is None else Outcome.TAKEN
