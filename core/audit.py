"""The audit log: who did what, append-only and hash-chained, written in the acting transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.chain import GENESIS, Link, first_broken, link
from core.database.models.operations import AuditEntry

# The chain has one tail, so writers take turns for the rest of their transaction.
_AUDIT_LOCK = 7_305_112_027


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """``actor`` is ``person:ID``, ``role:NAME`` or ``system``; ``detail`` holds no personal data."""

    actor: str
    action: str
    object_type: str
    object_id: str | None = None
    result: str = "done"
    detail: Mapping[str, object] | None = None


def record(session: Session, event: AuditEvent, now: dt.datetime) -> int:
    """Append one entry and give its id; it stands or falls with the caller's transaction."""
    session.execute(select(func.pg_advisory_xact_lock(_AUDIT_LOCK)))
    previous = (
        session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or GENESIS
    )
    entry = AuditEntry(
        at=now,
        actor=event.actor,
        action=event.action,
        object_type=event.object_type,
        object_id=event.object_id,
        result=event.result,
        detail=dict(event.detail or {}),
        previous_hash=previous,
        hash=b"",
    )
    entry.hash = link(previous, _content(entry))
    session.add(entry)
    session.flush()
    return entry.id


def is_linked(session: Session, entry: AuditEntry) -> bool:
    """Tell whether the entry is as it was written and joins on to its neighbours; ``verify`` checks all."""
    before = session.scalar(
        select(AuditEntry.hash)
        .where(AuditEntry.id < entry.id)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    after = session.scalar(
        select(AuditEntry.previous_hash)
        .where(AuditEntry.id > entry.id)
        .order_by(AuditEntry.id)
        .limit(1)
    )
    return (
        entry.hash == link(entry.previous_hash, _content(entry))
        and before in {None, entry.previous_hash}
        and after in {None, entry.hash}
    )


def _content(entry: AuditEntry) -> dict[str, object]:
    return {
        "at": entry.at.astimezone(dt.UTC).isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "result": entry.result,
        "detail": entry.detail,
    }


def verify(session: Session) -> int | None:
    """Check the whole chain; gives the id of the first entry that was tampered with, or None."""

    def links() -> Iterator[Link]:
        for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)).yield_per(1000):
            yield Link(entry.id, entry.previous_hash, entry.hash, _content(entry))

    oldest = session.scalar(select(AuditEntry.previous_hash).order_by(AuditEntry.id).limit(1))
    return first_broken(links(), start=oldest or GENESIS)
