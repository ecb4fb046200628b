"""The coverage ledger: what each source yielded in each hour, and how the sources are doing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.collecting import Source, SourceHour, SourceState

# Silence is judged against the usual interval, and never within a few minutes.
SILENT_AFTER_INTERVALS = 5
SILENT_AFTER = dt.timedelta(minutes=5)


class SourceHealth(StrEnum):
    OK = "ok"
    FAILING = "failing"
    SILENT = "silent"
    PAUSED = "paused"


class SourceCounts(TypedDict):
    ok: int
    failing: int
    silent: int


@dataclass(frozen=True, slots=True)
class Yield:
    """What one visit brought; ``failure`` names its cause when it brought nothing."""

    visits: int = 0
    seen: int = 0
    new: int = 0
    duplicates: int = 0
    failure: str | None = None


def record(session: Session, source_id: int, gained: Yield, now: dt.datetime) -> None:
    """Add a visit's yield to the hour of ``now``; visits of several crawlers add up."""
    failures: dict[str, object] = {gained.failure: 1} if gained.failure else {}
    statement = insert(SourceHour).values(
        source_id=source_id, hour=now.replace(minute=0, second=0, microsecond=0),
        visits=gained.visits, seen=gained.seen, new=gained.new, duplicates=gained.duplicates,
        failures=failures,
    )  # fmt: skip
    changes: dict[str, object] = {
        name: getattr(SourceHour, name) + getattr(gained, name)
        for name in ("visits", "seen", "new", "duplicates")
    }
    if gained.failure:
        so_far = func.coalesce(SourceHour.failures[gained.failure].as_integer(), 0)
        changes["failures"] = SourceHour.failures.op("||")(
            func.jsonb_build_object(gained.failure, so_far + 1)
        )
    session.execute(
        statement.on_conflict_do_update(index_elements=["source_id", "hour"], set_=changes)
    )


def health(source: Source, now: dt.datetime) -> SourceHealth:
    """Judge one source: failing after a failed visit, silent when it is long overdue."""
    if source.state == SourceState.PAUSED:
        return SourceHealth.PAUSED
    if source.state == SourceState.BLOCKED or source.failures or source.dead_at:
        return SourceHealth.FAILING
    if source.due_at is None:
        return SourceHealth.OK
    patience = max(SILENT_AFTER, SILENT_AFTER_INTERVALS * dt.timedelta(seconds=source.interval_s))
    since = source.visited_at or source.created_at
    return SourceHealth.SILENT if now - since > patience else SourceHealth.OK


def source_counts(session: Session, now: dt.datetime) -> SourceCounts:
    """Count the sources that are not paused; files brought in by hand are not waited for."""
    counts = SourceCounts(ok=0, failing=0, silent=0)
    sources = session.scalars(
        select(Source).where(Source.state != SourceState.PAUSED, Source.url.is_not(None))
    )
    for source in sources:
        match health(source, now):
            case SourceHealth.OK:
                counts["ok"] += 1
            case SourceHealth.FAILING:
                counts["failing"] += 1
            case SourceHealth.SILENT:
                counts["silent"] += 1
            case SourceHealth.PAUSED:
                pass
    return counts
