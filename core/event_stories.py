"""Moving stories between events: documents, alerts, the search index and what later stories are compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import claims
from core.database.models.alerting import Alert, AlertState, Case
from core.database.models.collecting import Document
from core.database.models.operations import Queue
from core.database.models.understanding import (
    Event,
    EventKey,
    EventProfile,
    Story,
)

EVENTS_LOCK = 7_305_112_031
"""Whoever looks up which story or event a document belongs to, or moves stories, holds this until its commit."""

TOPIC = "event"
"""Wakes the workers that renew events."""


def move_stories(
    session: Session, story_ids: Sequence[int], event_id: int, now: dt.datetime
) -> None:
    """Put stories with their relevant documents into an event, and the documents anew into the index."""
    session.execute(
        update(Story)
        .where(Story.id.in_(story_ids))
        .values(event_id=event_id)
        .execution_options(synchronize_session="fetch")
    )
    moved = session.scalars(
        update(Document)
        .where(Document.story_id.in_(story_ids), Document.event_id.is_not(None))
        .values(event_id=event_id, revision=Document.revision + 1)
        .returning(Document.id)
        .execution_options(synchronize_session=False)
    ).all()
    claims.enqueue(session, Queue.INDEX, sorted(moved), now)


def move_alerts(
    session: Session, event_id: int, to: int, *, only: Sequence[int] | None = None
) -> list[int]:
    """Hand over the alerts that are still open, and the cases; gives the alerts' ids."""
    where = [Alert.event_id == event_id, Alert.state != AlertState.CLOSED.value]
    if only is not None:
        where.append(Alert.id.in_(only))
    moved = session.scalars(
        update(Alert)
        .where(*where)
        .values(event_id=to)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        update(Case)
        .where(Case.event_id == event_id, Case.alert_id.in_(moved))
        .values(event_id=to)
        .execution_options(synchronize_session=False)
    )
    return sorted(moved)


def renew_profile(session: Session, event_ids: Sequence[int], now: dt.datetime) -> None:
    """Have profiles and keys made anew from the stories that are there now; a merged event loses its keys."""
    session.flush()
    rows = [
        {"event_id": event_id, "content": b"", "is_stale": True, "seen_at": now}
        for event_id in sorted(event_ids)
    ]
    statement = insert(EventProfile).values(rows)
    session.execute(
        statement.on_conflict_do_update(index_elements=["event_id"], set_={"is_stale": True})
    )
    merged = select(Event.id).where(Event.id.in_(event_ids), Event.merged_into_id.is_not(None))
    session.execute(
        delete(EventKey)
        .where(EventKey.event_id.in_(merged))
        .execution_options(synchronize_session=False)
    )


def make_due(session: Session, event_ids: Sequence[int], now: dt.datetime) -> None:
    """Have the events' figures renewed; a worker that is busy with the old state starts over."""
    session.flush()
    ids = select(Event.id).where(Event.id.in_(event_ids)).order_by(Event.id).with_for_update()
    session.execute(
        update(Event)
        .where(Event.id.in_(session.scalars(ids).all()), Event.merged_into_id.is_(None))
        .values(
            due_at=func.least(func.coalesce(Event.due_at, now), now),
            claim_epoch=Event.claim_epoch + 1,
            lease_until=None,
            attempt=0,
            dead_at=None,
        )
        .execution_options(synchronize_session=False)
    )
    claims.notify(session, TOPIC)
