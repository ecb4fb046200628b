"""Deleting what may not be kept: texts after 180 days, raw responses after 7, evidence after two years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import structlog
from sqlalchemy import ColumnElement, delete, exists, or_, select, text, update
from sqlalchemy.orm import Session

from core import audit, claims
from core.database.models.alerting import Alert, AlertState, Match
from core.database.models.collecting import (
    Document,
    Evidence,
    FrontierURL,
    RawResponse,
    SourceHour,
)
from core.database.models.operations import Queue
from core.database.models.understanding import Story
from core.database.partitions import PREFIX, next_month
from core.database.sessions import Sessions
from core.event_stories import make_due
from core.faults import fault_point
from crawlers.public_forms import forget_counts
from crawlers.retention_periods import (
    COVERAGE_KEPT,
    DOCUMENTS_KEPT,
    EVIDENCE_KEPT,
    FRONTIER_KEPT,
    RAW_RESPONSES_KEPT,
)
from crawlers.visiting.host_table import forget_hosts

log = structlog.get_logger(__name__)

BATCH = 500


@dataclass(frozen=True, slots=True)
class RetentionCounts:
    documents: int
    raw_responses: int
    frontier_urls: int
    evidence: int
    partitions: int


def delete_expired(sessions: Sessions, *, now: dt.datetime) -> RetentionCounts:
    """Delete in small transactions, each with its work for the search index; safe to repeat after a crash.

    Texts under legal hold, and those of alerts and events that are still open, stay.
    """
    documents = 0
    while deleted := _delete_documents(sessions, now):
        documents += deleted
        fault_point("retention.mid_delete")
    with sessions.begin() as session:
        raw = _rowcount(
            session,
            delete(RawResponse)
            .where(
                RawResponse.fetched_at < now - RAW_RESPONSES_KEPT,
                RawResponse.is_evidence.is_(False),
            )
            .returning(RawResponse.id),
        )
        frontier = _rowcount(
            session,
            delete(FrontierURL)
            .where(FrontierURL.created_at < now - FRONTIER_KEPT)
            .returning(FrontierURL.id),
        )
        forget_hosts(session, now)
        session.execute(delete(SourceHour).where(SourceHour.hour < now - COVERAGE_KEPT))
        forget_counts(session, now)
        evidence = _rowcount(
            session, delete(Evidence).where(_expired_evidence(now)).returning(Evidence.id)
        )
    with sessions.begin() as session:
        partitions = _drop_empty_partitions(session, now)
        counts = RetentionCounts(documents, raw, frontier, evidence, partitions)
        event = audit.AuditEvent(
            actor="system",
            action="retention.deleted",
            object_type="document",
            detail=asdict(counts),
        )
        audit.record(session, event, now)
    log.info("expired_data_deleted", **asdict(counts))
    return counts


def _rowcount(session: Session, statement: object) -> int:
    return len(session.execute(statement).all())  # type: ignore[call-overload]  # any DELETE … RETURNING


def _expired(now: dt.datetime) -> ColumnElement[bool]:
    is_open = Alert.state != AlertState.CLOSED.value
    matched = exists().where(Match.document_id == Document.id, Match.alert_id == Alert.id, is_open)
    in_event = exists().where(Alert.event_id == Document.event_id, is_open)
    return (
        (Document.ingested_at < now - DOCUMENTS_KEPT)
        & Document.legal_hold.is_(False)
        & ~or_(matched, in_event)
    )


def _expired_evidence(now: dt.datetime) -> ColumnElement[bool]:
    """Two years after it was taken, unless its document is held or its alert is still open."""
    is_open = Alert.state != AlertState.CLOSED.value
    held = exists().where(Document.id == Evidence.document_id, Document.legal_hold)
    of_alert = exists().where(Alert.id == Evidence.alert_id, is_open)
    matched = exists().where(
        Match.document_id == Evidence.document_id, Match.alert_id == Alert.id, is_open
    )
    return (Evidence.taken_at < now - EVIDENCE_KEPT) & ~or_(held, of_alert, matched)


def _delete_documents(sessions: Sessions, now: dt.datetime) -> int:
    with sessions.begin() as session:
        expired = session.scalars(
            select(Document.id)
            .where(_expired(now))
            .order_by(Document.ingested_at, Document.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        if not expired:
            return 0
        # Younger replies stay when their opening post goes.
        session.execute(
            update(Document).where(Document.thread_id.in_(expired)).values(thread_id=None)
        )
        _hand_on_stories(session, expired)
        events = session.scalars(
            select(Document.event_id)
            .where(Document.id.in_(expired), Document.event_id.is_not(None))
            .distinct()
        ).all()
        evidence = RawResponse.document_id.in_(expired) & RawResponse.is_evidence
        session.execute(update(RawResponse).where(evidence).values(document_id=None))
        session.execute(delete(Document).where(Document.id.in_(expired)))
        claims.enqueue(session, Queue.UNINDEX, expired, now)
        # What an event quotes goes with its texts when it is renewed.
        make_due(session, [event_id for event_id in events if event_id is not None], now)
        return len(expired)


def _hand_on_stories(session: Session, expired: Sequence[int]) -> None:
    """Let the earliest text that stays stand for its story; a story without any goes, title and all."""
    orphaned = session.scalars(select(Story).where(Story.first_document_id.in_(expired))).all()
    for story in orphaned:
        heir = session.scalar(
            select(Document.id)
            .where(Document.story_id == story.id, Document.id.not_in(expired))
            .order_by(Document.published_at, Document.id)
            .limit(1)
        )
        if heir is None:
            session.delete(story)
        else:
            story.first_document_id = heir
    session.flush()


def _drop_empty_partitions(session: Session, now: dt.datetime) -> int:
    """Drop the months that have ended before the limit and hold nothing any more."""
    session.execute(text("set local lock_timeout = '5s'"))
    names = session.scalars(
        text(
            "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid "
            "where i.inhparent = 'document_body'::regclass order by 1"
        )
    ).all()
    dropped = 0
    for name in names:
        month = _month(name)
        if month is None or next_month(month) > (now - DOCUMENTS_KEPT).date():
            continue
        if session.scalar(text(f"select exists(select from {name})")):  # noqa: S608 (a name from the catalogue that _month has checked)
            continue
        session.execute(text(f"DROP TABLE {name}"))
        dropped += 1
    return dropped


def _month(name: str) -> dt.date | None:
    digits = name.removeprefix(PREFIX)
    if not digits.isdigit() or len(digits) != 6:  # noqa: PLR2004 (YYYYMM)
        return None
    return dt.date(int(digits[:4]), int(digits[4:]), 1)
