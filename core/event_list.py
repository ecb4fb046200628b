"""The list of events: filters, one page of rows, and counts beside every filter."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import (
    ColumnElement,
    Float,
    Row,
    Select,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from core.database.models.collecting import Document, Source
from core.database.models.organisation import Person
from core.database.models.understanding import Event, EventHour, EventStatus

HIGH_HEAT, MIDDLE_HEAT = 60.0, 30.0
MOSTLY_NEGATIVE, PARTLY_NEGATIVE = 0.5, 0.2
FEWEST_FOR_SHARE = 5
"""Shares of fewer documents are not told (design.md: below five, "<5")."""

SPARK_SPAN = dt.timedelta(hours=72)
SPARK_STEP = dt.timedelta(hours=6)
FACET_SIZE = 12
NOBODY = 0
SILENCED = "silenced"
LONGEST_TEXT = 100


EventSelect: TypeAlias = Select[
    Event, float | None, float | None, str | None, str | None, str | None, str | None, str | None
]
EventColumns: TypeAlias = Row[
    Event, float | None, float | None, str | None, str | None, str | None, str | None, str | None
]


class EventSort(StrEnum):
    HEAT = "heat"
    CHANGE = "change"
    LATEST = "latest"


class HeatLevel(StrEnum):
    HIGH = "high"
    MIDDLE = "middle"
    LOW = "low"


class NegativeLevel(StrEnum):
    MOSTLY = "mostly"
    PARTLY = "partly"
    HARDLY = "hardly"
    TOO_FEW = "too_few"


class EventFacet(StrEnum):
    """The filters that can be counted; each is a field of ``EventQuery``."""

    TOPIC = "topics"
    REGION = "regions"
    HEAT = "heat"
    NEGATIVE = "negative"
    OWNER = "owners"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Values of one filter widen it, filters narrow each other.

    Without ``statuses`` all that are not closed are listed. Merged events never are, silenced ones only with
    ``is_silenced``. ``owners`` may hold NOBODY. ``active_since`` asks for a document from then on.
    """

    text: str = ""
    statuses: tuple[EventStatus, ...] = ()
    topics: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    heat: tuple[HeatLevel, ...] = ()
    negative: tuple[NegativeLevel, ...] = ()
    owners: tuple[int, ...] = ()
    active_since: dt.datetime | None = None
    least_documents: int = 1
    is_silenced: bool = False
    sort: EventSort = EventSort.HEAT
    limit: int = 25
    offset: int = 0


@dataclass(frozen=True, slots=True)
class EventRow:
    """``low`` and ``high`` bound 80 % of the hotness; ``change`` is in points since ``changed_since``.

    ``negative_share`` is None below five documents.
    ``volume`` counts the documents of the last 72 hours in steps of six, the latest at the end.
    """

    id: int
    title: str
    status: EventStatus
    status_since: dt.datetime | None
    hotness: float
    low: float | None
    high: float | None
    change: float
    change_is_clear: bool
    changed_since: dt.datetime | None
    measured_at: dt.datetime | None
    documents: int
    stories: int
    sources: int
    negative_share: float | None
    topics: tuple[str, ...]
    regions: tuple[str, ...]
    first_publisher: str | None
    first_published_at: dt.datetime
    last_published_at: dt.datetime
    owner_id: int | None
    owner: str | None
    silenced_until: dt.datetime | None
    outcome: str | None
    version: int
    is_demo: bool
    volume: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetCount:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class EventCounts:
    """``by_status`` leaves silenced events out; every filter is counted without itself."""

    total: int
    by_status: Mapping[EventStatus, int]
    silenced: int
    facets: Mapping[EventFacet, tuple[FacetCount, ...]]


def list_events(session: Session, query: EventQuery, now: dt.datetime) -> list[EventRow]:
    """Give one page, the volume of each event included; the order never depends on chance."""
    # The page is cut before anything is joined, so that far pages cost little more than near ones.
    page = (
        select(Event.id)
        .where(*_base(query), _state(now).in_(_states(query)), *_conditions(query).values())
        .order_by(_order(query.sort), Event.id.desc())
        .limit(query.limit)
        .offset(query.offset)
    )
    statement = (
        event_rows()
        .where(Event.id.in_(page.scalar_subquery()))
        .order_by(_order(query.sort), Event.id.desc())
    )
    rows = [event_row(row) for row in session.execute(statement)]
    volumes = _volumes(session, [row.id for row in rows], now)
    return [replace(row, volume=volumes[row.id]) for row in rows]


