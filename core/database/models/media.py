"""Accounts, drafts, reviews, publications, attempts, numbers and comments."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, Claimable, CreatedAt, Id, JsonObject


class AccountState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    BROKEN = "broken"
    DISABLED = "disabled"


class DraftState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    ARCHIVED = "archived"


class ReviewStage(StrEnum):
    INITIAL = "initial"
    SECOND = "second"
    FINAL = "final"


class PublicationState(StrEnum):
    SCHEDULED = "scheduled"
    SENDING = "sending"
    ACCEPTED = "accepted"
    PUBLISHED = "published"
    UNKNOWN = "unknown"
    FAILED_RETRYABLE = "failed_retryable"
    FAILED_FINAL = "failed_final"
    MISSED = "missed"
    NEEDS_HUMAN = "needs_human"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    TAKEN_DOWN = "taken_down"
    CANCELLED = "cancelled"


class Account(Base):
    """An official, identified account of the union on one platform."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("channel", "handle"),)
    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    channel: Mapped[str]
    handle: Mapped[str]
    name: Mapped[str]
    certification: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    options: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))
    sealed_options: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    token_expires_at: Mapped[dt.datetime | None]
    state: Mapped[str] = mapped_column(default="active", server_default="active")
    state_reason: Mapped[str | None]
    capabilities: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    filing: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))
    frozen_at: Mapped[dt.datetime | None]
    followers: Mapped[int | None] = mapped_column(BigInteger)
    checked_at: Mapped[dt.datetime | None]
    created_at: Mapped[CreatedAt]


class Draft(Base):
    """A text of ours. ``content_hash`` covers all that will go out; approval is sealed to it."""

    __tablename__ = "draft"
    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    title: Mapped[str]
    digest: Mapped[str | None]
    body: Mapped[str]
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("media_asset.id"))
    state: Mapped[str] = mapped_column(default="draft", server_default="draft")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    window_starts_at: Mapped[dt.datetime | None]
    window_ends_at: Mapped[dt.datetime | None]
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    is_cheerful: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    is_demo: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))


class DraftVersion(Base):
    __tablename__ = "draft_version"
    draft_id: Mapped[int] = mapped_column(
        ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[JsonObject]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime]


class Variant(Base):
    """How a draft reads on one channel."""

    __tablename__ = "variant"
    __table_args__ = (UniqueConstraint("draft_id", "channel"),)
    id: Mapped[Id]
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"))
    channel: Mapped[str]
    title: Mapped[str | None]
    text: Mapped[str]
    link: Mapped[str | None]
    options: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))


class VariantTarget(Base):
    """Which accounts a draft goes to."""

    __tablename__ = "variant_target"
    draft_id: Mapped[int] = mapped_column(
        ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)


class Review(Base):
    """One stage's decision on one exact content; no person holds two stages of a draft."""

    __tablename__ = "review"
    __table_args__ = (
        Index("uq_review_stage", "draft_id", "round", "stage", unique=True),
        Index("ix_review_open", "stage", postgresql_where=sql("decision IS NULL")),
    )
    id: Mapped[Id]
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"))
    round: Mapped[int]
    stage: Mapped[str]
    position: Mapped[int]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    requested_at: Mapped[dt.datetime]
    deadline: Mapped[dt.datetime | None]
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[str | None]
    decided_at: Mapped[dt.datetime | None]
    note: Mapped[str | None]


class Publication(Claimable, Base):
    """One draft on one account. PUBLISHED needs a platform id or address.

    ``comments_mark`` is where the reading of readers' comments stopped.
    """

    __tablename__ = "publication"
    __table_args__ = (
        UniqueConstraint("draft_id", "account_id", "occurrence"),
        CheckConstraint(
            "state <> 'published' OR platform_id IS NOT NULL OR url IS NOT NULL",
            name="published_has_proof",
        ),
        Index("ix_publication_due", "due_at", postgresql_where=sql("dead_at IS NULL")),
        Index("ix_publication_planned_at", "planned_at"),
    )
    id: Mapped[Id]
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    occurrence: Mapped[int] = mapped_column(default=1, server_default="1")
    delivery_key: Mapped[str] = mapped_column(unique=True)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(default="scheduled", server_default="scheduled")
    state_reason: Mapped[str | None]
    planned_at: Mapped[dt.datetime]
    zone: Mapped[str] = mapped_column(default="Asia/Shanghai", server_default="Asia/Shanghai")
    grace_s: Mapped[int] = mapped_column(default=600, server_default="600")
    platform_id: Mapped[str | None]
    progress: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))
    url: Mapped[str | None]
    published_at: Mapped[dt.datetime | None]
    probes: Mapped[int] = mapped_column(default=0, server_default="0")
    resends: Mapped[int] = mapped_column(default=0, server_default="0")
    metrics_due_at: Mapped[dt.datetime | None]
    comments_mark: Mapped[JsonObject | None]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[int | None] = mapped_column(BigInteger)


class Attempt(Base):
    """A request to a platform, written before the socket opens."""

    __tablename__ = "attempt"
    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(
        ForeignKey("publication.id", ondelete="CASCADE"), index=True
    )
    action: Mapped[str]
    claim_epoch: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    outcome: Mapped[str | None]
    request: Mapped[JsonObject]
    response: Mapped[JsonObject | None]


class Metric(Base):
    """Numbers of a publication read back from the platform."""

    __tablename__ = "metric"
    publication_id: Mapped[int] = mapped_column(
        ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    basis: Mapped[str]
    reads: Mapped[int | None] = mapped_column(BigInteger)
    likes: Mapped[int | None] = mapped_column(BigInteger)
    reposts: Mapped[int | None] = mapped_column(BigInteger)
    comments: Mapped[int | None] = mapped_column(BigInteger)
    is_final: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    raw: Mapped[JsonObject | None]


class Comment(Base):
    """A comment under our own post; the commenter is a keyed hash."""

    __tablename__ = "comment"
    __table_args__ = (UniqueConstraint("publication_id", "platform_id"),)
    id: Mapped[Id]
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id", ondelete="CASCADE"))
    platform_id: Mapped[str]
    author_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    text: Mapped[str]
    created_at: Mapped[dt.datetime]
    replied_at: Mapped[dt.datetime | None]
    reply: Mapped[str | None]
    reply_by: Mapped[int | None] = mapped_column(BigInteger)


class MediaAsset(Base):
    __tablename__ = "media_asset"
    id: Mapped[Id]
    sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    content_type: Mapped[str]
    alternative_text: Mapped[str]
    rights: Mapped[str | None]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]


class QuotaUse(Base):
    """How much of a platform's daily or hourly allowance an account has used."""

    __tablename__ = "quota_use"
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    window_starts_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    used: Mapped[int] = mapped_column(default=0, server_default="0")


class Assignment(Base):
    """协同任务: a text that other units are asked to carry."""

    __tablename__ = "assignment"
    id: Mapped[Id]
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    deadline: Mapped[dt.datetime]
    acknowledged_at: Mapped[dt.datetime | None]
    proof_url: Mapped[str | None]
    completed_at: Mapped[dt.datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]


class FeedItem(Base):
    """An article in our own mobile feed; withdrawn ones stay listed as withdrawn."""

    __tablename__ = "feed_item"
    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), unique=True)
    key: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str | None]
    content_html: Mapped[str]
    published_at: Mapped[dt.datetime] = mapped_column(index=True)
    modified_at: Mapped[dt.datetime]
    withdrawn_at: Mapped[dt.datetime | None]
    reads: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
