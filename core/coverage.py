"""What the coverage ledger says of a period: each source's expected and real yield, its failures, its gaps.

A gap is an hour that was to be watched and that no successful visit covers; a visit covers the two intervals of its
source that follow it, in whole hours. The running hour is never a gap. Periods are whole hours of the ledger.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Interval,
    Subquery,
    case,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.orm import Session

from core.database.models.collecting import Source, SourceHour, SourceUsual
from core.source_health import SourceHealth, health_column, is_watched

HOUR = dt.timedelta(hours=1)
LOOK_BACK = dt.timedelta(hours=24)
# Two intervals of this make one hour.
HOURLY_S = 1800
KNOWN_SHARE = 0.9
"""In so many of the hours it must be known what was usual, or nothing is called expected."""


@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """Counts of some hours. ``expected`` is None when too little was known to be usual; so is ``quality`` without pages."""

    expected: float | None = None
    seen: int = 0
    new: int = 0
    duplicates: int = 0
    visits: int = 0
    succeeded: int = 0
    pages: int = 0
    quality: float | None = None
    gaps_h: int = 0


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """One source in a period; ``state``, ``health`` and what follows it are of now."""

    id: int
    name: str
    kind: str
    state: str
    health: SourceHealth
    failure_reason: str | None
    last_item_at: dt.datetime | None
    succeeded_at: dt.datetime | None
    silent_since: dt.datetime | None
    degraded_since: dt.datetime | None
    usual_quality: float | None
    totals: LedgerTotals
    failures: Mapping[str, int]


def hour_of(moment: dt.datetime) -> dt.datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def read_coverage(
    session: Session, since: dt.datetime, until: dt.datetime, now: dt.datetime
) -> list[SourceCoverage]:
    """Give all watched sources that existed in the hours of ``[since, until)``, by name."""
    since, until = hour_of(since), min(until, now)
    failures = failures_by_cause(session, since, until)
    totals = _totals_of_period(since, until, now)
    found = session.execute(
        select(
            Source.id, Source.name, Source.kind, Source.state, health_column(now).label("health"),
            Source.failure_reason, Source.last_item_at, Source.succeeded_at, Source.silent_since,
            Source.degraded_since, SourceUsual.quality.label("usual_quality"), *totals.c,
        )
        .outerjoin(SourceUsual, SourceUsual.source_id == Source.id)
        .outerjoin(totals, totals.c.source_id == Source.id)
        .where(is_watched(), Source.created_at < until)
    )  # fmt: skip
    sources = [
        SourceCoverage(
            id=row.id, name=row.name, kind=row.kind, state=row.state,
            health=SourceHealth(row.health), failure_reason=row.failure_reason,
            last_item_at=row.last_item_at, succeeded_at=row.succeeded_at,
            silent_since=row.silent_since, degraded_since=row.degraded_since,
            usual_quality=row.usual_quality, failures=failures.get(row.id, {}),
            totals=LedgerTotals() if row.source_id is None else LedgerTotals(
                row.expected, row.seen, row.new, row.duplicates, row.visits, row.succeeded,
                row.pages, row.quality / row.pages if row.pages else None, row.gaps_h,
            ),
        )
        for row in found
    ]  # fmt: skip
    # By code point: the database's collation differs between machines.
    return sorted(sources, key=lambda source: source.name)


def ledger_rows(
    since: dt.datetime,
    until: dt.datetime,
    now: dt.datetime,
    source_ids: Sequence[int] | None = None,
) -> Subquery:
    """Select the ledger's rows of ``[since, until)`` with ``is_gap``, and earlier ones whose visits still cover them."""
    period = (SourceHour.hour >= since - LOOK_BACK, SourceHour.hour < until)
    if source_ids is None:
        row: FromClause = select(SourceHour).where(*period).subquery()
    else:
        # For a few sources their own rows are sought one source after the other; without OFFSET the planner would
        # rather read all rows of these hours.
        own = select(SourceHour).where(SourceHour.source_id == Source.id, *period)
        row = own.offset(0).lateral()
    column = row.c
    answered = func.max(case((column.succeeded > 0, column.hour))).over(
        partition_by=column.source_id, order_by=column.hour
    )
    patience = _patience_hours() * cast("1 hour", Interval)
    covered = func.coalesce(
        answered > column.hour - patience,
        # Nothing in the look-back: only a rarely visited source may still be covered, by its latest visit.
        (patience > LOOK_BACK) & (Source.succeeded_at > column.hour - patience),
        False,
    )
    is_gap = (~covered & (column.hour <= literal(now - HOUR))).label("is_gap")
    # What is visited more often than each hour is covered by the hour itself.
    is_needed = (column.hour >= since) | (Source.interval_s > HOURLY_S)
    statement = select(*column, is_gap).select_from(Source)
    statement = statement.join(row, column.source_id == Source.id).where(is_needed)
    if source_ids is not None:
        statement = statement.where(Source.id.in_(source_ids))
    return statement.subquery()


def _patience_hours() -> ColumnElement[int]:
    """Give for how many hours a visit covers its source."""
    return func.greatest(1, cast(func.ceil(2 * Source.interval_s / 3600.0), Integer))


# The columns differ in type.
def sums(rows: Subquery) -> list[ColumnElement[Any]]:
    """Give the sums over some rows of the ledger, each under its column's name."""
    column = rows.c
    return [
        # The sum of a few hours would pass for that of all.
        case(
            (func.count(column.expected) >= KNOWN_SHARE * func.count(), func.sum(column.expected))
        ).label("expected"),
        *(
            cast(func.sum(column[name]), BigInteger).label(name)
            for name in ("seen", "new", "duplicates", "visits", "succeeded", "pages")
        ),
        func.sum(column.quality).label("quality"),
        func.count().filter(column.is_gap).label("gaps_h"),
    ]


def _totals_of_period(since: dt.datetime, until: dt.datetime, now: dt.datetime) -> Subquery:
    rows = ledger_rows(since, until, now)
    return (
        select(rows.c.source_id, *sums(rows))
        .where(rows.c.hour >= since)
        .group_by(rows.c.source_id)
        .subquery()
    )


def failures_by_cause(
    session: Session,
    since: dt.datetime,
    until: dt.datetime,
    source_ids: Sequence[int] | None = None,
) -> dict[int, dict[str, int]]:
    """Sum the failures of each source by their cause, most frequent first."""
    each = func.jsonb_each_text(SourceHour.failures).table_valued("key", "value")
    number = cast(func.sum(cast(each.c.value, Integer)), BigInteger)
    statement = (
        select(SourceHour.source_id, each.c.key, number)
        .join(each, literal(value=True))
        .where(SourceHour.hour >= since, SourceHour.hour < until, SourceHour.failures != {})
        .group_by(SourceHour.source_id, each.c.key)
        .order_by(SourceHour.source_id, number.desc(), each.c.key)
    )
    if source_ids is not None:
        statement = statement.where(SourceHour.source_id.in_(source_ids))
    failures: dict[int, dict[str, int]] = defaultdict(dict)
    for source_id, cause, count in session.execute(statement):
        failures[source_id][cause] = count
    return dict(failures)
