"""Reading collected documents with their bodies: for lists of hits, a document's page, and the command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.database.base import JsonObject
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.understanding import Story

PENDING = "正在分析，稍后可读"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """One document as it is stored, masked; it can be matched with an expression as it is.

    ``title`` and ``text`` are what spans count in; both are empty until the analysis has masked names and
    addresses. ``annotations`` is what the pipeline wrote, None before it ran.
    """

    id: int
    title: str
    text: str
    url: str
    content_hash: bytes
    kind: str
    source_id: int
    source_name: str
    platform: str
    level: str
    outlet: str | None
    original_source: str | None
    published_at: dt.datetime
    has_bad_time: bool
    ingested_at: dt.datetime
    analysed_at: dt.datetime | None
    relevant: bool | None
    relevance: float | None
    our_union: bool | None
    polarity: str | None
    topics: tuple[str, ...]
    regions: tuple[str, ...]
    employers: tuple[str, ...]
    event_id: int | None
    story_id: int | None
    thread_id: int | None
    views: int | None
    reposts: int | None
    comments: int | None
    likes: int | None
    is_demo: bool
    annotations: JsonObject | None
    answer_state: str | None = None
    answered_at: dt.datetime | None = None

    @property
    def headline(self) -> str:
        """The title, or the beginning of a text that has none."""
        if self.analysed_at is None:
            return PENDING
        return self.title.strip() or self.text.strip()[:60] or "（无标题）"


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A member of a story, without its text."""

    id: int
    title: str
    source_name: str
    platform: str
    published_at: dt.datetime
    url: str
    is_first: bool


def read_documents(session: Session, ids: Sequence[int]) -> list[StoredDocument]:
    """Read documents in the order of ``ids``; those that were deleted meanwhile are left out."""
    found = {document.id: document for document in map(_stored, session.execute(_with_bodies(ids)))}
    return [found[id_] for id_ in ids if id_ in found]


def read_document(session: Session, document_id: int) -> StoredDocument | None:
    found = read_documents(session, [document_id])
    return found[0] if found else None


def _with_bodies(ids: Sequence[int]) -> Select[Document, DocumentBody, str]:
    return (
        select(Document, DocumentBody, Source.name)
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .join(Source, Source.id == Document.source_id)
        .where(Document.id.in_(ids))
    )


def _stored(row: Sequence[object]) -> StoredDocument:
    document, body, source_name = row
    assert isinstance(document, Document)  # noqa: S101 (what the statement selects)
    assert isinstance(body, DocumentBody)  # noqa: S101 (what the statement selects)
    return StoredDocument(
        id=document.id,
        title="" if document.analysed_at is None else body.title,
        text="" if document.analysed_at is None else body.text,
        url=document.canonical_url,
        content_hash=document.content_hash,
        kind=document.kind,
        source_id=document.source_id,
        source_name=str(source_name),
        platform=document.platform,
        level=document.level,
        outlet=document.outlet,
        original_source=document.original_source,
        published_at=document.published_at,
        has_bad_time=document.has_bad_time,
        ingested_at=document.ingested_at,
        analysed_at=document.analysed_at,
        relevant=document.relevant,
        relevance=document.relevance,
        our_union=document.our_union,
        polarity=document.polarity,
        topics=tuple(document.topics),
        regions=tuple(document.regions),
        employers=tuple(document.employers),
        event_id=document.event_id,
        story_id=document.story_id,
        thread_id=document.thread_id,
        views=document.views,
        reposts=document.reposts,
        comments=document.comments,
        likes=document.likes,
        is_demo=document.is_demo,
        annotations=body.annotations,
        answer_state=document.answer_state,
        answered_at=document.answered_at,
    )


def story_lines(session: Session, story_id: int, *, limit: int = 50) -> list[StoryLine]:
    """List a story's documents, first publication first."""
    rows = session.execute(
        _lines()
        .where(Document.story_id == story_id)
        .order_by(Document.published_at, Document.id)
        .limit(limit)
    )
    return [_line(row, is_first=place == 0) for place, row in enumerate(rows)]


def lines_of(session: Session, ids: Iterable[int]) -> dict[int, StoryLine]:
    """Read documents without their texts; those that were deleted are left out."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = session.execute(
        _lines().add_columns(Story.first_document_id).where(Document.id.in_(wanted))
    )
    return {row[0].id: _line(row[:4], is_first=row[0].id == row[4]) for row in rows}


def _lines() -> Select[Document, str, str, str]:
    return (
        select(Document, DocumentBody.title, func.left(DocumentBody.text, 60), Source.name)
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .join(Source, Source.id == Document.source_id)
        .outerjoin(Story, Story.id == Document.story_id)
        .where(Document.analysed_at.is_not(None))
    )


def _line(row: Sequence[object], *, is_first: bool) -> StoryLine:
    document, title, start, source = row
    assert isinstance(document, Document)  # noqa: S101 (what the statement selects)
    return StoryLine(
        id=document.id,
        title=str(title or start or "（无标题）"),
        source_name=str(source),
        platform=document.platform,
        published_at=document.published_at,
        url=document.canonical_url,
        is_first=is_first,
    )


def known_sources(session: Session) -> list[tuple[int, str]]:
    """List id and name of every source, for filters."""
    return [
        (id_, name)
        for id_, name in session.execute(select(Source.id, Source.name).order_by(Source.name))
    ]
