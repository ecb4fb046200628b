"""Stories, events, standing topics and corrections of labels."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, CreatedAt, Id, JsonObject


class EventStatus(StrEnum):
    NEW = "new"
    RISING = "rising"
    REBOUND = "rebound"
    ONGOING = "ongoing"
    FALLING = "falling"
    CLOSED = "closed"


class Story(Base):
    """One piece of writing: its first publication and its reprints."""

    __tablename__ = "story"
    id: Mapped[Id]
    first_document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    title: Mapped[str]
    first_published_at: Mapped[dt.datetime]
    last_published_at: Mapped[dt.datetime]
    documents: Mapped[int] = mapped_column(default=1)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)


class StoryBand(Base):
    """A slice of a fingerprint: stories that share one are compared closely."""

    __tablename__ = "story_band"
    band: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    story_id: Mapped[int] = mapped_column(
        ForeignKey("story.id", ondelete="CASCADE"), primary_key=True
    )
    fingerprint: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[dt.datetime] = mapped_column(index=True)


class Event(Base):
    """A cluster of stories on one matter; ids stay when documents come and go."""

    __tablename__ = "event"
    id: Mapped[Id]
    title: Mapped[str]
    summary: Mapped[str | None]
    status: Mapped[str]
    topics: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    regions: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    employers: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    first_published_at: Mapped[dt.datetime]
    last_published_at: Mapped[dt.datetime] = mapped_column(index=True)
    documents: Mapped[int] = mapped_column(default=0)
    negative: Mapped[int] = mapped_column(default=0)
    hotness: Mapped[float] = mapped_column(default=0.0)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    detail: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]


class StandingTopic(Base):
    """A topic somebody keeps an eye on: an expression with excludes and sources."""

    __tablename__ = "standing_topic"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    expression: Mapped[str]
    purpose: Mapped[str]
    sources: Mapped[list[int]] = mapped_column(server_default=text("'{}'"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    subscribers: Mapped[list[int]] = mapped_column(server_default=text("'{}'"))
    seen_at: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]
    archived_at: Mapped[dt.datetime | None]


class SynonymGroup(Base):
    """A named group of words that expressions use as ``{name}``."""

    __tablename__ = "synonym_group"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    words: Mapped[list[str]]
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[int | None] = mapped_column(BigInteger)


class LabelCorrection(Base):
    """A label that a person corrected; training data with the editor's name."""

    __tablename__ = "label_correction"
    __table_args__ = (UniqueConstraint("document_id", "task", "person_id"),)
    id: Mapped[Id]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    task: Mapped[str]
    was: Mapped[str | None]
    corrected: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime]
