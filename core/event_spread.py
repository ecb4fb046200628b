"""How an event spread: its stories, each with its first publisher and what came after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.understanding import Story, StoryRelation

MOST_STORIES = 30
MOST_COPIES = 60
MOST_POSTS = 8


@dataclass(frozen=True, slots=True)
class SpreadStory:
    """A story with its copies counted by how they stand to it; ``publisher`` came first."""

    id: int
    first_document_id: int
    title: str
    publisher: str
    platform: str
    first_published_at: dt.datetime
    last_published_at: dt.datetime
    documents: int
    sources: int
    exact: int
    reprints: int
    rewrites: int
    versions: int
    is_placed: bool


@dataclass(frozen=True, slots=True)
class StoryCopy:
    """A document of a story; ``parent_id`` is the one it was taken from, None for the first."""

    id: int
    story_id: int
    title: str
    text: str
    publisher: str
    platform: str
    published_at: dt.datetime
    relation: StoryRelation
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class KeyPost:
    """The document of a story that moved most people; ``copies`` counts the story."""

    id: int
    title: str
    publisher: str
    platform: str
    published_at: dt.datetime
    polarity: str | None
    views: int | None
    reposts: int | None
    comments: int | None
    likes: int | None
    copies: int


def spread_stories(
    session: Session, event_id: int, *, limit: int = MOST_STORIES
) -> list[SpreadStory]:
    """List the stories, the most spread first, then the earliest."""
    first = aliased(Document)
    relation = Document.story_relation

    def of(kind: StoryRelation) -> object:
        return func.count().filter(relation == kind.value)

    counted = (
        select(
            Document.story_id.label("story_id"),
            func.count().label("documents"),
            func.count(Document.source_id.distinct()).label("sources"),
            *(of(kind).label(kind.value) for kind in StoryRelation),  # type: ignore[attr-defined] # a column with a name
        )
        .where(Document.story_id.in_(select(Story.id).where(Story.event_id == event_id)))
        .group_by(Document.story_id)
        .subquery()
    )
    rows = session.execute(
        select(Story, first.platform, func.coalesce(first.outlet, Source.name), counted)
        .join(counted, counted.c.story_id == Story.id)
        .outerjoin(first, first.id == Story.first_document_id)
        .outerjoin(Source, Source.id == first.source_id)
        .where(Story.event_id == event_id)
        .order_by(counted.c.documents.desc(), Story.first_published_at, Story.id)
        .limit(limit)
    )
    return [
        SpreadStory(
            id=row.Story.id,
            first_document_id=row.Story.first_document_id,
            title=row.Story.title,
            publisher=row[2] or "未知",
            platform=row[1] or "",
            first_published_at=row.Story.first_published_at,
            last_published_at=row.Story.last_published_at,
            documents=row.documents,
            sources=row.sources,
            exact=row.exact,
            reprints=row.reprint,
            rewrites=row.rewrite,
            versions=row.version,
            is_placed=row.Story.is_placed,
        )
        for row in rows
    ]


def story_copies(
    session: Session, story_ids: Sequence[int], *, limit: int = MOST_COPIES
) -> list[StoryCopy]:
    """List the documents of stories by publication, those of the earliest first."""
    rows = session.execute(
        select(
            Document, DocumentBody.title, DocumentBody.text,
            func.coalesce(Document.outlet, Source.name),
        )
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .join(Source, Source.id == Document.source_id)
        .where(Document.story_id.in_(story_ids))
        .order_by(Document.published_at, Document.id)
        .limit(limit)
    )  # fmt: skip
    return [
        StoryCopy(
            id=document.id,
            story_id=document.story_id or 0,
            title=title.strip() or text.strip()[:60] or "（无标题）",
            text=text,
            publisher=publisher,
            platform=document.platform,
            published_at=document.published_at,
            relation=StoryRelation(document.story_relation or "first"),
            parent_id=document.story_parent_id,
        )
        for document, title, text, publisher in rows
    ]


def key_posts(session: Session, event_id: int, *, limit: int = MOST_POSTS) -> list[KeyPost]:
    """List what moved most people by twice its reposts, its comments and likes; one document of each story."""
    influence = (
        2 * func.coalesce(Document.reposts, 0)
        + func.coalesce(Document.comments, 0)
        + func.coalesce(Document.likes, 0)
    )
    own = (
        select(
            Document.id,
            func.row_number()
            .over(
                partition_by=func.coalesce(Document.story_id, -Document.id),
                order_by=(influence.desc(), Document.published_at, Document.id),
            )
            .label("place"),
            influence.label("influence"),
        )
        .where(Document.event_id == event_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Document, DocumentBody.title, func.left(DocumentBody.text, 60),
            func.coalesce(Document.outlet, Source.name), Story.documents,
        )
        .join(own, own.c.id == Document.id)
        .join(
            DocumentBody,
            (DocumentBody.document_id == Document.id)
            & (DocumentBody.ingested_at == Document.ingested_at),
        )
        .join(Source, Source.id == Document.source_id)
        .outerjoin(Story, Story.id == Document.story_id)
        .where(own.c.place == 1)
        .order_by(own.c.influence.desc(), Document.published_at, Document.id)
        .limit(limit)
    )  # fmt: skip
    return [
        KeyPost(
            id=document.id,
            title=title.strip() or start.strip() or "（无标题）",
            publisher=publisher,
            platform=document.platform,
            published_at=document.published_at,
            polarity=document.polarity,
            views=document.views,
            reposts=document.reposts,
            comments=document.comments,
            likes=document.likes,
            copies=documents or 1,
        )
        for document, title, start, publisher, documents in rows
    ]
