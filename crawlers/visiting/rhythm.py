"""A source's own clock: it runs fast in the hours in which it usually publishes, and slowly at night.

With e(u) the new items that are usual in the hour of u (learned by the coverage ledger for each hour of the week, for
workdays and for rest days; see crawlers.coverage.usual) and ē their mean over a week, the clock's pace is

    s(u) = max(e(u) / ē, 1 / 50)

and between two moments it advances by the integral of s. By the time-rescaling theorem a Poisson process whose rate
follows e is one of even rate on this clock (Brown, Barbieri, Ventura, Kass and Frank, "The time-rescaling theorem and
its application to neural spike train data analysis", Neural Computation 14(2), 2002), so the interval is estimated and
kept on it, and the next visit comes when the clock has advanced by one interval. A pause that begins in a quiet night
ends, by itself, soon after the hour in which things usually begin again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.collecting import SourceUsual
from crawlers.coverage.hours import known_workdays
from crawlers.coverage.ledger import hour_of
from crawlers.coverage.usual import UsualHours, Workdays, expected

SLOWEST_PACE = 1 / 50
LONGEST_LOOK = dt.timedelta(days=32)
_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``mean`` is that of the hours of an ordinary week, more than nothing."""

    hours: UsualHours
    workdays: Workdays
    mean: float

    def pace(self, moment: dt.datetime) -> float:
        return max(expected(self.hours, hour_of(moment), self.workdays) / self.mean, SLOWEST_PACE)

    def elapsed_s(self, since: dt.datetime, until: dt.datetime) -> float:
        """Tell how far the clock advances; what lies further back than a month counts at its mean pace."""
        start = max(since, until - LONGEST_LOOK)
        return max(0.0, (start - since).total_seconds()) + sum(
            seconds * pace for seconds, pace in self._hours(start, until)
        )

    def after(self, moment: dt.datetime, seconds: float, latest: dt.datetime) -> dt.datetime:
        """Give when the clock will have advanced so far, or else ``latest``."""
        reached, left = moment, seconds
        for real_s, pace in self._hours(moment, min(latest, moment + LONGEST_LOOK)):
            if real_s * pace >= left:
                return reached + dt.timedelta(seconds=left / pace)
            reached += dt.timedelta(seconds=real_s)
            left -= real_s * pace
        return min(latest, reached)

    def _hours(self, since: dt.datetime, until: dt.datetime) -> Iterator[tuple[float, float]]:
        while since < until:
            end = min(hour_of(since) + _HOUR, until)
            yield (end - since).total_seconds(), self.pace(since)
            since = end


def rhythm_of(hours: Mapping[str, object], workdays: Workdays) -> Rhythm | None:
    """Read what the ledger learned; None where it expects nothing at all."""
    parts = {name: _numbers(hours.get(name)) for name in ("week", "workday", "rest")}
    mean = sum(parts["week"]) / len(parts["week"]) if parts["week"] else 0.0
    if mean <= 0 or not all(parts.values()):
        return None
    return Rhythm(UsualHours(**parts), workdays, mean)


def _numbers(values: object) -> tuple[float, ...]:
    return tuple(float(value) for value in values) if isinstance(values, list) else ()


def rhythms(session: Session, ids: Collection[int], now: dt.datetime) -> dict[int, Rhythm]:
    """Give the clocks of those sources that have been watched long enough to have one."""
    if not ids:
        return {}
    learned = session.execute(
        select(SourceUsual.source_id, SourceUsual.hours).where(
            SourceUsual.source_id.in_(ids), SourceUsual.hours.is_not(None)
        )
    ).all()
    if not learned:
        return {}
    workdays = known_workdays(session, now - LONGEST_LOOK, now + LONGEST_LOOK)
    found = {id_: rhythm_of(hours, workdays) for id_, hours in learned if hours}
    return {id_: rhythm for id_, rhythm in found.items() if rhythm is not None}
