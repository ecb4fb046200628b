"""The sources as the console lists them: chosen and ordered in the database, a page at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, case, cast, func, literal, select
from sqlalchemy.orm import Session

from core.coverage import KNOWN_SHARE
from core.coverage_delay import median_delays
from core.database.models.collecting import Document, Source, SourceHour
from core.source_health import SourceHealth, health, health_column
from crawlers.source_types import SOURCE_TYPES

RATE_OVER = dt.timedelta(hours=24)
AT_ONCE = 50
_HOUR = dt.timedelta(hours=1)
_ORDER = (
    SourceHealth.FAILING, SourceHealth.SILENT, SourceHealth.DEGRADED, SourceHealth.OK, SourceHealth.PAUSED,
)  # fmt: skip


class SourceOrder(StrEnum):
    TROUBLE = "trouble"
    NAME = "name"
    LAST_ITEM = "last_item"


@dataclass(frozen=True, slots=True)
class SourceQuery:
    """``text`` is part of a name or an address; ``limit`` None gives all."""

    text: str = ""
    health: SourceHealth | None = None
    kind: str = ""
    level: str = ""
    order: SourceOrder = SourceOrder.TROUBLE
    offset: int = 0
    limit: int | None = AT_ONCE


@dataclass(frozen=True, slots=True)
class SourceRow:
    """``delay_s`` is how late texts of the last day arrived, at the median; None when there were none.

    ``error_rate`` is the share of failed visits and pages of the last day; None when there were none.
    ``expected_last_day`` is what was usual for the hours in which ``items_last_day`` came; None when nothing was
    known to be usual.
    """

    id: int
    name: str
    kind: str
    kind_label: str
    url: str | None
    platform: str
    level: str
    state: str
    health: SourceHealth
    failure_reason: str | None
    failures: int
    last_item_at: dt.datetime | None
    succeeded_at: dt.datetime | None
    visited_at: dt.datetime | None
    due_at: dt.datetime | None
    interval_s: int
    delay_s: float | None
    items_last_hour: int
    items_last_day: int
    expected_last_day: float | None
    error_rate: float | None
    silent_since: dt.datetime | None
    degraded_since: dt.datetime | None
    legal_basis: str | None
    is_demo: bool


@dataclass(frozen=True, slots=True)
class FoundSources:
    """One page; ``found`` counts what the query finds, ``counts`` all sources by their health."""

    rows: tuple[SourceRow, ...]
    found: int
    counts: Mapping[SourceHealth, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class _Tally:
    items: int = 0
    expected: float | None = None
    error_rate: float | None = None


def find_sources(session: Session, query: SourceQuery, now: dt.datetime) -> FoundSources:
    judged = health_column(now)
    where = _conditions(query, judged)
    found = session.scalar(select(func.count()).select_from(Source).where(*where)) or 0
    chosen = select(Source).where(*where).order_by(*_order(query.order, judged))
    sources = session.scalars(chosen.offset(query.offset).limit(query.limit)).all()
    grouped = session.execute(select(judged.label("health"), func.count()).group_by("health"))
    counts = {SourceHealth(name): number for name, number in grouped}
    return FoundSources(tuple(_rows(session, sources, now)), found, counts)


def list_sources(session: Session, now: dt.datetime) -> list[SourceRow]:
    """Give all sources: failing ones first, then by name."""
    return list(find_sources(session, SourceQuery(limit=None), now).rows)


def source_row(session: Session, source_id: int, now: dt.datetime) -> SourceRow | None:
    source = session.get(Source, source_id)
    return _rows(session, [source], now)[0] if source is not None else None


def _conditions(query: SourceQuery, judged: ColumnElement[str]) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if query.text:
        named = Source.name.icontains(query.text, autoescape=True)
        where.append(named | Source.url.icontains(query.text, autoescape=True))
    if query.health is not None:
        where.append(judged == query.health.value)
    if query.kind:
        where.append(Source.kind == query.kind)
    if query.level:
        where.append(Source.level == query.level)
    return where


# SQLAlchemy has no one type for a column, a collated and a descending one.
def _order(order: SourceOrder, judged: ColumnElement[str]) -> list[Any]:
    # By code point: the database's collation differs between machines.
    by_name: list[Any] = [Source.name.collate("C"), Source.id]
    match order:
        case SourceOrder.NAME:
            return by_name
        case SourceOrder.LAST_ITEM:
            return [Source.last_item_at.asc().nulls_first(), *by_name]
        case SourceOrder.TROUBLE:
            places = {name.value: place for place, name in enumerate(_ORDER)}
            return [case(places, value=judged), *by_name]


def _rows(session: Session, sources: Sequence[Source], now: dt.datetime) -> list[SourceRow]:
    ids = [source.id for source in sources]
    if not ids:
        return []
    tallies, recent = _tallies(session, ids, now), _recent(session, ids, now)
    delays = median_delays(session, now - RATE_OVER, now, ids)
    return [
        _row(
            source, tallies.get(source.id, _Tally()), now,
            delay_s=delays.get(source.id), items_last_hour=recent.get(source.id, 0),
        )
        for source in sources
    ]  # fmt: skip


def _row(
    source: Source,
    tally: _Tally,
    now: dt.datetime,
    *,
    delay_s: float | None,
    items_last_hour: int,
) -> SourceRow:
    kind_label = (
        SOURCE_TYPES.load(source.kind).label if source.kind in SOURCE_TYPES else source.kind
    )
    return SourceRow(
        id=source.id, name=source.name, kind=source.kind, kind_label=kind_label, url=source.url,
        platform=source.platform, level=source.level, state=source.state,
        health=health(source, now), failure_reason=source.failure_reason,
        failures=source.failures, last_item_at=source.last_item_at,
        succeeded_at=source.succeeded_at, visited_at=source.visited_at, due_at=source.due_at,
        interval_s=source.interval_s, delay_s=delay_s, items_last_hour=items_last_hour,
        items_last_day=tally.items, expected_last_day=tally.expected,
        error_rate=tally.error_rate, silent_since=source.silent_since,
        degraded_since=source.degraded_since, legal_basis=source.legal_basis,
        is_demo=source.is_demo,
    )  # fmt: skip


def _recent(session: Session, ids: Sequence[int], now: dt.datetime) -> dict[int, int]:
    counted = session.execute(
        select(Document.source_id, func.count())
        .where(Document.ingested_at > now - _HOUR, Document.source_id.in_(ids))
        .group_by(Document.source_id)
    )
    return {row[0]: row[1] for row in counted}


def _tallies(session: Session, ids: Sequence[int], now: dt.datetime) -> dict[int, _Tally]:
    causes = func.jsonb_each_text(SourceHour.failures).table_valued("key", "value")
    failed = (
        select(func.coalesce(func.sum(cast(causes.c.value, Integer)), 0))
        .select_from(causes)
        .scalar_subquery()
    )
    # Of the running hour, as far as it has come.
    passed = func.least(1.0, func.extract("epoch", literal(now) - SourceHour.hour) / 3600)
    is_known = func.count(SourceHour.expected) >= KNOWN_SHARE * func.count()
    tried = func.sum(func.greatest(SourceHour.visits, failed))
    found = session.execute(
        select(
            SourceHour.source_id,
            func.sum(SourceHour.new),
            case((is_known, func.sum(SourceHour.expected * passed))),
            func.sum(failed) / func.nullif(cast(tried, Double), 0),
        )
        .where(SourceHour.source_id.in_(ids), SourceHour.hour > now - RATE_OVER)
        .group_by(SourceHour.source_id)
    )
    return {
        id_: _Tally(int(items), expected, None if rate is None else float(rate))
        for id_, items, expected, rate in found
    }