def event_rows() -> EventSelect:
    """Select what ``event_row`` reads, for further conditions."""
    hotness = Event.detail["hotness"]
    return (
        select(
            Event,
            cast(hotness["low"].astext, Float),
            cast(hotness["high"].astext, Float),
            hotness["change_is_clear"].astext,
            hotness["before_at"].astext,
            hotness["at"].astext,
            func.coalesce(Document.outlet, Source.name),
            Person.name,
        )
        .outerjoin(Document, Document.id == Event.first_document_id)
        .outerjoin(Source, Source.id == Document.source_id)
        .outerjoin(Person, Person.id == Event.owner_id)
    )


def event_row(row: EventColumns) -> EventRow:
    event, low, high, is_clear, before_at, at, publisher, owner = row
    return EventRow(
        id=event.id,
        title=event.title,
        status=EventStatus(event.status),
        status_since=event.status_since,
        hotness=event.hotness,
        low=low,
        high=high,
        change=event.hotness_change,
        change_is_clear=is_clear == "true",
        changed_since=dt.datetime.fromisoformat(before_at) if before_at else None,
        measured_at=dt.datetime.fromisoformat(at) if at else None,
        documents=event.documents,
        stories=event.stories,
        sources=event.sources,
        negative_share=event.negative / event.documents
        if event.documents >= FEWEST_FOR_SHARE
        else None,
        topics=tuple(event.topics),
        regions=tuple(event.regions),
        first_publisher=publisher,
        first_published_at=event.first_published_at,
        last_published_at=event.last_published_at,
        owner_id=event.owner_id,
        owner=owner,
        silenced_until=event.silenced_until,
        outcome=event.outcome,
        version=event.version,
        is_demo=event.is_demo,
    )


def _volumes(session: Session, ids: Sequence[int], now: dt.datetime) -> dict[int, tuple[int, ...]]:
    steps = SPARK_SPAN // SPARK_STEP
    found = {id_: [0] * steps for id_ in ids}
    since = now - SPARK_SPAN
    slot = func.floor(func.extract("epoch", EventHour.hour - since) / SPARK_STEP.total_seconds())
    counted = session.execute(
        select(EventHour.event_id, slot, func.sum(EventHour.documents))
        .where(EventHour.event_id.in_(ids), EventHour.hour >= since, EventHour.hour < now)
        .group_by(EventHour.event_id, slot)
    )
    for event_id, place, documents in counted:
        found[event_id][min(int(place), steps - 1)] += int(documents)
    return {id_: tuple(values) for id_, values in found.items()}


def count_events(session: Session, query: EventQuery, now: dt.datetime) -> EventCounts:
    """Count the whole list and what each further choice would give; a filter is counted without itself."""
    total, states = 0, Counter[str]()
    heats, negatives, owners = Counter[str](), Counter[str](), Counter[str]()
    wanted = frozenset(_states(query))
    for state, heat, negative, owner, count in _cells(session, query, now):
        is_state, is_heat = state in wanted, not query.heat or heat in query.heat
        is_negative = not query.negative or negative in query.negative
        is_owner = not query.owners or owner in query.owners
        if is_heat and is_negative and is_owner:
            states[state] += count
            total += count if is_state else 0
        if is_state and is_negative and is_owner:
            heats[heat] += count
        if is_state and is_heat and is_owner:
            negatives[negative] += count
        if is_state and is_heat and is_negative:
            owners[str(owner)] += count
    facets = {
        EventFacet.TOPIC: _within(session, query, now, EventFacet.TOPIC),
        EventFacet.REGION: _within(session, query, now, EventFacet.REGION),
        EventFacet.HEAT: heats,
        EventFacet.NEGATIVE: negatives,
        EventFacet.OWNER: owners,
    }
    return EventCounts(
        total=total,
        by_status={status: states[status.value] for status in EventStatus},
        silenced=states[SILENCED],
        facets={facet: _largest(counts) for facet, counts in facets.items()},
    )


