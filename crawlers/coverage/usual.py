"""What is usual for a source, learned from its ledger: new items by hour, gaps between items, quality of pages.

Expected items of an hour are a gamma-Poisson posterior mean (the "shrinkage" of empirical Bayes), nested three deep, so
that few counts stay honest: the hour of the week leans on the same hour of all workdays or rest days, and that on the
source as a whole. With x the items of past hours, w = 0.9 per week of age, and k = 4 pseudo-hours,

    all  = sum(w x) / sum(w)
    kind = (sum(w x, same hour and kind of day) + k all) / (sum(w) + k)
    week = (sum(w x, same hour of the week) + k kind) / (sum(w) + k)

On a public holiday, or a weekend day that is worked, ``kind`` is expected instead of ``week``. So that one incident does
not become usual, a count is cut to the larger of its hour of the week's second largest and m + 4 sqrt(m) + 1, with m the
median of the days' means. Hours in which nobody came are no evidence and are left out.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from core.clock import SHANGHAI

LOOK_BACK = dt.timedelta(weeks=8)
FEWEST_DAYS = 7
FEWEST_ITEMS = 10
"""With less history than both of these nothing is called usual."""

WEEKLY_DECAY = 0.9
PSEUDO_HOURS = 4.0
WEEK_HOURS, DAY_HOURS = 168, 24
# The longest of ten gaps; for a Poisson process, on the clock of expected items, it is ln 10.
GAP_QUANTILE = 0.9
LEAST_GAP = math.log(10)
FEWEST_PAGES, FEWEST_QUALITY_DAYS = 50, 5
_HOUR = dt.timedelta(hours=1)
_SATURDAY = 5
_MAD_TO_DEVIATION = 1.4826

Workdays = Mapping[dt.date, bool]
"""Days of which the calendar says whether they are worked; an unknown day goes by its weekday."""


@dataclass(frozen=True, slots=True)
class LedgerHour:
    """The part of a ledger row that tells what is usual."""

    hour: dt.datetime
    succeeded: int
    new: int
    pages: int = 0
    quality: float = 0.0


@dataclass(frozen=True, slots=True)
class UsualHours:
    """Expected new items: by hour of the week from Monday, and by hour of a workday and of a rest day."""

    week: tuple[float, ...]
    workday: tuple[float, ...]
    rest: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class UsualGap:
    """Nine of ten gaps are no longer: in items that were expected meanwhile, and in seconds."""

    items: float
    seconds: float


@dataclass(frozen=True, slots=True)
class UsualQuality:
    """Median of the days' mean extraction scores, and how far they usually lie from it."""

    mean: float
    spread: float


@dataclass(frozen=True, slots=True)
class Usual:
    """What is None rests on too little history. ``days`` and ``items`` say on how much the rest does."""

    days: int
    items: int
    hours: UsualHours | None
    gap: UsualGap | None
    quality: UsualQuality | None


def is_workday(day: dt.date, workdays: Workdays) -> bool:
    return workdays.get(day, day.weekday() < _SATURDAY)


def place(hour: dt.datetime, workdays: Workdays) -> tuple[str, int]:
    """Tell in which part of ``UsualHours``, and where in it, an hour is looked up."""
    local = hour.astimezone(SHANGHAI)
    day = local.date()
    if is_workday(day, workdays) == (day.weekday() < _SATURDAY):
        return "week", day.weekday() * DAY_HOURS + local.hour
    return ("workday" if is_workday(day, workdays) else "rest"), local.hour


def expected(hours: UsualHours, hour: dt.datetime, workdays: Workdays) -> float:
    part, position = place(hour, workdays)
    values: tuple[float, ...] = getattr(hours, part)
    return values[position]


def watched_hours(rows: Sequence[LedgerHour], patience: dt.timedelta) -> Iterator[LedgerHour]:
    """Yield every hour that visits covered, also those without a row of their own.

    A source that is visited every few hours is covered until ``patience`` after each visit.
    """
    by_hour = {row.hour: row for row in rows}
    if not rows:
        return
    hour, last, answered = rows[0].hour, rows[-1].hour, None
    while hour <= last:
        row = by_hour.get(hour)
        if row is not None and row.succeeded:
            answered = hour
        if answered is not None and hour - answered < patience:
            yield row or LedgerHour(hour, 0, 0)
        hour += _HOUR


def patience_of(interval_s: int) -> dt.timedelta:
    """Give how long a visit covers: two intervals, in whole hours."""
    return max(1, math.ceil(2 * interval_s / 3600)) * _HOUR


@dataclass(frozen=True, slots=True)
class _Placed:
    """A watched hour with where it lies: local day, hour of the week, and where its usual is looked up."""

    hour: dt.datetime
    new: int
    day: dt.date
    cell: int
    kind: str
    place: tuple[str, int]


