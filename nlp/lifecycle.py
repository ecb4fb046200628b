"""Life-cycle of an event, read from its hourly counts alone.

At every full hour three numbers are known: A, the documents of the last 24 hours; B, those of the 24 hours before
(whole days, so that night and morning do not count as fall and rise); and the peak, the largest A of the last seven days
and of the present wave.
Growth is judged by the score of two over-dispersed Poisson counts,

    z = (A - B) / sqrt(v * (A + B + 1))

(conditional comparison of two Poisson rates, Przyborowski and Wilenski 1940). Posts come in bursts, so v is two to four
times the Poisson variance, as the same hours of successive days of the past week show. The thresholds for entering and leaving a state differ and a state lasts six hours at least, so it
does not flap.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from core.database.models.understanding import EventStatus

HOUR = dt.timedelta(hours=1)
DAY_HOURS = 24
PEAK_HOURS = 7 * DAY_HOURS
SHORTEST_STAY_HOURS = 6
DISPERSION = 2.0
MOST_DISPERSION = 4.0
FIRST_RISE_SCORE = 1.64
CHANGE_SCORE = 2.33
STEADY_SCORE = 0.5
RISING_RATIO = 1.5
REBOUND_RATIO = 2.0
FALLEN_SHARE = 0.5
RECOVERED_SHARE = 0.75
LEAST_DOCUMENTS = 5

LEGAL_TRANSITIONS: dict[EventStatus, frozenset[EventStatus]] = {
    EventStatus.NEW: frozenset(
        {EventStatus.RISING, EventStatus.ONGOING, EventStatus.FALLING, EventStatus.CLOSED}
    ),
    EventStatus.RISING: frozenset({EventStatus.ONGOING, EventStatus.FALLING, EventStatus.CLOSED}),
    EventStatus.ONGOING: frozenset({EventStatus.RISING, EventStatus.FALLING, EventStatus.CLOSED}),
    EventStatus.FALLING: frozenset({EventStatus.REBOUND, EventStatus.ONGOING, EventStatus.CLOSED}),
    EventStatus.REBOUND: frozenset({EventStatus.ONGOING, EventStatus.FALLING, EventStatus.CLOSED}),
    EventStatus.CLOSED: frozenset({EventStatus.REBOUND}),
}


class Reason(StrEnum):
    FIRST_SEEN = "first_seen"
    GREW = "grew"
    GREW_AGAIN = "grew_again"
    LEVELLED = "levelled"
    FELL = "fell"
    CASE_CLOSED = "case_closed"


REASON_LABELS = {
    Reason.FIRST_SEEN: "首次出现",
    Reason.GREW: "近 24 小时明显多于前 24 小时",
    Reason.GREW_AGAIN: "回落或办结后再次明显增多",
    Reason.LEVELLED: "不再明显增多，仍保持一定声量",
    Reason.FELL: "近 24 小时不到近 7 天最高日的一半",
    Reason.CASE_CLOSED: "专卡已办结",
}


@dataclass(frozen=True, slots=True)
class Transition:
    """A node of the trend. ``last_day`` and ``day_before`` are A and B when it happened."""

    at: dt.datetime
    status: EventStatus
    reason: Reason
    last_day: int
    day_before: int


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """``transitions`` begin with the first sight; ``peak_at`` ends the 24 hours that held the most documents."""

    status: EventStatus
    since: dt.datetime
    last_day: int
    day_before: int
    peak: int
    peak_at: dt.datetime
    transitions: tuple[Transition, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "status": self.status.value,
            "since": self.since.isoformat(),
            "last_day": self.last_day,
            "day_before": self.day_before,
            "peak": self.peak,
            "peak_at": self.peak_at.isoformat(),
            "transitions": [
                {
                    "at": node.at.isoformat(),
                    "status": node.status.value,
                    "reason": node.reason.value,
                    "last_day": node.last_day,
                    "day_before": node.day_before,
                }
                for node in self.transitions
            ],
        }


def lifecycle(
    counts: Iterable[tuple[dt.datetime, int]],
    now: dt.datetime,
    *,
    closed_at: dt.datetime | None = None,
) -> Lifecycle | None:
    """Replay an event's hours up to ``now``; None where no document was published by then.

    ``counts`` pair an instant with the documents published in its hour, in any order; pairs of one hour add up.
    ``closed_at`` is when the last case about the event was closed, None while one is open or none was made.
    Later documents open a closed event again only as a rebound. The result depends on the arguments alone, so a
    merge, a split or a late document simply gives the history that the event would have had.
    """
    hours: dict[dt.datetime, int] = {}
    for at, count in counts:
        if at < now and count > 0:
            hour = _hour(at)
            hours[hour] = hours.get(hour, 0) + count
    if not hours:
        return None
    first = min(hours)
    length = max(1, math.ceil((now - first) / HOUR))
    series = [hours.get(first + place * HOUR, 0) for place in range(length)]
    closing = None if closed_at is None else max(0, math.ceil((closed_at - first) / HOUR) - 1)
    return _Replay(series, first, closing).run()


class _Replay:
    """Walks over the hours once; hour ``place`` is judged at its end."""

    def __init__(self, series: list[int], first: dt.datetime, closing: int | None) -> None:
        self._sums = [0, *accumulate(series)]
        self._first = first
        self._closing = closing
        self._unrest = _unrest(series)
        self._days = [
            self._between(place - DAY_HOURS, place) for place in range(1, len(series) + 1)
        ]
        self._status = EventStatus.NEW
        self._entered = 0
        self._lowest = 0
        self._wave = 0
        self._nodes: list[Transition] = []

    def run(self) -> Lifecycle:
        self._enter(0, EventStatus.NEW, Reason.FIRST_SEEN, at=self._first)
        for place in range(len(self._days)):
            if place == self._closing:
                self._enter(place, EventStatus.CLOSED, Reason.CASE_CLOSED)
            elif place - self._entered >= SHORTEST_STAY_HOURS:
                self._judge(place)
            self._lowest = min(self._lowest, self._days[place])
        peak = max(self._days)
        last = len(self._days) - 1
        return Lifecycle(
            status=self._status,
            since=self._nodes[-1].at,
            last_day=self._days[last],
            day_before=self._day_before(last),
            peak=peak,
            peak_at=self._ends_at(self._days.index(peak)),
            transitions=tuple(self._nodes),
        )

    def _judge(self, place: int) -> None:
        found = self._next(place)
        if found is not None:
            self._enter(place, *found)

    def _next(self, place: int) -> tuple[EventStatus, Reason] | None:
        if self._status is EventStatus.CLOSED:
            return self._after_closing(place)
        if self._status is EventStatus.FALLING:
            return self._after_fall(place)
        if self._has_fallen(place):
            return EventStatus.FALLING, Reason.FELL
        return self._while_up(place)

    def _while_up(self, place: int) -> tuple[EventStatus, Reason] | None:
        if self._status in {EventStatus.RISING, EventStatus.REBOUND}:
            is_level = self._score(place, self._days[place], self._day_before(place)) < STEADY_SCORE
        elif self._is_growing(place):
            return EventStatus.RISING, Reason.GREW
        else:
            is_level = self._status is EventStatus.NEW and place + 1 >= DAY_HOURS
        return (EventStatus.ONGOING, Reason.LEVELLED) if is_level else None

    def _after_fall(self, place: int) -> tuple[EventStatus, Reason] | None:
        day = self._days[place]
        has_doubled = day >= REBOUND_RATIO * max(self._lowest, 1)
        if has_doubled and self._is_growing(place):
            return EventStatus.REBOUND, Reason.GREW_AGAIN
        if day >= LEAST_DOCUMENTS and day >= RECOVERED_SHARE * self._peak(place):
            return EventStatus.ONGOING, Reason.LEVELLED
        return None

    def _after_closing(self, place: int) -> tuple[EventStatus, Reason] | None:
        # What was already said when the case was closed must not open it again.
        closing = self._entered + 1
        since = self._between(max(closing, place + 1 - DAY_HOURS), place + 1)
        before = max(self._day_before(place), self._between(closing - DAY_HOURS, closing))
        has_doubled = since >= REBOUND_RATIO * max(self._lowest, 1)
        if has_doubled and self._has_grown(place, since, before, CHANGE_SCORE):
            return EventStatus.REBOUND, Reason.GREW_AGAIN
        return None

    def _enter(
        self, place: int, status: EventStatus, reason: Reason, *, at: dt.datetime | None = None
    ) -> None:
        self._status = status
        self._entered = place
        self._lowest = self._days[place]
        if status is EventStatus.REBOUND:
            # A second wave falls when it is half of itself, not when it stays below the first.
            self._wave = place
        self._nodes.append(
            Transition(
                at or self._ends_at(place),
                status,
                reason,
                self._days[place],
                self._day_before(place),
            )
        )

    def _is_growing(self, place: int) -> bool:
        is_new = self._status is EventStatus.NEW
        least = FIRST_RISE_SCORE if is_new else CHANGE_SCORE
        return self._has_grown(place, self._days[place], self._day_before(place), least)

    def _has_fallen(self, place: int) -> bool:
        day, peak = self._days[place], self._peak(place)
        if day == 0:
            return True
        return day <= FALLEN_SHARE * peak and self._score(place, peak, day) >= CHANGE_SCORE

    def _has_grown(self, place: int, day: int, before: int, least: float) -> bool:
        is_more = day >= LEAST_DOCUMENTS and day >= RISING_RATIO * before
        return is_more and self._score(place, day, before) >= least

    def _score(self, place: int, day: int, before: int) -> float:
        return (day - before) / math.sqrt(self._unrest[place] * (day + before + 1))

    def _peak(self, place: int) -> int:
        return max(self._days[max(self._wave, place + 1 - PEAK_HOURS) : place + 1])

    def _day_before(self, place: int) -> int:
        return self._days[place - DAY_HOURS] if place >= DAY_HOURS else 0

    def _between(self, start: int, end: int) -> int:
        return self._sums[max(0, end)] - self._sums[max(0, start)]

    def _ends_at(self, place: int) -> dt.datetime:
        return self._first + (place + 1) * HOUR


def _hour(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def _unrest(series: list[int]) -> list[float]:
    """Give for each hour how many times the variance of a Poisson count the counts have had.

    Estimated from the same hours of successive days over a week; the last day is left out, so that a rise does
    not excuse itself.
    """
    pairs = list(zip(series, series[DAY_HOURS:], strict=False))
    squares = [0, *accumulate((one - other) ** 2 for one, other in pairs)]
    sums = [0, *accumulate(one + other for one, other in pairs)]
    found = []
    for place in range(len(series)):
        end = max(0, place + 1 - 2 * DAY_HOURS)
        start = max(0, end - PEAK_HOURS)
        above, below = squares[end] - squares[start], sums[end] - sums[start]
        # A belief worth twenty documents, so that a few hours do not decide.
        estimate = (above + 20 * DISPERSION) / (below + 20)
        found.append(min(max(estimate, DISPERSION), MOST_DISPERSION))
    return found
