"""The timeline of an alert: append-only, hash-chained, written in the acting transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.chain import GENESIS, Link, first_broken, link
from core.database.base import JsonObject
from core.database.models.alerting import TimelineEntry

SYSTEM = "system"


def person_actor(person_id: int) -> str:
    return f"person:{person_id}"


def append(  # noqa: PLR0913 (all that an entry says is keyword-only)
    session: Session,
    alert_id: int,
    now: dt.datetime,
    *,
    actor: str,
    action: str,
    text: str,
    detail: Mapping[str, object] | None = None,
) -> TimelineEntry:
    """Add one entry. The caller's transaction must hold the alert's row, so that entries take turns."""
    last = session.execute(
        select(TimelineEntry.sequence, TimelineEntry.hash)
        .where(TimelineEntry.alert_id == alert_id)
        .order_by(TimelineEntry.sequence.desc())
        .limit(1)
    ).one_or_none()
    previous = last.hash if last else GENESIS
    entry = TimelineEntry(
        alert_id=alert_id,
        sequence=(last.sequence if last else 0) + 1,
        at=now,
        actor=actor,
        action=action,
        text=text,
        detail=dict(detail or {}),
        previous_hash=previous,
        hash=b"",
    )
    entry.hash = link(previous, _content(entry))
    session.add(entry)
    session.flush()
    return entry


def _content(entry: TimelineEntry) -> JsonObject:
    return {
        "alert_id": entry.alert_id,
        "sequence": entry.sequence,
        "at": entry.at.astimezone(dt.UTC).isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "text": entry.text,
        "detail": entry.detail,
    }


def entries(session: Session, alert_id: int) -> list[TimelineEntry]:
    return list(
        session.scalars(
            select(TimelineEntry)
            .where(TimelineEntry.alert_id == alert_id)
            .order_by(TimelineEntry.sequence)
        )
    )


def verify_timeline(session: Session, alert_id: int) -> int | None:
    """Give the sequence of the first entry that was tampered with; None when the chain is whole."""
    return first_broken(
        Link(entry.sequence, entry.previous_hash, entry.hash, _content(entry))
        for entry in entries(session, alert_id)
    )
