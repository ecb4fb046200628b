"""Corrections of labels by people: stored as training data, applied to the document, undone, listed.

Every change raises the document's revision and hands it to the index, the rules and its event in the same
transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from core import claims
from core.audit import AuditEvent, record
from core.corrected_labels import (
    TASK_LABELS,
    LabelTask,
    StandingCorrection,
    columns,
    label_name,
    label_of,
    with_corrections,
)
from core.database.base import JsonObject
from core.database.models.collecting import Document, DocumentBody
from core.database.models.operations import Queue
from core.database.models.organisation import Person
from core.database.models.understanding import LabelCorrection
from core.errors import ConflictError
from core.event_stories import EVENTS_LOCK, make_due

Standing = Mapping[LabelTask, StandingCorrection]


@dataclass(frozen=True, slots=True)
class CorrectionDraft:
    """``label`` is written as ``checked_label`` gives it; ``seen`` is the label that the person saw."""

    document_id: int
    task: LabelTask
    label: str
    seen: str | None


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """One entry of a document's history; names are those of colleagues."""

    id: int
    task: LabelTask
    was: str | None
    corrected: str
    editor: str
    at: dt.datetime
    undone_at: dt.datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class CorrectedDocument:
    """A document with its masked text, its labels as they stand, and the corrections behind them."""

    document_id: int
    title: str
    text: str
    labels: Mapping[LabelTask, str | None]
    corrections: Sequence[CorrectionLine]


def correct(session: Session, draft: CorrectionDraft, *, person_id: int, now: dt.datetime) -> None:
    """Store a correction and apply it.

    Raises ConflictError when the label is no longer the one that was seen, is the chosen one already, or the
    document is gone or not analysed yet.
    """
    document, body, annotations = _locked(session, draft.document_id)
    present = label_of(annotations, draft.task)
    name = TASK_LABELS[draft.task]
    if present == draft.label:
        raise ConflictError(
            f"{name}已经是“{label_name(draft.task, present)}”，没有改动。刷新可看是谁更正的。"
        )
    if present != draft.seen:
        raise ConflictError(
            f"{name}刚被改为“{label_name(draft.task, present)}”，您的更正没有执行。请看过后再决定。"
        )
    session.add(
        LabelCorrection(
            document_id=draft.document_id,
            task=draft.task.value,
            was=present,
            corrected=draft.label,
            person_id=person_id,
            at=now,
        )
    )
    session.flush()
    _apply(session, document, body, now)
    detail = {"task": draft.task.value, "was": present, "corrected": draft.label}
    _audit(session, "document.correct", document.id, person_id, detail, now)


def undo(session: Session, correction_id: int, *, person_id: int, now: dt.datetime) -> int:
    """Take a correction back and give its document; the one before it, or the model's label, holds again.

    Raises ConflictError when it is undone already or gone.
    """
    found = session.execute(
        update(LabelCorrection)
        .where(LabelCorrection.id == correction_id, LabelCorrection.undone_at.is_(None))
        .values(undone_at=now, undone_by=person_id)
        .returning(LabelCorrection.document_id, LabelCorrection.task, LabelCorrection.corrected)
    ).one_or_none()
    if found is None:
        raise ConflictError("这条更正已被撤销，或信息已到期删除。没有再做改动。")
    document, body, _ = _locked(session, found.document_id)
    _apply(session, document, body, now)
    detail = {"task": found.task, "corrected": found.corrected}
    _audit(session, "document.correction_undone", document.id, person_id, detail, now)
    return document.id


def standing_corrections(session: Session, document_ids: Sequence[int]) -> Mapping[int, Standing]:
    """Give by document the corrections that stand; documents without one are absent."""
    rows = session.scalars(
        select(LabelCorrection)
        .where(LabelCorrection.document_id.in_(document_ids), LabelCorrection.undone_at.is_(None))
        .order_by(LabelCorrection.id)
    )
    found: dict[int, dict[LabelTask, StandingCorrection]] = {}
    for row in rows:
        # In order of their ids, so that the newest of a task stays.
        found.setdefault(row.document_id, {})[LabelTask(row.task)] = StandingCorrection(
            row.id, row.corrected, row.person_id, row.at
        )
    return found


def lock_documents(session: Session, document_ids: Sequence[int]) -> None:
    """Keep corrections of these documents waiting until the caller's transaction ends.

    The caller holds ``EVENTS_LOCK``.
    """
    session.execute(
        select(Document.id)
        .where(Document.id.in_(document_ids))
        .order_by(Document.id)
        .with_for_update()
    )


