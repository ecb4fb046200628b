"""What standing topics weigh: this week beside the last, how negative, when the last hit came, what is new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document
from core.errors import StorageError
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
    """The last 7 × 24 hours, and the 7 × 24 hours before, by publication.

    ``days`` counts the last 14 Shanghai days, today last. ``new`` counts what came in since the person looked,
    None while they never did. Shares are None below five documents.
    """

    documents: int
    before: int
    negative_share: float | None
    negative_share_before: float | None
    days: tuple[int, ...]
    last_hit_at: dt.datetime | None
    new: int | None

    @property
    def change(self) -> float | None:
        return (self.documents - self.before) / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Figures:
    """``unreadable`` says, by topic, why its expression cannot be read now; a topic in neither was not counted."""

    by_topic: Mapping[int, TopicFigures]
    unreadable: Mapping[int, str]
    is_available: bool


def topic_query(topic: TopicRow, parse: Parse, now: dt.datetime) -> SearchQuery:
    """Give the search that a topic stands for; raises TopicRefusedError when it cannot be read any more."""
    expression = read_topic(topic.expression, topic.excludes, parse)
    return SearchQuery(expression=expression, source_ids=topic.sources, now=now)


def figures(
    session: Session,
    search: DocumentSearch,
    topics: Sequence[TopicRow],
    *,
    parse: Parse,
    now: dt.datetime,
) -> Figures:
    """Count every topic, with at most four questions to the engine each; the engine may be down."""
    found: dict[int, tuple[TopicFigures, int | None]] = {}
    unreadable: dict[int, str] = {}
    is_available = True
    for topic in topics:
        try:
            query = topic_query(topic, parse, now)
        except TopicRefusedError as error:
            unreadable[topic.id] = str(error)
            continue
        if not is_available:
            # One that does not answer is asked once, not once for every topic.
            continue
        try:
            found[topic.id] = _counted(search, query, topic.new_since, now)
        except StorageError:
            is_available = False
    newest = [document_id for _, document_id in found.values() if document_id is not None]
    times = dict(
        session.execute(
            select(Document.id, Document.published_at).where(Document.id.in_(newest))
        ).all()
    )
    return Figures(
        {
            id_: replace(counted, last_hit_at=times.get(document_id or 0))
            for id_, (counted, document_id) in found.items()
        },
        unreadable,
        is_available,
    )


def _counted(
    search: DocumentSearch, query: SearchQuery, new_since: dt.datetime | None, now: dt.datetime
) -> tuple[TopicFigures, int | None]:
    """Give the figures without the time of the last hit, and the id of that hit."""
    newest = search.search(replace(query, limit=1))
    if not newest.ids:
        new = None if new_since is None else 0
        return TopicFigures(0, 0, None, None, (0,) * SPARK_DAYS, None, new), None
    week, before = (
        _by_day(search, replace(query, since=until - WEEK, until=until))
        for until in (now, now - WEEK)
    )
    documents, earlier = _sum(week), _sum(before)
    figures_now = TopicFigures(
        documents=documents,
        before=earlier,
        negative_share=_share(week, documents),
        negative_share_before=_share(before, earlier),
        days=_days((*before, *week), now),
        last_hit_at=None,
        new=None if new_since is None else search.count(replace(query, ingested_since=new_since)),
    )
    return figures_now, newest.ids[0]


def _by_day(search: DocumentSearch, query: SearchQuery) -> tuple[HistogramBucket, ...]:
    return search.histogram(query, interval=Interval.DAY, by=Breakdown.POLARITY)


def _sum(buckets: Sequence[HistogramBucket]) -> int:
    return sum(bucket.total for bucket in buckets)


def _share(buckets: Sequence[HistogramBucket], documents: int) -> float | None:
    if documents < FEWEST_FOR_SHARE:
        return None
    return sum(bucket.counts.get("negative", 0) for bucket in buckets) / documents


def _days(buckets: Sequence[HistogramBucket], now: dt.datetime) -> tuple[int, ...]:
    """Count by Shanghai day; the day on which one week ends and the other begins is in both parts."""
    first = floor(now, Interval.DAY) - (SPARK_DAYS - 1) * DAY
    days = [0] * SPARK_DAYS
    for bucket in buckets:
        place = (bucket.start - first) // DAY
        if 0 <= place < SPARK_DAYS:
            days[place] += bucket.total
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