def _placed(rows: Iterable[LedgerHour], workdays: Workdays) -> Iterator[_Placed]:
    for row in rows:
        local = row.hour.astimezone(SHANGHAI)
        day, weekday = local.date(), local.weekday()
        kind = "workday" if is_workday(day, workdays) else "rest"
        cell = weekday * DAY_HOURS + local.hour
        yield _Placed(row.hour, row.new, day, cell, kind, place(row.hour, workdays))


def learn(
    rows: Sequence[LedgerHour], workdays: Workdays, *, patience: dt.timedelta, until: dt.datetime
) -> Usual:
    """Learn from the rows before ``until``, oldest first; the caller ends them where a silence began."""
    watched = list(_placed(watched_hours(rows, patience), workdays))
    days = len({row.day for row in watched})
    items = sum(row.new for row in watched)
    quality = usual_quality(rows)
    if days < FEWEST_DAYS or items < FEWEST_ITEMS:
        return Usual(days, items, None, None, quality)
    hours = _usual_hours(watched, until)
    return Usual(days, items, hours, _usual_gap(watched, hours), quality)


def _usual_hours(watched: Sequence[_Placed], until: dt.datetime) -> UsualHours:
    sums: dict[tuple[str, int], float] = defaultdict(float)
    weights: dict[tuple[str, int], float] = defaultdict(float)
    for row, count in zip(watched, _cut(watched), strict=True):
        weight = WEEKLY_DECAY ** max(0, (until - row.hour).days // 7)
        # A holiday tells nothing about its weekday.
        for key in {("all", 0), (row.kind, row.cell % DAY_HOURS), row.place}:
            sums[key] += weight * count
            weights[key] += weight
    overall = sums["all", 0] / weights["all", 0]

    def shrunk(key: tuple[str, int], towards: float) -> float:
        return (sums[key] + PSEUDO_HOURS * towards) / (weights[key] + PSEUDO_HOURS)

    by_kind = {
        kind: tuple(shrunk((kind, hour), overall) for hour in range(DAY_HOURS))
        for kind in ("workday", "rest")
    }
    week = tuple(
        shrunk(("week", at), by_kind["workday" if at // DAY_HOURS < _SATURDAY else "rest"][at % DAY_HOURS])
        for at in range(WEEK_HOURS)
    )  # fmt: skip
    return UsualHours(week, by_kind["workday"], by_kind["rest"])


def _cut(watched: Sequence[_Placed]) -> list[float]:
    """Cut what stands out of its own hour of the week and of the source as a whole."""
    by_day: dict[dt.date, list[int]] = defaultdict(list)
    by_cell: dict[int, list[int]] = defaultdict(list)
    for row in watched:
        by_day[row.day].append(row.new)
        by_cell[row.cell].append(row.new)
    usual = median(sum(counts) / len(counts) for counts in by_day.values())
    ceiling = usual + 4 * math.sqrt(usual) + 1
    second = {
        cell: sorted(counts)[-2] if len(counts) > 1 else 0 for cell, counts in by_cell.items()
    }
    return [min(row.new, max(ceiling, second[row.cell])) for row in watched]


def _usual_gap(watched: Sequence[_Placed], hours: UsualHours) -> UsualGap | None:
    """Measure the gaps between hours with items, by the items that were expected in between.

    On that clock a night in which little is expected is short, so one threshold holds for every hour of the week.
    """
    values = {"week": hours.week, "workday": hours.workday, "rest": hours.rest}
    waited, gaps, seconds = 0.0, [], []
    before: dt.datetime | None = None
    for row in watched:
        if not row.new:
            part, position = row.place
            waited += values[part][position]
            continue
        if before is not None:
            gaps.append(waited)
            seconds.append((row.hour - before).total_seconds())
        before, waited = row.hour, 0.0
    if not gaps:
        return None
    return UsualGap(max(LEAST_GAP, quantile(gaps, GAP_QUANTILE)), quantile(seconds, GAP_QUANTILE))


def usual_quality(rows: Iterable[LedgerHour]) -> UsualQuality | None:
    pages: dict[dt.date, int] = defaultdict(int)
    scores: dict[dt.date, float] = defaultdict(float)
    for row in rows:
        if row.pages:
            day = row.hour.astimezone(SHANGHAI).date()
            pages[day] += row.pages
            scores[day] += row.quality
    if len(pages) < FEWEST_QUALITY_DAYS or sum(pages.values()) < FEWEST_PAGES:
        return None
    means = [scores[day] / pages[day] for day in pages]
    middle = median(means)
    deviation = median(abs(mean - middle) for mean in means)
    return UsualQuality(middle, _MAD_TO_DEVIATION * deviation)


def quantile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
