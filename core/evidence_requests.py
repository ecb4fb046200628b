"""Asking for evidence: a work item per document, written with what makes the evidence needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import claims
from core.audit import AuditEvent, record
from core.database.base import JsonObject
from core.database.models.collecting import Evidence
from core.database.models.operations import Queue, WorkItem
from core.errors import InvalidOptionsError

SHORTEST_REASON = 2
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRequest:
    """Why evidence is wanted and by whom; ``refetch_at`` is since when the page is being fetched once more."""

    reason: str
    actor: str
    alert_id: int | None = None
    refetch_at: dt.datetime | None = None

    def as_json(self) -> JsonObject:
        return {
            "reason": self.reason,
            "actor": self.actor,
            "alert_id": self.alert_id,
            "refetch_at": self.refetch_at.isoformat() if self.refetch_at else None,
        }

    @classmethod
    def from_json(cls, payload: JsonObject | None) -> EvidenceRequest:
        kept = payload or {}
        alert_id, refetch_at = kept.get("alert_id"), kept.get("refetch_at")
        return cls(
            reason=str(kept.get("reason") or "未注明"),
            actor=str(kept.get("actor") or "system"),
            alert_id=alert_id if isinstance(alert_id, int) else None,
            refetch_at=dt.datetime.fromisoformat(str(refetch_at)) if refetch_at else None,
        )


def request_evidence(
    session: Session, document_ids: Sequence[int], wanted: EvidenceRequest, now: dt.datetime
) -> int:
    """Ask for evidence of documents that have none and wait for none; tells how many these were."""
    if not document_ids:
        return 0
    known = select(Evidence.document_id).where(Evidence.document_id.in_(document_ids))
    waiting = select(WorkItem.subject_id).where(
        WorkItem.queue == Queue.EVIDENCE.value, WorkItem.subject_id.in_(document_ids)
    )
    settled = {*session.scalars(known), *session.scalars(waiting)}
    # In one order everywhere, so that two who ask for the same documents never wait for each other.
    missing = sorted(set(document_ids) - settled)
    if missing:
        rows = [_item(id_, wanted, now) for id_ in missing]
        session.execute(insert(WorkItem).values(rows).on_conflict_do_nothing())
        claims.notify(session, Queue.EVIDENCE.value)
    return len(missing)


def demand_evidence(
    session: Session, document_ids: Sequence[int], wanted: EvidenceRequest, now: dt.datetime
) -> None:
    """Ask by hand, also for documents that have evidence: the page of today becomes another piece.

    Raises InvalidOptionsError for a reason that says nothing. The demand is in the audit log.
    """
    if not SHORTEST_REASON <= len(wanted.reason.strip()) <= LONGEST_REASON:
        raise InvalidOptionsError(
            {"reason": f"请用 {SHORTEST_REASON} 到 {LONGEST_REASON} 个字写明为什么存证"}
        )
    for id_ in sorted(set(document_ids)):
        item = _item(id_, wanted, now)
        statement = insert(WorkItem).values(item)
        # Whoever is busy with an older demand loses its claim to this one.
        statement = statement.on_conflict_do_update(
            index_elements=["queue", "subject_id"],
            set_={
                "payload": item["payload"], "due_at": now, "dead_at": None, "attempt": 0,
                "lease_until": None, "claim_epoch": WorkItem.claim_epoch + 1, "last_error": None,
            },
        )  # fmt: skip
        session.execute(statement)
        detail: dict[str, object] = {"reason": wanted.reason.strip(), "alert_id": wanted.alert_id}
        record(
            session,
            AuditEvent(wanted.actor, "evidence.demanded", "document", str(id_), detail=detail),
            now,
        )
    claims.notify(session, Queue.EVIDENCE.value)


def _item(document_id: int, wanted: EvidenceRequest, now: dt.datetime) -> dict[str, object]:
    return {
        "queue": Queue.EVIDENCE.value,
        "subject_id": document_id,
        "due_at": now,
        "queued_at": now,
        "payload": wanted.as_json(),
    }