def _cells(
    session: Session, query: EventQuery, now: dt.datetime
) -> Sequence[Row[str, str, str, int, int]]:
    """Count the events of the topics and places asked for by all else that they can differ in."""
    conditions = _conditions(query)
    asked = [conditions[one] for one in (EventFacet.TOPIC, EventFacet.REGION) if one in conditions]
    return session.execute(
        select(
            _state(now).label("state"),
            _heat().label("heat"),
            _negative().label("negative_level"),
            func.coalesce(Event.owner_id, NOBODY).label("owner"),
            func.count(),
        )
        .where(*_base(query), *asked)
        .group_by("state", "heat", "negative_level", "owner")
    ).all()


def _within(
    session: Session, query: EventQuery, now: dt.datetime, facet: EventFacet
) -> Counter[str]:
    """Count the topics or places of the events that meet everything else."""
    column = Event.topics if facet is EventFacet.TOPIC else Event.regions
    others = [one for name, one in _conditions(query).items() if name is not facet]
    rows = session.execute(
        select(func.unnest(column).label("value"), func.count())
        .where(*_base(query), _state(now).in_(_states(query)), *others)
        .group_by("value")
    )
    return Counter(dict(rows.all()))


def _largest(counts: Mapping[str, int]) -> tuple[FacetCount, ...]:
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(FacetCount(value, count) for value, count in ranked[:FACET_SIZE])


def _order(sort: EventSort) -> ColumnElement[float] | ColumnElement[dt.datetime]:
    match sort:
        case EventSort.HEAT:
            return Event.hotness.desc()
        case EventSort.CHANGE:
            return Event.hotness_change.desc()
        case EventSort.LATEST:
            return Event.last_published_at.desc()


def _base(query: EventQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Event.merged_into_id.is_(None)]
    if query.least_documents > 1:
        conditions.append(Event.documents >= query.least_documents)
    if query.active_since is not None:
        conditions.append(Event.last_published_at >= query.active_since)
    conditions.extend(
        or_(
            Event.title.icontains(word, autoescape=True),
            func.array_to_string(Event.employers, " ").icontains(word, autoescape=True),
        )
        for word in query.text[:LONGEST_TEXT].split()
    )
    return conditions


def _conditions(query: EventQuery) -> dict[EventFacet, ColumnElement[bool]]:
    """Give what each filter asks for; one that asks for nothing is left out."""
    found: dict[EventFacet, ColumnElement[bool]] = {}
    if query.topics:
        found[EventFacet.TOPIC] = Event.topics.overlap(_texts(query.topics))
    if query.regions:
        found[EventFacet.REGION] = Event.regions.overlap(_texts(query.regions))
    if query.heat:
        found[EventFacet.HEAT] = _heat().in_(query.heat)
    if query.negative:
        found[EventFacet.NEGATIVE] = _negative().in_(query.negative)
    if query.owners:
        found[EventFacet.OWNER] = func.coalesce(Event.owner_id, NOBODY).in_(query.owners)
    return found


def _states(query: EventQuery) -> list[str]:
    if query.is_silenced:
        return [SILENCED]
    going_on = (status for status in EventStatus if status is not EventStatus.CLOSED)
    return [status.value for status in query.statuses or going_on]


def _texts(values: Sequence[str]) -> ColumnElement[object]:
    return cast(list(values), ARRAY(Text))


def _state(now: dt.datetime) -> ColumnElement[str]:
    return case((Event.silenced_until > now, SILENCED), else_=Event.status)


def _heat() -> ColumnElement[str]:
    return case(
        (Event.hotness >= HIGH_HEAT, HeatLevel.HIGH.value),
        (Event.hotness >= MIDDLE_HEAT, HeatLevel.MIDDLE.value),
        else_=HeatLevel.LOW.value,
    )


def _negative() -> ColumnElement[str]:
    return case(
        (Event.documents < FEWEST_FOR_SHARE, NegativeLevel.TOO_FEW.value),
        (Event.negative >= MOSTLY_NEGATIVE * Event.documents, NegativeLevel.MOSTLY.value),
        (Event.negative >= PARTLY_NEGATIVE * Event.documents, NegativeLevel.PARTLY.value),
        else_=NegativeLevel.HARDLY.value,
    )