def history(session: Session, document_id: int) -> list[CorrectionLine]:
    """List a document's corrections, undone ones among them, newest first."""
    return _lines(session, [document_id])[document_id][::-1]


def corrected_documents(
    session: Session, since: dt.datetime | None, *, chunk: int = 200
) -> Iterator[CorrectedDocument]:
    """Read the documents with a correction that stands and was made at ``since`` or later, in bounded memory."""
    after = 0
    while True:
        wanted = (
            select(LabelCorrection.document_id)
            .where(LabelCorrection.undone_at.is_(None), LabelCorrection.document_id > after)
            .distinct()
            .order_by(LabelCorrection.document_id)
            .limit(chunk)
        )
        if since is not None:
            wanted = wanted.where(LabelCorrection.at >= since)
        ids = list(session.scalars(wanted))
        if not ids:
            return
        lines = _lines(session, ids)
        for document, body in session.execute(
            select(Document, DocumentBody)
            .join(
                DocumentBody,
                (DocumentBody.document_id == Document.id)
                & (DocumentBody.ingested_at == Document.ingested_at),
            )
            .where(Document.id.in_(ids))
            .order_by(Document.id)
        ):
            annotations = body.annotations or {}
            standing = [line for line in lines[document.id] if line.undone_at is None]
            yield CorrectedDocument(
                document_id=document.id,
                title=body.title,
                text=body.text,
                labels={task: label_of(annotations, task) for task in LabelTask},
                corrections=standing,
            )
        session.expunge_all()
        after = ids[-1]


def _locked(session: Session, document_id: int) -> tuple[Document, DocumentBody, JsonObject]:
    # Whoever moves stories takes this lock before those of documents and events, so everybody has to.
    session.execute(select(func.pg_advisory_xact_lock(EVENTS_LOCK)))
    document = session.scalars(
        select(Document)
        .where(Document.id == document_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    body = (
        session.get(DocumentBody, (document_id, document.ingested_at), populate_existing=True)
        if document is not None
        else None
    )
    if document is None or body is None:
        raise ConflictError("这条信息已按保存期限删除，没有改动。")
    if document.analysed_at is None or body.annotations is None:
        raise ConflictError("这条信息还在分析，标注稍后才有。没有改动，请稍后再试。")
    return document, body, body.annotations


def _apply(session: Session, document: Document, body: DocumentBody, now: dt.datetime) -> None:
    standing = standing_corrections(session, [document.id]).get(document.id, {})
    body.annotations = with_corrections(body.annotations or {}, standing)
    was_relevant, event_id = document.relevant, document.event_id
    for name, value in columns(body.annotations).items():
        setattr(document, name, value)
    if not document.relevant:
        document.event_id = None
    document.revision += 1
    session.flush()
    if event_id is not None:
        make_due(session, [event_id], now)
    if document.relevant and not was_relevant:
        # What is about labour now belongs to an event, which the analysis finds.
        claims.enqueue(session, Queue.ANALYSE, [document.id], now)
    claims.enqueue(session, Queue.INDEX, [document.id], now)
    claims.enqueue(session, Queue.EVALUATE, [document.id], now)


def _audit(
    session: Session,
    action: str,
    document_id: int,
    person_id: int,
    detail: Mapping[str, object],
    now: dt.datetime,
) -> None:
    event = AuditEvent(
        f"person:{person_id}", action, "document", str(document_id), detail=dict(detail)
    )
    record(session, event, now)


def _lines(session: Session, ids: Sequence[int]) -> dict[int, list[CorrectionLine]]:
    editor, undoer = aliased(Person), aliased(Person)
    rows = session.execute(
        select(LabelCorrection, editor.name, undoer.name)
        .join(editor, editor.id == LabelCorrection.person_id)
        .outerjoin(undoer, undoer.id == LabelCorrection.undone_by)
        .where(LabelCorrection.document_id.in_(ids))
        .order_by(LabelCorrection.id)
    )
    lines: dict[int, list[CorrectionLine]] = {document_id: [] for document_id in ids}
    for row, editor_name, undoer_name in rows:
        lines[row.document_id].append(
            CorrectionLine(
                id=row.id,
                task=LabelTask(row.task),
                was=row.was,
                corrected=row.corrected,
                editor=editor_name,
                at=row.at,
                undone_at=row.undone_at,
                undone_by=undoer_name,
            )
        )
    return lines
