"""Closes the past events of the demo whose end is known, as an analyst would have done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import event_decisions
from core.database.models.understanding import Event, EventEntry, Story
from core.event_decisions import Seen

log = structlog.get_logger(__name__)

CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Ending:
    """``matter`` stands in the titles of the event's stories."""

    matter: str
    name: str
    outcome: str


def endings(material: Mapping[str, object]) -> Iterator[Ending]:
    # The material's shape is stated in the world's README and checked by its tests.
    for event in cast("list[Mapping[str, str]]", material["events"]):
        if "outcome" in event:
            yield Ending(event["matter"], event["name"], event["outcome"])


def close_past_events(
    session: Session, material: Mapping[str, object], person_id: int, now: dt.datetime
) -> int:
    """Close each event once; one that somebody opened again stays open. Gives how many were closed."""
    closed = 0
    for ending in endings(material):
        event = _event_about(session, ending.matter)
        if event is None or _was_closed(session, event.id):
            continue
        actor = f"person:{person_id}"
        event_decisions.rename(
            session, Seen(event.id, event.version), ending.name, actor=actor, now=now
        )
        event_decisions.assign(
            session, Seen(event.id, event.version), owner_id=person_id, actor=actor, now=now
        )
        event_decisions.close(
            session, Seen(event.id, event.version), ending.outcome, actor=actor, now=now
        )
        closed += 1
    if closed:
        log.info("past_events_closed", events=closed)
    return closed


def _event_about(session: Session, matter: str) -> Event | None:
    """Give the event that holds the most stories with the matter in their titles."""
    return session.scalars(
        select(Event)
        .join(Story, Story.event_id == Event.id)
        .where(Story.title.contains(matter, autoescape=True), Event.merged_into_id.is_(None))
        .group_by(Event.id)
        .order_by(func.count().desc(), Event.id)
        .limit(1)
    ).first()


def _was_closed(session: Session, event_id: int) -> bool:
    found = select(EventEntry.id).where(
        EventEntry.event_id == event_id, EventEntry.action == CLOSED
    )
    return session.scalar(found.limit(1)) is not None
