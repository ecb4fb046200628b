"""Events that are over, to compare a present one with; and what is asked for in an event."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document, DocumentBody
from core.database.models.understanding import Event, EventStatus

MOST_COMPARED = 400
MOST_APPEALS = 400
OVER_AFTER = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class PastEvent:
    id: int
    title: str
    status: EventStatus
    topics: tuple[str, ...]
    employers: tuple[str, ...]
    regions: tuple[str, ...]
    keywords: tuple[str, ...]
    first_published_at: dt.datetime
    last_published_at: dt.datetime
    closed_at: dt.datetime | None
    outcome: str | None
    documents: int


@dataclass(frozen=True, slots=True)
class StatedAppeal:
    """The sentence in which a document says what is wanted; ``author`` only tells whether two are the same."""

    document_id: int
    author: str
    text: str


def past_events(session: Session, event_id: int, now: dt.datetime) -> list[PastEvent]:
    """List the latest closed or quiet events that share a topic or an employer with this one."""
    event = session.get(Event, event_id)
    if event is None or not (event.topics or event.employers):
        return []
    rows = session.scalars(
        select(Event)
        .where(
            Event.id != event_id,
            Event.merged_into_id.is_(None),
            Event.first_published_at < event.first_published_at,
            or_(
                Event.status == EventStatus.CLOSED.value,
                Event.last_published_at < now - OVER_AFTER,
            ),
            or_(Event.topics.overlap(event.topics), Event.employers.overlap(event.employers)),
        )
        .order_by(
            (Event.status == EventStatus.CLOSED.value).desc(),
            Event.last_published_at.desc(),
            Event.id.desc(),
        )
        .limit(MOST_COMPARED)
    )
    return [past_event(row) for row in rows]


def past_event(event: Event) -> PastEvent:
    keywords = event.detail.get("keywords")
    return PastEvent(
        id=event.id,
        title=event.title,
        status=EventStatus(event.status),
        topics=tuple(event.topics),
        employers=tuple(event.employers),
        regions=tuple(event.regions),
        keywords=tuple(str(word) for word in keywords) if isinstance(keywords, list) else (),
        first_published_at=event.first_published_at,
        last_published_at=event.last_published_at,
        closed_at=event.closed_at,
        outcome=event.outcome,
        documents=event.documents,
    )


def stated_appeals(session: Session, event_id: int) -> list[StatedAppeal]:
    """List the appeals of the event's latest documents; reprints state theirs once, by their story."""
    appeal = DocumentBody.annotations["facts"]["appeal"].astext
    rows = session.execute(
        select(Document.id, func.encode(Document.author_hash, "hex"), appeal)
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .where(
            Document.event_id == event_id,
            appeal.is_not(None),
            or_(
                Document.story_relation.is_(None),
                Document.story_relation.not_in(("exact", "reprint")),
            ),
        )
        .order_by(Document.published_at.desc(), Document.id.desc())
        .limit(MOST_APPEALS)
    )
    return [StatedAppeal(id_, author or str(id_), text) for id_, author, text in rows]
