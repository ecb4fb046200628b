"""The sources as the console lists them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document, Source, SourceHour
from core.source_health import SourceHealth, health
from crawlers.source_types import SOURCE_TYPES

RATE_OVER = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """``delay_s`` is how late texts of the last day arrived, at the median; None when there were none.

    ``error_rate`` is the share of failed visits and pages of the last day; None when there were none.
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
    error_rate: float | None
    legal_basis: str | None
    is_demo: bool


@dataclass(frozen=True, slots=True)
class _Tally:
    items_last_hour: int = 0
    items_last_day: int = 0
    error_rate: float | None = None


def list_sources(session: Session, now: dt.datetime) -> list[SourceRow]:
    """Give all sources: failing ones first, then by name."""
    rows = _rows(session, session.scalars(select(Source)).all(), now)
    order = list(SourceHealth)
    trouble_first = {SourceHealth.FAILING: -2, SourceHealth.SILENT: -1}
    return sorted(
        rows, key=lambda row: (trouble_first.get(row.health, order.index(row.health)), row.name)
    )


def source_row(session: Session, source_id: int, now: dt.datetime) -> SourceRow | None:
    source = session.get(Source, source_id)
    return _rows(session, [source], now)[0] if source is not None else None


def _rows(session: Session, sources: Sequence[Source], now: dt.datetime) -> list[SourceRow]:
    ids = [source.id for source in sources]
    tallies, delays = _tallies(session, ids, now), _delays(session, ids, now)
    return [
        _row(source, tallies.get(source.id, _Tally()), delays.get(source.id), now)
        for source in sources
    ]


def _row(source: Source, tally: _Tally, delay_s: float | None, now: dt.datetime) -> SourceRow:
    kind_label = (
        SOURCE_TYPES.load(source.kind).label if source.kind in SOURCE_TYPES else source.kind
    )
    return SourceRow(
        id=source.id, name=source.name, kind=source.kind, kind_label=kind_label, url=source.url,
        platform=source.platform, level=source.level, state=source.state,
        health=health(source, now), failure_reason=source.failure_reason,
        failures=source.failures, last_item_at=source.last_item_at,
        succeeded_at=source.succeeded_at, visited_at=source.visited_at, due_at=source.due_at,
        interval_s=source.interval_s, delay_s=delay_s, items_last_hour=tally.items_last_hour,
        items_last_day=tally.items_last_day, error_rate=tally.error_rate,
        legal_basis=source.legal_basis, is_demo=source.is_demo,
    )  # fmt: skip


def _tallies(session: Session, ids: Sequence[int], now: dt.datetime) -> dict[int, _Tally]:
    last_hour = now - dt.timedelta(hours=1)
    recent = select(Document.source_id, func.count()).where(
        Document.source_id.in_(ids), Document.ingested_at > last_hour
    )
    counted = session.execute(recent.group_by(Document.source_id))
    per_hour: dict[int, int] = {row[0]: row[1] for row in counted}
    items: dict[int, int] = {}
    visits: dict[int, int] = {}
    failures: dict[int, int] = {}
    hours = select(SourceHour).where(
        SourceHour.source_id.in_(ids), SourceHour.hour > now - RATE_OVER
    )
    for hour in session.scalars(hours):
        failed = sum(count for count in hour.failures.values() if isinstance(count, int))
        items[hour.source_id] = items.get(hour.source_id, 0) + hour.new
        visits[hour.source_id] = visits.get(hour.source_id, 0) + max(hour.visits, failed)
        failures[hour.source_id] = failures.get(hour.source_id, 0) + failed
    return {
        source: _Tally(
            per_hour.get(source, 0),
            items.get(source, 0),
            failures[source] / visits[source] if visits.get(source) else None,
        )
        for source in set(items) | set(per_hour)
    }


def _delays(session: Session, ids: Sequence[int], now: dt.datetime) -> dict[int, float]:
    lateness = func.extract("epoch", Document.ingested_at - Document.published_at)
    statement = (
        select(Document.source_id, func.percentile_cont(0.5).within_group(lateness))
        .where(
            Document.source_id.in_(ids),
            Document.ingested_at > now - RATE_OVER,
            Document.has_bad_time.is_(False),
        )
        .group_by(Document.source_id)
    )
    return {source: max(0.0, float(delay)) for source, delay in session.execute(statement)}
