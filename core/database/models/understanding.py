"""Stories, events, standing topics and corrections of labels."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, Claimable, CreatedAt, Id, JsonObject


class EventStatus(StrEnum):
    NEW = "new"
    RISING = "rising"
    REBOUND = "rebound"
    ONGOING = "ongoing"
    FALLING = "falling"
    CLOSED = "closed"


class StoryRelation(StrEnum):
    """How a document stands to its story."""

    FIRST = "first"
    EXACT = "exact"
    REPRINT = "reprint"
    REWRITE = "rewrite"
    VERSION = "version"


class Story(Base):
    """One piece of writing: its first publication and its reprints.

    ``is_placed`` keeps a story in the event where a person put it.
    """

    __tablename__ = "story"
    id: Mapped[Id]
    first_document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    title: Mapped[str]
    first_published_at: Mapped[dt.datetime]
    last_published_at: Mapped[dt.datetime]
    documents: Mapped[int] = mapped_column(default=1)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)
    is_placed: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))


class StorySketch(Base):
    """What later documents are compared with, for as long as they may belong to the story.

    One row for each document that says something its story had not said; ``keys`` are its rows in ``story_key``.
    ``last_at`` is the latest publication that joined through this row.
    """

    __tablename__ = "story_sketch"
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    )
    story_id: Mapped[int] = mapped_column(ForeignKey("story.id", ondelete="CASCADE"), index=True)
    published_at: Mapped[dt.datetime]
    last_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime] = mapped_column(index=True)
    digest: Mapped[int] = mapped_column(BigInteger)
    shingles: Mapped[bytes] = mapped_column(LargeBinary)
    numbers: Mapped[bytes] = mapped_column(LargeBinary)
    names: Mapped[bytes] = mapped_column(LargeBinary)
    keys: Mapped[list[int]]


class StoryKey(Base):
    """The inverted table of ``StorySketch.keys``: documents that share one are compared closely."""

    __tablename__ = "story_key"
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    document_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Event(Claimable, Base):
    """A cluster of stories on one matter; ids stay when documents come and go.

    ``due_at`` is when its figures are to be renewed. ``detail`` holds what the page explains: the inputs of the
    hotness, the forecast, the sentences of the summary. A merged event keeps its row and points to the other.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_due", "due_at", postgresql_where=sql("dead_at IS NULL")),
        Index("ix_event_hotness", "hotness", postgresql_where=sql("merged_into_id IS NULL")),
        Index("ix_event_employers", "employers", postgresql_using="gin"),
    )
    id: Mapped[Id]
    title: Mapped[str]
    is_title_fixed: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    summary: Mapped[str | None]
    status: Mapped[str]
    status_since: Mapped[dt.datetime | None]
    topics: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    regions: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    employers: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    first_document_id: Mapped[int | None] = mapped_column(BigInteger)
    first_published_at: Mapped[dt.datetime]
    last_published_at: Mapped[dt.datetime] = mapped_column(index=True)
    documents: Mapped[int] = mapped_column(default=0)
    stories: Mapped[int] = mapped_column(default=0, server_default="0")
    sources: Mapped[int] = mapped_column(default=0, server_default="0")
    negative: Mapped[int] = mapped_column(default=0)
    hotness: Mapped[float] = mapped_column(default=0.0)
    hotness_change: Mapped[float] = mapped_column(default=0.0, server_default="0")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)
    silenced_until: Mapped[dt.datetime | None]
    silence_reason: Mapped[str | None]
    silenced_by: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str | None]
    detail: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))
    is_demo: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    refreshed_at: Mapped[dt.datetime | None]
    created_at: Mapped[CreatedAt]


