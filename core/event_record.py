"""One event: its figures, what explains them, its hours, its log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from core.database.models.alerting import Alert, Match
from core.database.models.collecting import Document
from core.database.models.organisation import Person
from core.database.models.understanding import (
    Event,
    EventDecision,
    EventDecisionKind,
    EventEntry,
    EventHour,
)
from core.event_list import EventRow, event_row, event_rows

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
LONGEST_BY_HOUR = dt.timedelta(days=8)
LONGEST_BY_DAY = dt.timedelta(days=180)
MOST_ENTRIES = 200
MOST_DECISIONS = 10
PERSON = "person:"


@dataclass(frozen=True, slots=True)
class EventRecord:
    """``detail`` holds the inputs of the hotness, the forecast and the sentences of the summary, by name."""

    row: EventRow
    summary: str | None
    employers: tuple[str, ...]
    merged_into_id: int | None
    silence_reason: str | None
    silenced_by: str | None
    closed_at: dt.datetime | None
    closed_by: str | None
    refreshed_at: dt.datetime | None
    negative: int
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class EventPoint:
    start: dt.datetime
    documents: int
    negative: int


@dataclass(frozen=True, slots=True)
class EventVolume:
    """``step`` is an hour for young events, else a day of Shanghai."""

    step: dt.timedelta
    points: tuple[EventPoint, ...]


@dataclass(frozen=True, slots=True)
class EventLogLine:
    at: dt.datetime
    actor: str
    action: str
    text: str


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A merge into the event or a split out of it that can still be taken back; ``other`` names the other event."""

    id: int
    kind: EventDecisionKind
    other_id: int
    other: str
    stories: int
    at: dt.datetime


def find_event(session: Session, event_id: int) -> EventRecord | None:
    found = session.execute(event_rows().where(Event.id == event_id)).one_or_none()
    if found is None:
        return None
    event: Event = found[0]
    names = _names(session, [event.silenced_by, event.closed_by])
    return EventRecord(
        row=event_row(found),
        summary=event.summary,
        employers=tuple(event.employers),
        merged_into_id=event.merged_into_id,
        silence_reason=event.silence_reason,
        silenced_by=names.get(event.silenced_by or 0),
        closed_at=event.closed_at,
        closed_by=names.get(event.closed_by or 0),
        refreshed_at=event.refreshed_at,
        negative=event.negative,
        detail=event.detail,
    )


def survivor(session: Session, event_id: int) -> int:
    """Follow merges to the event that holds the stories today."""
    seen = {event_id}
    while True:
        into = session.scalar(select(Event.merged_into_id).where(Event.id == event_id))
        if into is None or into in seen:
            return event_id
        seen.add(into)
        event_id = into


def event_volume(
    session: Session, event_id: int, first: dt.datetime, now: dt.datetime
) -> EventVolume:
    """Give every hour or day from the first document to now, empty ones too."""
    by_day = now - first > LONGEST_BY_HOUR
    step = DAY if by_day else HOUR
    unit = (
        func.date_trunc("day", EventHour.hour, "Asia/Shanghai")
        if by_day
        else func.date_trunc("hour", EventHour.hour)
    )
    since = max(first, now - LONGEST_BY_DAY)
    rows = session.execute(
        select(unit, func.sum(EventHour.documents), func.sum(EventHour.negative))
        .where(EventHour.event_id == event_id, EventHour.hour >= since - step)
        .group_by(unit)
        .order_by(unit)
    )
    counted = {start: (int(documents), int(negative)) for start, documents, negative in rows}
    if not counted:
        return EventVolume(step, ())
    start, points = min(counted), []
    while start <= now:
        points.append(EventPoint(start, *counted.get(start, (0, 0))))
        start += step
    return EventVolume(step, tuple(points))


def event_log(session: Session, event_id: int) -> list[EventLogLine]:
    """List what happened to the event, the oldest first."""
    entries = session.scalars(
        select(EventEntry)
        .where(EventEntry.event_id == event_id)
        .order_by(EventEntry.at.desc(), EventEntry.id.desc())
        .limit(MOST_ENTRIES)
    ).all()
    ids = [_person(entry.actor) for entry in entries]
    names = _names(session, ids)
    return [
        EventLogLine(entry.at, names.get(id_ or 0, "系统"), entry.action, entry.text)
        for entry, id_ in zip(reversed(entries), reversed(ids), strict=True)
    ]


def open_decisions(session: Session, event_id: int) -> list[DecisionLine]:
    """List the latest merges and splits of the event that were not undone, the newest first."""
    given, taker = aliased(Event), aliased(Event)
    merged, parted = EventDecisionKind.MERGE.value, EventDecisionKind.SPLIT.value
    rows = session.execute(
        select(EventDecision, given.title, taker.title)
        .join(given, given.id == EventDecision.event_id)
        .join(taker, taker.id == EventDecision.other_id)
        .where(
            EventDecision.undone_at.is_(None),
            or_(
                (EventDecision.kind == merged) & (EventDecision.other_id == event_id),
                (EventDecision.kind == parted) & (EventDecision.event_id == event_id),
            ),
        )
        .order_by(EventDecision.at.desc(), EventDecision.id.desc())
        .limit(MOST_DECISIONS)
    )
    lines = []
    for decision, gave, took in rows:
        is_merge = decision.kind == merged
        lines.append(
            DecisionLine(
                id=decision.id,
                kind=EventDecisionKind(decision.kind),
                other_id=decision.event_id if is_merge else decision.other_id,
                other=gave if is_merge else took,
                stories=len(decision.story_ids),
                at=decision.at,
            )
        )
    return lines


def present_event(session: Session, event_id: int | None) -> tuple[int, str] | None:
    """Give id and title of the event a document is counted with today."""
    if event_id is None:
        return None
    found = session.execute(
        select(Event.id, Event.title).where(Event.id == survivor(session, event_id))
    ).one_or_none()
    return (found[0], found[1]) if found else None


def event_of_alert(session: Session, alert_id: int) -> tuple[int, str] | None:
    """Give id and title of the event an alert is about: its own, else the one of its first document."""
    found = session.scalar(
        select(func.coalesce(Alert.event_id, Document.event_id))
        .outerjoin(Match, Match.alert_id == Alert.id)
        .outerjoin(Document, Document.id == Match.document_id)
        .where(Alert.id == alert_id)
        .order_by(Document.event_id.is_(None), Match.id)
        .limit(1)
    )
    return present_event(session, found)


def _person(actor: str) -> int | None:
    number = actor.removeprefix(PERSON)
    return int(number) if actor.startswith(PERSON) and number.isdigit() else None


def _names(session: Session, ids: Sequence[int | None]) -> dict[int, str]:
    wanted = {id_ for id_ in ids if id_ is not None}
    if not wanted:
        return {}
    return dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted))).all())
