"""Handover notes: written and signed by who leaves, accepted by who comes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit
from core.database.models.duty import Handover
from core.errors import ConflictError, InvalidOptionsError


def write_handover(
    session: Session,
    roster_id: int,
    *,
    from_person_id: int,
    to_person_id: int | None,
    note: str,
    now: dt.datetime,
) -> int:
    if not note.strip():
        raise InvalidOptionsError({"note": "请写明交接事项；没有未了事项也请写“无”"})
    handover = Handover(
        roster_id=roster_id,
        at=now,
        from_person_id=from_person_id,
        to_person_id=to_person_id,
        note=note.strip(),
        signed_at=now,
    )
    session.add(handover)
    session.flush()
    _record(session, "handover_signed", handover.id, from_person_id, now)
    return handover.id


def accept_handover(session: Session, handover_id: int, person_id: int, now: dt.datetime) -> None:
    """Sign as the one who takes over; raises ConflictError when it is signed or meant for another."""
    accepted = session.scalar(
        update(Handover)
        .where(
            Handover.id == handover_id,
            Handover.accepted_at.is_(None),
            Handover.from_person_id != person_id,
            (Handover.to_person_id == person_id) | Handover.to_person_id.is_(None),
        )
        .values(accepted_at=now, to_person_id=person_id)
        .returning(Handover.id)
        .execution_options(synchronize_session=False)
    )
    if accepted is None:
        raise ConflictError("这份交接已经签收，或不是交给您的，没有改动。")
    _record(session, "handover_accepted", handover_id, person_id, now)


def latest_handovers(session: Session, limit: int = 20) -> tuple[Handover, ...]:
    statement = select(Handover).order_by(Handover.at.desc(), Handover.id.desc()).limit(limit)
    return tuple(session.scalars(statement))


def _record(
    session: Session, action: str, handover_id: int, person_id: int, now: dt.datetime
) -> None:
    event = audit.AuditEvent(f"person:{person_id}", action, "handover", str(handover_id))
    audit.record(session, event, now)
