"""What the console and the command line show of evidence: pieces taken, and what still waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from core.database.models.alerting import Alert, Match
from core.database.models.collecting import Document, DocumentBody, Evidence
from core.database.models.operations import Queue, WorkItem
from core.database.models.organisation import Person
from core.errors import WorkflowError
from core.evidence_requests import EvidenceRequest
from crawlers.evidence.archive import EvidenceKind

PERSON = "person:"
MOST_WAITING = 50
_DIGITS_OF_AN_ID = 19


class EvidenceNotFoundError(WorkflowError):
    pass


class WaitingState(StrEnum):
    """QUEUED: about to be taken. REFETCHING: its page is being fetched once more. FAILED: given up."""

    QUEUED = "queued"
    REFETCHING = "refetching"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFilter:
    """Empty fields filter nothing; the window ``[since, until)`` is over when evidence was taken."""

    kind: EvidenceKind | None = None
    alert_id: int | None = None
    document_id: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLine:
    """A piece of evidence without its file. ``headline`` is None when the document is deleted."""

    id: int
    document_id: int | None
    headline: str | None
    alert_id: int | None
    alert_number: str | None
    kind: EvidenceKind
    failure: str | None
    reason: str
    url: str
    fetched_at: dt.datetime
    taken_at: dt.datetime
    taken_by: str
    size: int
    sha256: str
    audit_id: int


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A document whose evidence was asked for; ``note`` says what it waits for or why it was given up."""

    document_id: int
    headline: str | None
    state: WaitingState
    note: str | None
    reason: str
    queued_at: dt.datetime


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """``before`` is the id to ask for older pieces with; None on the last page."""

    lines: tuple[EvidenceLine, ...]
    before: int | None


def list_evidence(
    session: Session, wanted: EvidenceFilter, *, before: int | None = None, limit: int = 50
) -> EvidencePage:
    """List pieces, the newest first."""
    statement = _lines().order_by(Evidence.id.desc()).limit(limit + 1)
    if wanted.kind is not None:
        statement = statement.where(Evidence.kind == wanted.kind.value)
    if wanted.alert_id is not None:
        # A document that is in two alerts is taken once, for the first of them.
        matched = select(Match.document_id).where(Match.alert_id == wanted.alert_id)
        statement = statement.where(
            or_(Evidence.alert_id == wanted.alert_id, Evidence.document_id.in_(matched))
        )
    if wanted.document_id is not None:
        statement = statement.where(Evidence.document_id == wanted.document_id)
    if wanted.since is not None:
        statement = statement.where(Evidence.taken_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Evidence.taken_at < wanted.until)
    if before is not None:
        statement = statement.where(Evidence.id < before)
    found = _read(session, statement)
    return EvidencePage(found[:limit], found[limit - 1].id if len(found) > limit else None)


def read_evidence(session: Session, evidence_id: int) -> EvidenceLine:
    """Read one piece without its file; raises EvidenceNotFoundError."""
    found = _read(session, _lines().where(Evidence.id == evidence_id))
    if not found:
        raise EvidenceNotFoundError(
            f"没有编号为 {evidence_id} 的存证，可能已按两年的保存期限删除。"
        )
    return found[0]


def alert_called(session: Session, typed: str) -> int | None:
    """Find an alert by its number as people write it, or by its id; None where there is none."""
    typed = typed.strip()
    if typed.isascii() and typed.isdigit() and len(typed) < _DIGITS_OF_AN_ID:
        return int(typed)
    return session.scalar(select(Alert.id).where(Alert.number == typed.upper()))


def evidence_of(session: Session, document_ids: Iterable[int]) -> dict[int, EvidenceLine]:
    """Give the newest piece of each document that has one."""
    wanted = list(document_ids)
    if not wanted:
        return {}
    lines = _read(session, _lines().where(Evidence.document_id.in_(wanted)).order_by(Evidence.id))
    return {line.document_id: line for line in lines if line.document_id is not None}


def waiting_evidence(
    session: Session, document_ids: Sequence[int] | None = None
) -> dict[int, WaitingLine]:
    """Give what was asked for and is not there, by document; None asks for all, the oldest first."""
    statement = (
        select(
            WorkItem,
            func.coalesce(func.nullif(DocumentBody.title, ""), func.left(DocumentBody.text, 60)),
        )
        .outerjoin(
            Document, (Document.id == WorkItem.subject_id) & Document.analysed_at.is_not(None)
        )
        .outerjoin(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .where(WorkItem.queue == Queue.EVIDENCE.value)
        .order_by(WorkItem.dead_at.is_(None), WorkItem.queued_at, WorkItem.id)
        .limit(MOST_WAITING)
    )
    if document_ids is not None:
        statement = statement.where(WorkItem.subject_id.in_(document_ids))
    return {item.subject_id: _waiting(item, title) for item, title in session.execute(statement)}


def _waiting(item: WorkItem, headline: str | None) -> WaitingLine:
    wanted = EvidenceRequest.from_json(item.payload)
    state = WaitingState.QUEUED
    if item.dead_at is not None:
        state = WaitingState.FAILED
    elif wanted.refetch_at is not None:
        state = WaitingState.REFETCHING
    return WaitingLine(
        item.subject_id, headline, state, item.last_error, wanted.reason, item.queued_at
    )


_Row = tuple[object, ...]


def _lines() -> Select[*_Row]:
    # The sealed files stay where they are: a list of fifty would be megabytes.
    columns = [column for column in Evidence.__table__.columns if column.name != "sealed_warc"]
    headline = func.coalesce(func.nullif(DocumentBody.title, ""), func.left(DocumentBody.text, 60))
    return (
        select(
            *columns,
            headline.label("headline"),
            Alert.number.label("alert_number"),
            Person.name.label("person"),
        )
        .outerjoin(Document, Document.id == Evidence.document_id)
        .outerjoin(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .outerjoin(Alert, Alert.id == Evidence.alert_id)
        .outerjoin(Person, Evidence.taken_by == func.concat(PERSON, Person.id))
    )


def _read(session: Session, statement: Select[*_Row]) -> tuple[EvidenceLine, ...]:
    return tuple(
        EvidenceLine(
            id=row["id"],
            document_id=row["document_id"],
            headline=row["headline"],
            alert_id=row["alert_id"],
            alert_number=row["alert_number"],
            kind=EvidenceKind(row["kind"]),
            failure=row["failure"],
            reason=row["reason"],
            url=row["url"],
            fetched_at=row["fetched_at"],
            taken_at=row["taken_at"],
            taken_by=row["person"]
            or ("终端" if row["taken_by"].startswith("system:") else "系统自动"),
            size=row["size"],
            sha256=row["warc_sha256"].hex(),
            audit_id=row["audit_id"],
        )
        for row in session.execute(statement).mappings()
    )
