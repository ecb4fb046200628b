"""How a source is doing, as one word that all pages, counts and reports agree on."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TypedDict

from sqlalchemy import ColumnElement, Interval, case, cast, func, literal, select
from sqlalchemy.orm import Session

from core.database.models.collecting import Source, SourceState

# A due source is visited at once; behind a slow or busy host it may wait a few of its intervals.
OVERDUE_AFTER = dt.timedelta(minutes=5)
OVERDUE_AFTER_INTERVALS = 4
OVERDUE_AT_MOST = dt.timedelta(hours=2)


class SourceHealth(StrEnum):
    """``SILENT`` covers both no new items for far longer than usual, and no visit although one was due."""

    OK = "ok"
    FAILING = "failing"
    SILENT = "silent"
    DEGRADED = "degraded"
    PAUSED = "paused"


class SourceCounts(TypedDict):
    ok: int
    failing: int
    silent: int
    degraded: int


def is_overdue(
    due_at: dt.datetime | None, visited_at: dt.datetime, interval_s: int, now: dt.datetime
) -> bool:
    """Tell whether a visit has not happened for far too long, be it that it was put off again and again.

    ``visited_at`` is the last visit, or when the source was added.
    """
    if due_at is None:
        return False
    patience = _patience(interval_s)
    return now - due_at > patience or now - visited_at > overdue_after(interval_s)


def overdue_after(interval_s: int) -> dt.timedelta:
    """Tell how long after a visit the next must have been, whenever it was due."""
    return 2 * dt.timedelta(seconds=interval_s) + _patience(interval_s)


def _patience(interval_s: int) -> dt.timedelta:
    interval = dt.timedelta(seconds=interval_s)
    return max(OVERDUE_AFTER, min(OVERDUE_AFTER_INTERVALS * interval, OVERDUE_AT_MOST))


def health(source: Source, now: dt.datetime) -> SourceHealth:
    """Judge one source; its silence and its quality are what the watch over the ledger last found."""
    if source.state == SourceState.PAUSED:
        return SourceHealth.PAUSED
    if source.state == SourceState.BLOCKED or source.failures or source.dead_at:
        return SourceHealth.FAILING
    visited_at = source.visited_at or source.created_at
    is_late = is_overdue(source.due_at, visited_at, source.interval_s, now)
    if source.silent_since is not None or is_late:
        return SourceHealth.SILENT
    return SourceHealth.OK if source.degraded_since is None else SourceHealth.DEGRADED


def health_column(now: dt.datetime) -> ColumnElement[str]:
    """Give what ``health`` says as an SQL expression over ``Source``."""
    intervals = OVERDUE_AFTER_INTERVALS * Source.interval_s
    patience_s = func.greatest(
        OVERDUE_AFTER.total_seconds(), func.least(intervals, OVERDUE_AT_MOST.total_seconds())
    )
    second = cast("1 second", Interval)
    visited_at = func.coalesce(Source.visited_at, Source.created_at)
    overdue = (Source.due_at < literal(now) - patience_s * second) | (
        Source.due_at.is_not(None)
        & (visited_at < literal(now) - (2 * Source.interval_s + patience_s) * second)
    )
    failing = (Source.state == SourceState.BLOCKED.value) | (Source.failures > 0)
    return case(
        (Source.state == SourceState.PAUSED.value, SourceHealth.PAUSED.value),
        (failing | Source.dead_at.is_not(None), SourceHealth.FAILING.value),
        (overdue | Source.silent_since.is_not(None), SourceHealth.SILENT.value),
        (Source.degraded_since.is_not(None), SourceHealth.DEGRADED.value),
        else_=SourceHealth.OK.value,
    )


def is_watched() -> ColumnElement[bool]:
    """Choose the sources that are waited for: not paused, and not files that a person brings in."""
    return (Source.state != SourceState.PAUSED.value) & Source.url.is_not(None)


def source_counts(session: Session, now: dt.datetime) -> SourceCounts:
    """Count the watched sources by their health."""
    judged = health_column(now).label("health")
    rows = session.execute(
        select(judged, func.count()).where(is_watched()).group_by(judged).order_by(judged)
    )
    counts = SourceCounts(ok=0, failing=0, silent=0, degraded=0)
    for name, number in rows:
        match SourceHealth(name):
            case SourceHealth.OK:
                counts["ok"] = number
            case SourceHealth.FAILING:
                counts["failing"] = number
            case SourceHealth.SILENT:
                counts["silent"] = number
            case SourceHealth.DEGRADED:
                counts["degraded"] = number
            case SourceHealth.PAUSED:
                pass
    return counts
