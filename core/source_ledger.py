"""The ledger of single sources, hour by hour or day by day, with nothing left out."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import SHANGHAI
from core.coverage import HOUR, hour_of, ledger_rows, sums
from core.database.models.collecting import SourceUsual
from core.database.models.operations import OperatorNotice

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LedgerSpan:
    """An hour or a Shanghai day; one without ``watched_h`` was not to be watched, as before a source was added."""

    start: dt.datetime
    watched_h: int = 0
    gaps_h: int = 0
    expected: float | None = None
    visits: int = 0
    seen: int = 0
    new: int = 0
    duplicates: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    pages: int = 0
    quality: float | None = None

    @property
    def is_gap(self) -> bool:
        """Tell whether nothing at all was covered."""
        return 0 < self.watched_h == self.gaps_h


@dataclass(frozen=True, slots=True)
class UsualOfSource:
    """What was last learned; None where there is too little history."""

    learned_at: dt.datetime
    days: int
    items: int
    gap_s: float | None
    quality: float | None


@dataclass(frozen=True, slots=True)
class SourceAlarm:
    key: str
    text: str
    raised_at: dt.datetime
    cleared_at: dt.datetime | None


def hourly(
    session: Session, source_ids: Sequence[int], *, hours: int, now: dt.datetime
) -> dict[int, list[LedgerSpan]]:
    """Give the last ``hours`` hours of each source, the running one included, oldest first."""
    starts = [hour_of(now) - number * HOUR for number in range(hours - 1, -1, -1)]
    return _spans(session, source_ids, starts, now)


def daily(session: Session, source_id: int, *, days: int, now: dt.datetime) -> list[LedgerSpan]:
    """Give the last ``days`` days, today included, oldest first."""
    today = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [(today - number * DAY).astimezone(dt.UTC) for number in range(days - 1, -1, -1)]
    return _spans(session, [source_id], starts, now)[source_id]


def _spans(
    session: Session, source_ids: Sequence[int], starts: Sequence[dt.datetime], now: dt.datetime
) -> dict[int, list[LedgerSpan]]:
    """Sum the ledger from each start to the next one."""
    rows = ledger_rows(starts[0], now, now, source_ids)
    number = func.width_bucket(rows.c.hour, list(starts)).label("number")
    found = session.execute(
        select(
            rows.c.source_id, number, *sums(rows), func.count().label("watched_h"),
            func.array_agg(rows.c.failures).filter(rows.c.failures != {}).label("failures"),
        )
        .where(rows.c.hour >= starts[0])
        .group_by(rows.c.source_id, number)
    )  # fmt: skip
    spans = {
        (row.source_id, row.number): LedgerSpan(
            starts[row.number - 1], row.watched_h, row.gaps_h, row.expected, row.visits, row.seen,
            row.new, row.duplicates, _added(row.failures or ()), row.pages,
            row.quality / row.pages if row.pages else None,
        )
        for row in found
    }  # fmt: skip
    return {
        id_: [spans.get((id_, at), LedgerSpan(start)) for at, start in enumerate(starts, 1)]
        for id_ in source_ids
    }


def _added(failures: Sequence[Mapping[str, int]]) -> dict[str, int]:
    added: dict[str, int] = defaultdict(int)
    for causes in failures:
        for cause, count in causes.items():
            added[cause] += count
    return dict(sorted(added.items(), key=lambda one: (-one[1], one[0])))


def usual_of(session: Session, source_id: int) -> UsualOfSource | None:
    row = session.get(SourceUsual, source_id)
    if row is None:
        return None
    return UsualOfSource(row.learned_at, row.days, row.items, row.gap_s, row.quality)


def alarms_of(session: Session, source_id: int, limit: int = 20) -> list[SourceAlarm]:
    """Give the alarms about a source, newest first; those that stand have no end."""
    found = session.scalars(
        select(OperatorNotice)
        .where(OperatorNotice.key.like("source-%"), OperatorNotice.key.endswith(f":{source_id}"))
        .order_by(OperatorNotice.raised_at.desc(), OperatorNotice.id.desc())
        .limit(limit)
    )
    return [SourceAlarm(row.key, row.text, row.raised_at, row.cleared_at) for row in found]
