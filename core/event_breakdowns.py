"""Who speaks about an event, how and where: counts that say "<5" below five authors."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Result, SQLColumnExpression, Text, cast, func, select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document

FEWEST_AUTHORS = 5
MOST_PARTS = 12
UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class BreakdownPart:
    """``documents`` and ``share`` are None where fewer than five authors stand behind the number."""

    value: str
    documents: int | None
    share: float | None


@dataclass(frozen=True, slots=True)
class EventBreakdowns:
    """``regions`` overlap: a document counts for every place it names and for what contains it."""

    documents: int
    polarities: tuple[BreakdownPart, ...]
    regions: tuple[BreakdownPart, ...]
    platforms: tuple[BreakdownPart, ...]


def event_breakdowns(session: Session, event_id: int) -> EventBreakdowns:
    documents = session.scalar(
        select(func.count()).select_from(Document).where(Document.event_id == event_id)
    )
    total = documents or 0
    return EventBreakdowns(
        documents=total,
        polarities=_parts(session, event_id, func.coalesce(Document.polarity, UNKNOWN), total),
        regions=_parts(session, event_id, func.unnest(Document.regions), total),
        platforms=_parts(session, event_id, Document.platform, total),
    )


def _parts(
    session: Session, event_id: int, value: SQLColumnExpression[str], total: int
) -> tuple[BreakdownPart, ...]:
    # What has no author, as news have not, stands for itself.
    author = func.coalesce(func.encode(Document.author_hash, "hex"), cast(Document.id, Text))
    rows: Result[str, int, int] = session.execute(
        select(value.label("value"), func.count(), func.count(author.distinct()))
        .where(Document.event_id == event_id)
        .group_by("value")
        .order_by(func.count().desc(), "value")
        .limit(MOST_PARTS)
    )
    return tuple(
        BreakdownPart(found, documents, documents / total)
        if authors >= FEWEST_AUTHORS
        else BreakdownPart(found, None, None)
        for found, documents, authors in rows
    )
