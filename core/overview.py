"""The numbers of the overview: how much, how negative, what is rising; each beside what it is compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from core.clock import SHANGHAI
from core.search.base import (
    Breakdown,
    DocumentSearch,
    HistogramBucket,
    Interval,
    SearchQuery,
)

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
USUAL_DAYS = 14
FEWEST_DAYS = 3
"""With less history than this nothing is called usual."""

NOTABLE = 2.0
FEWEST_NEW = 3


@dataclass(frozen=True, slots=True)
class Volume:
    """Documents of the last 24 hours and of the 24 hours before; ``change`` is None without a day before."""

    documents: int
    before: int
    negative_share: float | None
    usual_negative_share: float | None

    @property
    def change(self) -> float | None:
        return (self.documents - self.before) / self.before if self.before else None

    @property
    def share_change(self) -> float | None:
        """The difference of the shares, in percentage points."""
        if self.negative_share is None or self.usual_negative_share is None:
            return None
        return (self.negative_share - self.usual_negative_share) * 100


@dataclass(frozen=True, slots=True)
class RisingTopic:
    """``usual`` is the mean of the same hours on the days before; ``score`` its distance in standard deviations."""

    code: str
    documents: int
    usual: float
    score: float

    @property
    def times(self) -> float | None:
        return self.documents / self.usual if self.usual >= 1 else None


@dataclass(frozen=True, slots=True)
class Rising:
    """``days`` says how many days the comparison rests on; below FEWEST_DAYS there is none and no topics."""

    hours: int
    days: int
    topics: tuple[RisingTopic, ...]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    start: dt.datetime
    positive: int
    neutral: int
    negative: int

    @property
    def total(self) -> int:
        return self.positive + self.neutral + self.negative


def volume(search: DocumentSearch, scope: SearchQuery, now: dt.datetime) -> Volume:
    """Count the last day, the day before, and the negative share against the mean of the 7 days before."""
    day = replace(scope, since=now - DAY, until=now)
    documents = search.count(day)
    week = replace(scope, since=now - 8 * DAY, until=now - DAY)
    in_week = search.count(week)
    negative_in_week = search.count(replace(week, polarities=("negative",)))
    return Volume(
        documents=documents,
        before=search.count(replace(scope, since=now - 2 * DAY, until=now - DAY)),
        negative_share=_share(search.count(replace(day, polarities=("negative",))), documents),
        usual_negative_share=_share(negative_in_week, in_week),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def rising_topics(
    search: DocumentSearch, scope: SearchQuery, now: dt.datetime, *, hours: int = 6, limit: int = 6
) -> Rising:
    """Compare each topic's last hours with the same hours of the last two weeks.

    The score treats counts as Poisson: (n - usual) / sqrt(usual + 1). Topics that are few or near their usual are
    left out. The running hour counts as far as it has come.
    """
    start = floor(now, Interval.HOUR) - (hours - 1) * HOUR
    query = replace(scope, since=start - USUAL_DAYS * DAY, until=now)
    buckets = search.histogram(query, interval=Interval.HOUR, by=Breakdown.TOPIC)
    first = min((bucket.start for bucket in buckets), default=now)
    days = max(0, min(USUAL_DAYS, (start - first) // DAY))
    if days < FEWEST_DAYS:
        return Rising(hours, days, ())
    current, usual = _by_day(buckets, start, hours, days)
    topics = [
        RisingTopic(code, count, mean, (count - mean) / sqrt(mean + 1))
        for code, count in current.items()
        for mean in [usual.get(code, 0) / days]
    ]
    notable = [
        topic for topic in topics if topic.documents >= FEWEST_NEW and topic.score >= NOTABLE
    ]
    notable.sort(key=lambda topic: (-topic.score, topic.code))
    return Rising(hours, days, tuple(notable[:limit]))


def _by_day(
    buckets: Sequence[HistogramBucket], start: dt.datetime, hours: int, days: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Sum each topic over the window, and over the same hours of the ``days`` before it."""
    current: dict[str, int] = {}
    usual: dict[str, int] = {}
    for bucket in buckets:
        # How far into the window of its own day the bucket lies; the window's day is number 0.
        day, offset = divmod(bucket.start - start, DAY)
        if offset >= hours * HOUR or not -days <= day <= 0:
            continue
        sums = current if day == 0 else usual
        for code, count in bucket.counts.items():
            sums[code] = sums.get(code, 0) + count
    return current, usual


def trend(
    search: DocumentSearch, scope: SearchQuery, *, since: dt.datetime, until: dt.datetime
) -> tuple[Interval, tuple[TrendPoint, ...]]:
    """Give every hour (up to 8 days), day (up to half a year) or week of the range, empty ones too."""
    interval = interval_for(until - since)
    query = replace(scope, since=floor(since, interval), until=until)
    buckets = search.histogram(query, interval=interval, by=Breakdown.POLARITY)
    return interval, filled(buckets, interval, since=since, until=until)


def interval_for(span: dt.timedelta) -> Interval:
    if span <= 8 * DAY:
        return Interval.HOUR
    return Interval.DAY if span <= 200 * DAY else Interval.WEEK


def filled(
    buckets: Sequence[HistogramBucket],
    interval: Interval,
    *,
    since: dt.datetime,
    until: dt.datetime,
) -> tuple[TrendPoint, ...]:
    """Put the buckets on an unbroken axis. What has no polarity yet counts as neutral."""
    counts = {bucket.start: bucket for bucket in buckets}
    step = {Interval.HOUR: HOUR, Interval.DAY: DAY, Interval.WEEK: 7 * DAY}[interval]
    points = []
    start = floor(since, interval)
    while start < until:
        points.append(_point(start, counts.get(start)))
        start += step
    return tuple(points)


def _point(start: dt.datetime, bucket: HistogramBucket | None) -> TrendPoint:
    if bucket is None:
        return TrendPoint(start, 0, 0, 0)
    by: Mapping[str, int] = bucket.counts
    positive, negative = by.get("positive", 0), by.get("negative", 0)
    return TrendPoint(start, positive, max(0, bucket.total - positive - negative), negative)


def floor(moment: dt.datetime, interval: Interval) -> dt.datetime:
    """Give the beginning of the hour, or of the Shanghai day or week (Monday) that holds ``moment``, in UTC."""
    local = moment.astimezone(SHANGHAI).replace(minute=0, second=0, microsecond=0)
    if interval is not Interval.HOUR:
        local = local.replace(hour=0)
    if interval is Interval.WEEK:
        local -= local.weekday() * DAY
    return local.astimezone(dt.UTC)
