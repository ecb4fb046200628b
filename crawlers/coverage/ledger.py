"""Writing the coverage ledger: what each visit yielded, added to its source's hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.collecting import SourceHour
from crawlers.failures import FailureCause

COUNTS = ("visits", "succeeded", "seen", "new", "duplicates", "pages", "quality")


@dataclass(frozen=True, slots=True)
class Yield:
    """What one visit brought; ``failure`` names its cause when it brought nothing.

    ``quality`` is the sum of the extraction scores, each from 0 to 1, of its ``pages``.
    """

    visits: int = 0
    seen: int = 0
    new: int = 0
    duplicates: int = 0
    failure: str | None = None
    pages: int = 0
    quality: float = 0.0

    def __add__(self, other: Yield) -> Yield:
        """Add the yields of two visits that both brought something."""
        return Yield(
            self.visits + other.visits, self.seen + other.seen, self.new + other.new,
            self.duplicates + other.duplicates, None,
            self.pages + other.pages, self.quality + other.quality,
        )  # fmt: skip


def hour_of(moment: dt.datetime) -> dt.datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def record_many(session: Session, gained: Mapping[int, Yield], now: dt.datetime) -> None:
    """Add what several sources yielded, none of it a failure, in one statement and in the order of their ids."""
    rows = [
        {"source_id": source_id, "hour": hour_of(now), **_counts(one)}
        for source_id, one in sorted(gained.items())
    ]
    session.connection().execute(_ADD, rows)


# Written out, because every commit of visits runs it.
_ADD = text(
    f"""
    INSERT INTO source_hour (source_id, hour, {", ".join(COUNTS)})
    VALUES (:source_id, :hour, {", ".join(f":{name}" for name in COUNTS)})
    ON CONFLICT (source_id, hour)
    DO UPDATE SET {", ".join(f"{name} = source_hour.{name} + excluded.{name}" for name in COUNTS)}
    """  # noqa: S608 (names of our own)
)


def record(session: Session, source_id: int, gained: Yield, now: dt.datetime) -> None:
    """Add a visit's yield to the hour of ``now``; visits of several crawlers add up."""
    failures: dict[str, object] = {gained.failure: 1} if gained.failure else {}
    counts = _counts(gained)
    statement = insert(SourceHour).values(
        source_id=source_id, hour=hour_of(now), failures=failures, **counts
    )
    changes: dict[str, object] = {
        name: getattr(SourceHour, name) + count for name, count in counts.items()
    }
    if gained.failure:
        so_far = func.coalesce(SourceHour.failures[gained.failure].as_integer(), 0)
        changes["failures"] = SourceHour.failures.op("||")(
            func.jsonb_build_object(gained.failure, so_far + 1)
        )
    session.execute(
        statement.on_conflict_do_update(index_elements=["source_id", "hour"], set_=changes)
    )


def _counts(gained: Yield) -> dict[str, float]:
    # A page that nothing could be read from is the worst page there is.
    unreadable = int(gained.failure == FailureCause.UNREADABLE)
    return {
        "visits": gained.visits,
        "succeeded": 0 if gained.failure else gained.visits,
        "seen": gained.seen,
        "new": gained.new,
        "duplicates": gained.duplicates,
        "pages": gained.pages or unreadable,
        "quality": gained.quality,
    }
