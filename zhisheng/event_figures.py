"""Counts an event's documents anew: by hour and platform, by topic, place and employer, and what is usual."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document, DocumentBody
from core.database.models.understanding import Story
from nlp.event_summary import SourceText
from nlp.hotness import HORIZON, Mention, Norms, PlatformNorm

USUAL_DAYS = 28
MOST_MENTIONS = 3_000
MOST_SOURCES = 60
MOST_TOPICS, MOST_REGIONS, MOST_EMPLOYERS, MOST_KEYWORDS = 4, 12, 5, 10
# A topic or place of one document in ten is not what the event is about.
LEAST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class HourCount:
    hour: dt.datetime
    platform: str
    documents: int
    negative: int
    interactions: int


@dataclass(frozen=True, slots=True)
class EventFigures:
    """``first_document_id`` was published first, of equals the one that came in first; None without documents."""

    documents: int
    negative: int
    sources: int
    stories: int
    first_document_id: int | None
    first_published_at: dt.datetime | None
    last_published_at: dt.datetime | None
    title: str | None
    topics: tuple[str, ...]
    regions: tuple[str, ...]
    employers: tuple[str, ...]
    keywords: tuple[str, ...]
    hours: tuple[HourCount, ...]
    mentions: tuple[Mention, ...]
    texts: tuple[SourceText, ...]


def count_event(session: Session, event_id: int, now: dt.datetime) -> EventFigures:
    """Count the documents of an event; one that another analysis or a person calls irrelevant is left out."""
    mine = (Document.event_id == event_id, Document.relevant.is_not(False))
    documents, negative, sources, stories, first_at, last_at = session.execute(
        select(
            func.count(),
            func.count().filter(Document.polarity == "negative"),
            func.count(Document.source_id.distinct()),
            func.count(Document.story_id.distinct()),
            func.min(Document.published_at),
            func.max(Document.published_at),
        ).where(*mine)
    ).one()
    hour = func.date_trunc("hour", Document.published_at)
    interactions = sum(
        (func.coalesce(func.sum(column), 0) for column in _INTERACTIONS[1:]),
        func.coalesce(func.sum(_INTERACTIONS[0]), 0),
    )
    hours = session.execute(
        select(
            hour,
            Document.platform,
            func.count(),
            func.count().filter(Document.polarity == "negative"),
            interactions,
        )
        .where(*mine)
        .group_by(hour, Document.platform)
        .order_by(hour)
    )
    main = session.scalars(
        select(Story)
        .where(Story.event_id == event_id)
        .order_by(Story.documents.desc(), Story.first_published_at, Story.id)
        .limit(MOST_SOURCES)
    ).all()
    texts, keywords = _texts(session, main)
    return EventFigures(
        documents=documents,
        negative=negative,
        sources=sources,
        stories=stories,
        first_document_id=session.scalar(
            select(Document.id).where(*mine).order_by(Document.published_at, Document.id).limit(1)
        ),
        first_published_at=first_at,
        last_published_at=last_at,
        title=main[0].title if main else None,
        topics=_most(session, event_id, Document.topics, documents, MOST_TOPICS),
        regions=_most(session, event_id, Document.regions, documents, MOST_REGIONS),
        employers=_most(session, event_id, Document.employers, documents, MOST_EMPLOYERS),
        keywords=keywords,
        hours=tuple(HourCount(*row) for row in hours),
        mentions=_mentions(session, event_id, now),
        texts=texts,
    )


_INTERACTIONS = (Document.reposts, Document.comments, Document.likes)


def _most(
    session: Session, event_id: int, column: object, documents: int, most: int
) -> tuple[str, ...]:
    value = func.unnest(column).label("value")
    listed = select(value).where(Document.event_id == event_id).subquery()
    rows = session.execute(
        select(listed.c.value)
        .group_by(listed.c.value)
        .having(func.count() >= LEAST_SHARE * documents)
        .order_by(func.count().desc(), listed.c.value)
        .limit(most)
    )
    return tuple(str(row[0]) for row in rows)


def _mentions(session: Session, event_id: int, now: dt.datetime) -> tuple[Mention, ...]:
    rows = session.execute(
        select(
            Document.platform, Document.published_at, Document.views, Document.reposts,
            Document.comments, Document.likes,
        )
        .where(
            Document.event_id == event_id,
            Document.relevant.is_not(False),
            Document.published_at > now - HORIZON - dt.timedelta(days=1),
        )
        .order_by(Document.published_at.desc())
        .limit(MOST_MENTIONS)
    )  # fmt: skip
    return tuple(Mention(*row) for row in rows)


def _texts(
    session: Session, stories: Sequence[Story]
) -> tuple[tuple[SourceText, ...], tuple[str, ...]]:
    """Read the first document of each story, and the words that most of them have among their keywords."""
    copies = {story.first_document_id: story.documents for story in stories}
    rows = session.execute(
        select(Document.id, Document.published_at, DocumentBody)
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .where(Document.id.in_(copies), Document.relevant.is_not(False))
        .order_by(Document.published_at, Document.id)
    ).all()
    texts = tuple(
        SourceText(id_, published_at, body.title, body.text, copies[id_])
        for id_, published_at, body in rows
    )
    words: Counter[str] = Counter()
    for _, _, body in rows:
        listed = (body.annotations or {}).get("keywords")
        words.update(map(str, listed if isinstance(listed, list) else ()))
    ranked = sorted(words, key=lambda word: (-words[word], word))
    return texts, tuple(ranked[:MOST_KEYWORDS])


def usual(session: Session, now: dt.datetime) -> Norms:
    """Measure what is usual on each platform: relevant documents a day and the mean of ln(1 + x) of each number."""
    since = now - dt.timedelta(days=USUAL_DAYS)
    measures = (Document.views, Document.reposts, Document.comments, Document.likes)
    rows: Sequence[Row[str, int, dt.datetime, float, float, float, float]] = session.execute(
        select(
            Document.platform,
            func.count(),
            func.min(Document.published_at),
            *(func.avg(func.ln(1 + func.greatest(measure, 0))) for measure in measures),
        )
        .where(
            Document.published_at > since, Document.published_at <= now, Document.relevant.is_(True)
        )
        .group_by(Document.platform)
    ).all()
    first = min((row[2] for row in rows), default=now)
    days = max(1.0, (now - first) / dt.timedelta(days=1))
    return {
        row[0]: PlatformNorm(
            row[1] / days, *(None if value is None else float(value) for value in row[3:])
        )
        for row in rows
    }
