"""The list of events: filters, one page of rows, and counts beside every filter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import (
    ColumnElement,
    Float,
    Row,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
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
LONGEST_TEXT = 100


EventSelect: TypeAlias = Select[
    Event, float | None, float | None, str | None, str | None, str | None
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
    """``low`` and ``high`` bound 80 % of the hotness; ``negative_share`` is None below five documents.

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
    conditions = _conditions(query, now)
    statement = (
        event_rows()
        .where(*_base(query), *conditions.values())
        .order_by(_order(query.sort), Event.id.desc())
        .limit(query.limit)
        .offset(query.offset)
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
            func.coalesce(Document.outlet, Source.name),
            Person.name,
        )
        .outerjoin(Document, Document.id == Event.first_document_id)
        .outerjoin(Source, Source.id == Document.source_id)
        .outerjoin(Person, Person.id == Event.owner_id)
    )


def event_row(
    row: Row[Event, float | None, float | None, str | None, str | None, str | None],
) -> EventRow:
    event, low, high, is_clear, publisher, owner = row
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
    """Count the whole list and what each further choice would give, in one pass over the events."""
    conditions = _conditions(query, now)
    flags = {facet: condition.label(f"in_{facet}") for facet, condition in conditions.items()}
    base = (
        select(
            Event.status, _is_silenced(now).label("is_silenced"), Event.topics, Event.regions,
            _heat().label("heat"), _negative().label("negative"),
            cast(func.coalesce(Event.owner_id, NOBODY), Text).label("owner"), *flags.values(),
        )
        .where(*_base(query))
        .cte("base")
    )  # fmt: skip

    def others(facet: str) -> ColumnElement[bool]:
        return and_(*(base.c[f"in_{name}"] for name in flags if name != facet))

    parts = [
        select(
            literal("status").label("kind"),
            case((base.c.is_silenced, "silenced"), else_=base.c.status).label("value"),
            func.count().label("documents"),
        )
        .where(others("status"))
        .group_by("value")
    ]
    for facet, column in (
        (EventFacet.TOPIC, func.unnest(base.c.topics)),
        (EventFacet.REGION, func.unnest(base.c.regions)),
        (EventFacet.HEAT, base.c.heat),
        (EventFacet.NEGATIVE, base.c.negative),
        (EventFacet.OWNER, base.c.owner),
    ):
        parts.append(
            select(literal(facet.value).label("kind"), column.label("value"), func.count())
            .where(others(facet.value))
            .group_by("value")
        )
    return _counts(session.execute(union_all(*parts)).all(), query)


def _counts(rows: Sequence[Row[str, str, int]], query: EventQuery) -> EventCounts:
    found: dict[str, list[FacetCount]] = {}
    for kind, value, count in rows:
        found.setdefault(kind, []).append(FacetCount(value, count))
    by_value = {one.value: one.count for one in found.get("status", [])}
    by_status = {status: by_value.get(status.value, 0) for status in EventStatus}
    silenced = by_value.get("silenced", 0)
    listed = query.statuses or tuple(set(EventStatus) - {EventStatus.CLOSED})
    return EventCounts(
        total=silenced if query.is_silenced else sum(by_status[status] for status in listed),
        by_status=by_status,
        silenced=silenced,
        facets={facet: _largest(found.get(facet.value, ())) for facet in EventFacet},
    )


def _largest(counts: Sequence[FacetCount]) -> tuple[FacetCount, ...]:
    return tuple(sorted(counts, key=lambda one: (-one.count, one.value))[:FACET_SIZE])


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


def _conditions(query: EventQuery, now: dt.datetime) -> dict[str, ColumnElement[bool]]:
    """Give what each filter asks for, the status among them."""
    silenced = _is_silenced(now)
    if query.is_silenced:
        status = silenced
    elif query.statuses:
        status = and_(Event.status.in_([one.value for one in query.statuses]), ~silenced)
    else:
        status = and_(Event.status != EventStatus.CLOSED.value, ~silenced)
    true = literal(value=True)
    return {
        "status": status,
        EventFacet.TOPIC: Event.topics.overlap(_texts(query.topics)) if query.topics else true,
        EventFacet.REGION: Event.regions.overlap(_texts(query.regions)) if query.regions else true,
        EventFacet.HEAT: _heat().in_(query.heat) if query.heat else true,
        EventFacet.NEGATIVE: _negative().in_(query.negative) if query.negative else true,
        EventFacet.OWNER: func.coalesce(Event.owner_id, NOBODY).in_(query.owners)
        if query.owners
        else true,
    }


def _texts(values: Sequence[str]) -> ColumnElement[object]:
    return cast(list(values), ARRAY(Text))


def _is_silenced(now: dt.datetime) -> ColumnElement[bool]:
    return func.coalesce(Event.silenced_until > now, False)


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
