"""The hits over time, drawn so that a period can be chosen: by brush, by keyboard, and by plain links."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from core.expression import Expression
from core.overview import TrendPoint, filled, floor, interval_for
from core.search.base import Breakdown, DocumentSearch, HistogramBucket, Interval, SearchQuery
from webui.document_filters import DocumentFilters
from webui.document_period import DAY, ending, spoken, starting, written

DEFAULT_SPAN = dt.timedelta(days=90)
WIDTH, HEIGHT = 720, 72
STEPS = {Interval.HOUR: dt.timedelta(hours=1), Interval.DAY: DAY, Interval.WEEK: 7 * DAY}
NAMES = {Interval.HOUR: "小时", Interval.DAY: "天", Interval.WEEK: "周"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bucket; offsets and heights are in the drawing's units, ``address`` narrows to it."""

    x: float
    width: float
    negative: float
    neutral: float
    positive: float
    point: TrendPoint
    address: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """``beyond`` counts hits that lie outside the drawing.

    ``base`` is the address without a period; ``everything`` drops the period chosen and ``wider`` doubles it.
    """

    interval: Interval
    bars: tuple[Bar, ...]
    peak: TrendPoint
    beyond: int
    base: str
    chosen: str | None
    everything: str | None
    wider: str | None

    @property
    def width(self) -> int:
        return WIDTH

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def step_name(self) -> str:
        return NAMES[self.interval]

    @property
    def step_s(self) -> int:
        return int(STEPS[self.interval].total_seconds())

    @property
    def start(self) -> str:
        return written(self.bars[0].point.start)

    @property
    def end(self) -> dt.datetime:
        return self.bars[-1].point.start + STEPS[self.interval]

    @property
    def totals(self) -> str:
        return ",".join(str(bar.point.total) for bar in self.bars)


def histogram(
    search: DocumentSearch,
    filters: DocumentFilters,
    expression: Expression | None,
    *,
    now: dt.datetime,
    path: str,
    total: int,
) -> Histogram | None:
    """Count the hits over time by polarity; None without hits. Lone early dates do not stretch the axis."""
    query = replace(filters.query(expression, now), cursor=None)
    since, until = filters.window(now)
    interval, buckets = _buckets(search, query, now)
    if not buckets:
        return None
    # A first hour alone would be one bar as wide as the page.
    start = since or min(buckets[0].start, (until or now) - DAY)
    end = max(until or now, buckets[-1].start + dt.timedelta(hours=1))
    points = filled(buckets, interval, since=start, until=end)
    base = filters.between(None, None).address(path)
    return Histogram(
        interval=interval,
        bars=_bars(points, interval, base),
        peak=max(points, key=lambda point: point.total),
        beyond=total - sum(bucket.total for bucket in buckets),
        base=base,
        chosen=spoken(filters.since, filters.until) if filters.has_period else None,
        everything=base if filters.has_period else None,
        wider=_wider(filters, now, path),
    )


def _buckets(
    search: DocumentSearch, query: SearchQuery, now: dt.datetime
) -> tuple[Interval, Sequence[HistogramBucket]]:
    until = query.until or now
    since = query.since or until - DEFAULT_SPAN
    interval = interval_for(until - since)
    asked = replace(query, since=since)
    buckets = search.histogram(asked, interval=interval, by=Breakdown.POLARITY)
    if buckets and query.since is None and interval is Interval.DAY:
        # A young collection fills a few days of the ninety: its hours say more.
        finer = interval_for(until - buckets[0].start)
        if finer is not interval:
            interval = finer
            buckets = search.histogram(asked, interval=interval, by=Breakdown.POLARITY)
    return interval, buckets


def _bars(points: Sequence[TrendPoint], interval: Interval, base: str) -> tuple[Bar, ...]:
    step = WIDTH / len(points)
    scale = HEIGHT / max(1, *(point.total for point in points))
    joint = "&" if "?" in base else "?"
    return tuple(
        Bar(
            x=place * step,
            width=max(step - 1, step * 0.7),
            negative=point.negative * scale,
            neutral=point.neutral * scale,
            positive=point.positive * scale,
            point=point,
            address=f"{base}{joint}{_period(point.start, point.start + STEPS[interval])}",
        )
        for place, point in enumerate(points)
    )


def _period(start: dt.datetime, end: dt.datetime) -> str:
    return urlencode({"since": written(starting(start)), "until": written(ending(end))}, safe=":")


def _wider(filters: DocumentFilters, now: dt.datetime, path: str) -> str | None:
    """Add half of the period on either side, not beyond now."""
    if not filters.has_period:
        return None
    since, until = filters.window(now)
    if since is None:
        return None
    end = min(until or now, now)
    margin = max((end - since) / 2, dt.timedelta(hours=1))
    begin = floor(since - margin, Interval.HOUR)
    later = floor(end + margin, Interval.HOUR)
    closed = ending(later) if later < now else None
    return filters.between(starting(begin), closed).address(path)
