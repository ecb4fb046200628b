"""Events with their stories, documents and hours, for the tests of what reads and shows them."""

import datetime as dt
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.understanding import (
    Event,
    EventHour,
    EventStatus,
    Story,
    StoryRelation,
)

HOUR = dt.timedelta(hours=1)
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One document of an event; times are hours before now, ``copies`` come an hour apart after it."""

    title: str = "工地拖欠四十名工友三个月工资"
    text: str = "项目部说月底一定结清，工友们要求公开账目。"
    hours_ago: float = 5.0
    source: str = "河湾论坛"
    platform: str = "论坛"
    outlet: str | None = None
    polarity: str | None = "negative"
    regions: tuple[str, ...] = ("320000",)
    topics: tuple[str, ...] = ("wage_arrears",)
    copies: tuple[StoryRelation, ...] = ()
    author: str | None = None
    reposts: int | None = None
    appeal: str | None = None


@dataclass(frozen=True, kw_only=True)
class EventDraft:
    title: str = "河湾工地欠薪"
    status: EventStatus = EventStatus.RISING
    hotness: float = 52.0
    change: float = 12.0
    topics: tuple[str, ...] = ("wage_arrears",)
    regions: tuple[str, ...] = ("320000",)
    employers: tuple[str, ...] = ("演筑建设",)
    owner_id: int | None = None
    outcome: str | None = None
    closed_at: dt.datetime | None = None
    summary: str | None = "工地拖欠四十名工友三个月工资。"
    detail: dict[str, object] | None = None


def add_event(
    session: Session,
    draft: EventDraft,
    stories: Sequence[Told],
    now: dt.datetime,
) -> int:
    """Store an event with one story for each text told; gives its id."""
    event = Event(
        title=draft.title,
        summary=draft.summary,
        status=draft.status.value,
        status_since=now - HOUR,
        topics=list(draft.topics),
        regions=list(draft.regions),
        employers=list(draft.employers),
        hotness=draft.hotness,
        hotness_change=draft.change,
        owner_id=draft.owner_id,
        outcome=draft.outcome,
        closed_at=draft.closed_at,
        first_published_at=now,
        last_published_at=now,
        detail=draft.detail if draft.detail is not None else hotness_detail(draft),
    )
    session.add(event)
    session.flush()
    documents = [one for told in stories for one in _add_story(session, event.id, told, now)]
    event.stories = len(stories)
    event.documents = len(documents)
    event.negative = sum(one.polarity == "negative" for one in documents)
    event.sources = len({one.source_id for one in documents})
    if documents:
        first = min(documents, key=lambda one: (one.published_at, one.id))
        event.first_document_id = first.id
        event.first_published_at = first.published_at
        event.last_published_at = max(one.published_at for one in documents)
    _add_hours(session, event.id, documents)
    return event.id


def hotness_detail(draft: EventDraft) -> dict[str, object]:
    return {
        "hotness": {
            "value": draft.hotness,
            "low": max(0.0, draft.hotness - 6),
            "high": draft.hotness + 5,
            "change": draft.change,
            "change_is_clear": draft.change > 5,
            "at": "2026-11-21T01:30:00+00:00",
            "before_at": "2026-11-20T23:30:00+00:00",
            "before": draft.hotness - draft.change,
            "share": 0.11,
            "parts": [
                {
                    "platform": "论坛", "documents": 6, "decayed": 4.2, "decay": 0.7,
                    "resonance": 1.1, "usual_per_day": 34.0, "share": 0.073, "share_of_all": 0.66,
                    "views": None, "reposts": 210, "comments": 88, "likes": None,
                }
            ],
        },
        "forecast": {
            "expected": 14.2, "median": 13, "low": 6, "high": 24, "judged": 40, "held": 33,
            "by_hour": [round(14.2 / 24, 2)] * 24,
        },
    }  # fmt: skip


def _add_story(session: Session, event_id: int, told: Told, now: dt.datetime) -> list[Document]:
    published = now - told.hours_ago * HOUR
    first = _add_document(session, event_id, told, published, StoryRelation.FIRST)
    story = Story(
        first_document_id=first.id,
        title=told.title,
        first_published_at=published,
        last_published_at=published + len(told.copies) * HOUR,
        documents=1 + len(told.copies),
        event_id=event_id,
    )
    session.add(story)
    session.flush()
    first.story_id = story.id
    documents = [first]
    for place, relation in enumerate(told.copies, 1):
        copy = _add_document(session, event_id, told, published + place * HOUR, relation, place)
        copy.story_id, copy.story_parent_id = story.id, documents[place // 3].id
        documents.append(copy)
    return documents


def _add_document(
    session: Session,
    event_id: int,
    told: Told,
    published: dt.datetime,
    relation: StoryRelation,
    place: int = 0,
) -> Document:
    number = next(_numbers)
    name = told.source if not place else f"转载站{place}"
    source = session.scalar(select(Source).where(Source.name == name))
    if source is None:
        source = Source(name=name, kind="feed", platform=told.platform, level="public")
        session.add(source)
        session.flush()
    author = told.author or f"作者{number}"
    document = Document(
        source_id=source.id,
        canonical_url=f"https://events.example/{number}",
        content_hash=hashlib.sha256(f"event{number}".encode()).digest(),
        platform=told.platform,
        level="public",
        published_at=published,
        ingested_at=published,
        analysed_at=published,
        collected_by="crawl",
        author_hash=hashlib.sha256(author.encode()).digest(),
        outlet=told.outlet,
        relevant=True,
        relevance=0.9,
        polarity=told.polarity,
        topics=list(told.topics),
        regions=list(told.regions),
        reposts=told.reposts,
        event_id=event_id,
        story_relation=relation.value,
    )
    session.add(document)
    session.flush()
    session.add(
        DocumentBody(
            document_id=document.id,
            ingested_at=document.ingested_at,
            title=told.title if not place else f"{told.title}（转载）",
            text=told.text,
            annotations={"facts": {"appeal": told.appeal}},
        )
    )
    return document


def _add_hours(session: Session, event_id: int, documents: Sequence[Document]) -> None:
    hours: dict[tuple[dt.datetime, str], EventHour] = {}
    for document in documents:
        hour = document.published_at.replace(minute=0, second=0, microsecond=0)
        key = (hour, document.platform)
        if key not in hours:
            hours[key] = EventHour(
                event_id=event_id, hour=hour, platform=document.platform, documents=0, negative=0
            )
        hours[key].documents += 1
        hours[key].negative += document.polarity == "negative"
    session.add_all(hours.values())
    session.flush()
