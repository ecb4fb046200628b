"""What standing topics weigh: this week beside the last, how negative, when the last hit came, what is new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.clock import monotonic
from core.errors import StorageError
from core.expression import Expression
from core.overview import DAY, TrendPoint, filled, floor
from core.search.base import (
    Breakdown,
    DocumentSearch,
    FacetField,
    HistogramBucket,
    Interval,
    SearchQuery,
    TermCount,
)
from core.standing_topic_list import TopicRow
from core.standing_topics import Parse, TopicRefusedError, read_topic

WEEK = 7 * DAY
SPARK_DAYS = 14
FEWEST_FOR_SHARE = 5
"""Shares of fewer documents are not told (below five, "<5")."""


@dataclass(frozen=True, slots=True)
class TopicFigures:
    """The week up to now and the week before it, by publication.

    ``since`` is where this week begins: seven times 24 hours before the running hour, which counts as far as it has
    come. ``days`` counts the last 14 Shanghai days, today last. ``last_hit_hour`` is the hour of the newest hit of
    those days. ``new`` counts what came in since the person looked, None while they never did. Shares are None
    below five documents.
    """

    since: dt.datetime
    documents: int
    before: int
    negative_share: float | None
    negative_share_before: float | None
    days: tuple[int, ...]
    last_hit_hour: dt.datetime | None
    new: int | None

    @property
    def change(self) -> float | None:
        return (self.documents - self.before) / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Figures:
    """By topic: its figures, what it was counted with, or why its expression cannot be read now.

    A topic that is in none of them was not counted.
    """

    by_topic: Mapping[int, TopicFigures] = field(default_factory=dict)
    expressions: Mapping[int, Expression] = field(default_factory=dict)
    unreadable: Mapping[int, str] = field(default_factory=dict)
    is_available: bool = True


def figures(
    search: DocumentSearch,
    topics: Sequence[TopicRow],
    *,
    parse: Parse,
    now: dt.datetime,
    patience_s: float | None = None,
) -> Figures:
    """Count every topic with two questions to the engine each; the engine may be down.

    With ``patience_s`` the topics that are not counted by then are left for later.
    """
    found: dict[int, TopicFigures] = {}
    expressions: dict[int, Expression] = {}
    unreadable: dict[int, str] = {}
    is_available, began = True, monotonic()
    for topic in topics:
        # An engine that does not answer is asked once, not once for every topic.
        is_late = patience_s is not None and monotonic() - began > patience_s
        if is_late or not is_available:
            continue
        try:
            expression = read_topic(topic.expression, topic.excludes, parse)
            query = SearchQuery(expression=expression, source_ids=topic.sources, now=now)
            found[topic.id] = _counted(search, query, topic.new_since, now)
            expressions[topic.id] = expression
        except TopicRefusedError as error:
            unreadable[topic.id] = str(error)
        except StorageError:
            is_available = False
    return Figures(found, expressions, unreadable, is_available)


def _counted(
    search: DocumentSearch, query: SearchQuery, new_since: dt.datetime | None, now: dt.datetime
) -> TopicFigures:
    since = floor(now, Interval.HOUR) - WEEK
    hours = search.histogram(
        replace(query, since=since - WEEK, until=now),
        interval=Interval.HOUR,
        by=Breakdown.POLARITY,
    )
    week = [hour for hour in hours if hour.start >= since]
    before = [hour for hour in hours if hour.start < since]
    new = None
    if new_since is not None:
        new = search.count(replace(query, ingested_since=new_since))
    return TopicFigures(
        since=since,
        documents=_sum(week),
        before=_sum(before),
        negative_share=_share(week),
        negative_share_before=_share(before),
        days=_days(hours, now),
        last_hit_hour=max((hour.start for hour in hours), default=None),
        new=new,
    )


def _by_day(search: DocumentSearch, query: SearchQuery) -> tuple[HistogramBucket, ...]:
    return search.histogram(query, interval=Interval.DAY, by=Breakdown.POLARITY)


def _sum(buckets: Sequence[HistogramBucket]) -> int:
    return sum(bucket.total for bucket in buckets)


def _share(buckets: Sequence[HistogramBucket]) -> float | None:
    documents = _sum(buckets)
    if documents < FEWEST_FOR_SHARE:
        return None
    return sum(bucket.counts.get("negative", 0) for bucket in buckets) / documents


def _days(hours: Sequence[HistogramBucket], now: dt.datetime) -> tuple[int, ...]:
    first = floor(now, Interval.DAY) - (SPARK_DAYS - 1) * DAY
    days = [0] * SPARK_DAYS
    for hour in hours:
        place = (hour.start - first) // DAY
        if 0 <= place < SPARK_DAYS:
            days[place] += hour.total
    return tuple(days)


def daily_trend(
    search: DocumentSearch, query: SearchQuery, *, days: int, now: dt.datetime
) -> tuple[TrendPoint, ...]:
    """Give the last Shanghai days by polarity, today as far as it has come."""
    since = floor(now, Interval.DAY) - (days - 1) * DAY
    buckets = _by_day(search, replace(query, since=since, until=now))
    return filled(buckets, Interval.DAY, since=since, until=now)


def composition(
    search: DocumentSearch, query: SearchQuery, *, days: int, now: dt.datetime, size: int = 6
) -> Mapping[FacetField, tuple[TermCount, ...]]:
    """Count the most frequent topics, places and platforms of the same days as the trend."""
    since = floor(now, Interval.DAY) - (days - 1) * DAY
    fields = (FacetField.TOPIC, FacetField.REGION, FacetField.PLATFORM)
    return search.facets(replace(query, since=since, until=now), fields, size=size)