class EventProfile(Base):
    """What new stories are compared with; packed as ``nlp.events`` reads it.

    ``is_stale`` after stories were moved by hand: it is made anew before the event's figures are.
    """

    __tablename__ = "event_profile"
    event_id: Mapped[int] = mapped_column(
        ForeignKey("event.id", ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)
    is_stale: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    seen_at: Mapped[dt.datetime]


class EventKey(Base):
    """The inverted table of what events are about: a new story is compared with those that share a key."""

    __tablename__ = "event_key"
    __table_args__ = (Index("ix_event_key_lookup", "key", "seen_at"),)
    event_id: Mapped[int] = mapped_column(
        ForeignKey("event.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seen_at: Mapped[dt.datetime] = mapped_column(index=True)


class ClauseUse(Base):
    """How many stories held a clause: what many hold says nothing about the matter of one."""

    __tablename__ = "clause_use"
    hash: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stories: Mapped[int]
    seen_at: Mapped[dt.datetime] = mapped_column(index=True)


class EventHour(Base):
    """Documents of an event by hour of publication and platform."""

    __tablename__ = "event_hour"
    event_id: Mapped[int] = mapped_column(
        ForeignKey("event.id", ondelete="CASCADE"), primary_key=True
    )
    hour: Mapped[dt.datetime] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(primary_key=True)
    documents: Mapped[int] = mapped_column(default=0)
    negative: Mapped[int] = mapped_column(default=0)
    interactions: Mapped[int] = mapped_column(BigInteger, default=0)


class EventDecisionKind(StrEnum):
    MERGE = "merge"
    SPLIT = "split"


class EventDecision(Base):
    """A merge or split by hand, with the stories it moved, so that it can be undone.

    ``event_id`` is the event that gave its stories away, ``other_id`` the one that took them. A split keeps the
    two apart: neither is proposed for merging with the other.
    """

    __tablename__ = "event_decision"
    id: Mapped[Id]
    kind: Mapped[str]
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    story_ids: Mapped[list[int]]
    detail: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))
    actor: Mapped[str]
    at: Mapped[dt.datetime]
    undone_at: Mapped[dt.datetime | None]
    undone_by: Mapped[str | None]


class EventEntry(Base):
    """The log of an event: changes of status, what people did, their notes; nodes on its trend."""

    __tablename__ = "event_entry"
    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), index=True)
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    action: Mapped[str]
    text: Mapped[str]
    detail: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))


class EventFollower(Base):
    """Who wants to hear about an event."""

    __tablename__ = "event_follower"
    event_id: Mapped[int] = mapped_column(
        ForeignKey("event.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    since: Mapped[dt.datetime]


class StandingTopic(Base):
    """A topic somebody keeps an eye on: what meets ``expression`` and not ``excludes``, from ``sources`` if any."""

    __tablename__ = "standing_topic"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    expression: Mapped[str]
    excludes: Mapped[str] = mapped_column(server_default=sql("''"))
    purpose: Mapped[str]
    sources: Mapped[list[int]] = mapped_column(server_default=sql("'{}'"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    archived_at: Mapped[dt.datetime | None]


class StandingTopicReader(Base):
    """What a person has to do with a standing topic: when they last looked, and since when they subscribe."""

    __tablename__ = "standing_topic_reader"
    topic_id: Mapped[int] = mapped_column(
        ForeignKey("standing_topic.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    seen_at: Mapped[dt.datetime | None]
    subscribed_at: Mapped[dt.datetime | None]


class SynonymGroup(Base):
    """A named group of words that expressions use as ``{name}``."""

    __tablename__ = "synonym_group"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    words: Mapped[list[str]]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[int | None] = mapped_column(BigInteger)


class LabelCorrection(Base):
    """A label that a person corrected; training data with the editor's name.

    Of a document and task the newest that is not undone stands.
    """

    __tablename__ = "label_correction"
    __table_args__ = (
        Index("ix_label_correction_document_id_task", "document_id", "task"),
        Index("ix_label_correction_at", "at"),
    )
    id: Mapped[Id]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    task: Mapped[str]
    was: Mapped[str | None]
    corrected: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime]
    undone_at: Mapped[dt.datetime | None]
    undone_by: Mapped[int | None] = mapped_column(BigInteger)
