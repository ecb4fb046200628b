"""Reading standing topics: the list of one person, one topic, who follows it, what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from core.audit_log import PERSON_PREFIX
from core.database.models.collecting import Source
from core.database.models.operations import AuditEntry
from core.database.models.organisation import Person
from core.database.models.understanding import StandingTopic, StandingTopicReader
from core.standing_topics import ARCHIVED, CREATED, EDITED, RESTORED, TICK

MOST_VERSIONS = 50
_HISTORY = (CREATED, EDITED, ARCHIVED, RESTORED)
_NO_CONTENT: Mapping[str, object] = {}

TopicColumns: TypeAlias = Row[StandingTopic, str, int, dt.datetime | None, dt.datetime | None]
TopicSelect: TypeAlias = Select[StandingTopic, str, int, dt.datetime | None, dt.datetime | None]


class TopicTab(StrEnum):
    ALL = "all"
    FOLLOWED = "followed"
    OWNED = "owned"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic as one person sees it: ``seen_at`` and ``subscribed_at`` are theirs."""

    id: int
    name: str
    expression: str
    excludes: str
    purpose: str
    sources: tuple[int, ...]
    owner_id: int
    owner: str
    subscribers: int
    version: int
    created_at: dt.datetime
    changed_at: dt.datetime
    archived_at: dt.datetime | None
    seen_at: dt.datetime | None
    subscribed_at: dt.datetime | None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def new_since(self) -> dt.datetime | None:
        """From when hits are new to the person; None while they never looked nor subscribed."""
        known = self.seen_at or self.subscribed_at
        return None if known is None else known + TICK


@dataclass(frozen=True, slots=True)
class TopicChange:
    """One entry of a topic's history; ``before`` is empty for the first."""

    at: dt.datetime
    person: str | None
    action: str
    before: Mapping[str, object]
    after: Mapping[str, object]


def list_topics(session: Session, tab: TopicTab, *, person_id: int) -> list[TopicRow]:
    """List one tab: what the person follows first, then by name."""
    statement = _rows(person_id).where(*_tab(tab, person_id))
    is_unfollowed = StandingTopicReader.subscribed_at.is_(None)
    ordered = statement.order_by(is_unfollowed, StandingTopic.name, StandingTopic.id)
    return [_row(row) for row in session.execute(ordered)]


def count_topics(session: Session, *, person_id: int) -> dict[TopicTab, int]:
    counts = session.execute(
        select(*(func.count().filter(*_tab(tab, person_id)) for tab in TopicTab))
        .select_from(StandingTopic)
        .outerjoin(StandingTopicReader, _reads(person_id))
    ).one()
    return dict(zip(TopicTab, counts, strict=True))


def find_topic(session: Session, topic_id: int, *, person_id: int) -> TopicRow | None:
    row = session.execute(_rows(person_id).where(StandingTopic.id == topic_id)).one_or_none()
    return None if row is None else _row(row)


def subscribers(session: Session, topic_id: int) -> list[str]:
    """Name the colleagues who follow a topic."""
    return list(
        session.scalars(
            select(Person.name)
            .join(StandingTopicReader, StandingTopicReader.person_id == Person.id)
            .where(
                StandingTopicReader.topic_id == topic_id,
                StandingTopicReader.subscribed_at.is_not(None),
                Person.is_active,
            )
            .order_by(Person.name, Person.id)
        )
    )


def source_names(session: Session, ids: Sequence[int]) -> list[str]:
    statement = select(Source.name).where(Source.id.in_(ids)).order_by(Source.name)
    return list(session.scalars(statement))


def history(session: Session, topic_id: int) -> list[TopicChange]:
    """List what was changed, the newest first, as far as the audit log goes back."""
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.action.in_(_HISTORY),
            AuditEntry.object_type == "standing_topic",
            AuditEntry.object_id == str(topic_id),
        )
        .order_by(AuditEntry.id.desc())
        .limit(MOST_VERSIONS)
    ).all()
    actors = {entry.actor.removeprefix(PERSON_PREFIX) for entry in entries}
    ids = [int(actor) for actor in actors if actor.isdecimal()]
    people = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    names = {f"{PERSON_PREFIX}{id_}": name for id_, name in people}
    return [
        TopicChange(
            at=entry.at,
            person=names.get(entry.actor),
            action=entry.action,
            before=_part(entry, "before"),
            after=_part(entry, "after"),
        )
        for entry in entries
    ]


def _part(entry: AuditEntry, name: str) -> Mapping[str, object]:
    part = entry.detail.get(name)
    return part if isinstance(part, dict) else _NO_CONTENT


def _reads(person_id: int) -> ColumnElement[bool]:
    return (StandingTopicReader.topic_id == StandingTopic.id) & (
        StandingTopicReader.person_id == person_id
    )


def _rows(person_id: int) -> TopicSelect:
    others = StandingTopicReader.__table__.alias("followers")
    followers = (
        select(func.count())
        .select_from(others.join(Person, Person.id == others.c.person_id))
        .where(
            others.c.topic_id == StandingTopic.id,
            others.c.subscribed_at.is_not(None),
            Person.is_active,
        )
        .scalar_subquery()
    )
    return (
        select(
            StandingTopic,
            Person.name,
            followers,
            StandingTopicReader.seen_at,
            StandingTopicReader.subscribed_at,
        )
        .join(Person, Person.id == StandingTopic.owner_id)
        .outerjoin(StandingTopicReader, _reads(person_id))
    )


def _tab(tab: TopicTab, person_id: int) -> tuple[ColumnElement[bool], ...]:
    if tab is TopicTab.ARCHIVED:
        return (StandingTopic.archived_at.is_not(None),)
    kept = StandingTopic.archived_at.is_(None)
    match tab:
        case TopicTab.FOLLOWED:
            return kept, StandingTopicReader.subscribed_at.is_not(None)
        case TopicTab.OWNED:
            return kept, StandingTopic.owner_id == person_id
        case _:
            return (kept,)


def _row(row: TopicColumns) -> TopicRow:
    topic, owner, followers, seen_at, subscribed_at = row
    return TopicRow(
        id=topic.id,
        name=topic.name,
        expression=topic.expression,
        excludes=topic.excludes,
        purpose=topic.purpose,
        sources=tuple(topic.sources),
        owner_id=topic.owner_id,
        owner=owner,
        subscribers=followers,
        version=topic.version,
        created_at=topic.created_at,
        changed_at=topic.changed_at,
        archived_at=topic.archived_at,
        seen_at=seen_at,
        subscribed_at=subscribed_at,
    )
