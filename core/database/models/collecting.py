"""Sources, what they yielded, and the documents collected from them."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, Claimable, CreatedAt, Id, JsonObject


class SourceState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    BLOCKED = "blocked"


class SourceLevel(StrEnum):
    """Standing of a source; a rule's level table uses it."""

    NATIONAL = "national"
    PROVINCIAL = "provincial"
    CITY = "city"
    COMMERCIAL = "commercial"
    PUBLIC = "public"


class Source(Claimable, Base):
    """Where documents come from. ``due_at`` is the next visit; ``sealed_options`` the options that are secret."""

    __tablename__ = "source"
    __table_args__ = (
        Index(
            "ix_source_due", "due_at", postgresql_where=sql("dead_at IS NULL AND state = 'active'")
        ),
    )
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    url: Mapped[str | None]
    platform: Mapped[str]
    level: Mapped[str]
    adcode: Mapped[str | None]
    options: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))
    state: Mapped[str] = mapped_column(default="active", server_default="active")
    legal_basis: Mapped[str | None]
    interval_s: Mapped[int] = mapped_column(default=600, server_default="600")
    interval_floor_s: Mapped[int] = mapped_column(default=60, server_default="60")
    interval_ceiling_s: Mapped[int] = mapped_column(default=86_400, server_default="86400")
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    content_digest: Mapped[str | None]
    cursor: Mapped[JsonObject | None]
    visited_at: Mapped[dt.datetime | None]
    succeeded_at: Mapped[dt.datetime | None]
    last_item_at: Mapped[dt.datetime | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    failure_reason: Mapped[str | None]
    is_demo: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    created_at: Mapped[CreatedAt]
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    needs_browser: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    needs_trial: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    tried_at: Mapped[dt.datetime | None]
    publishing_rate: Mapped[float | None]
    silent_since: Mapped[dt.datetime | None]
    degraded_since: Mapped[dt.datetime | None]
    sealed_options: Mapped[bytes | None] = mapped_column(LargeBinary)


class CrawlHost(Base):
    """What all crawlers share about a host: when it may be asked next, and whether it is left alone.

    ``next_at`` is the first moment of the next request; ``delay_s`` what the host itself asked for;
    ``in_flight`` when each request under way is given up. While ``closed_until`` lies ahead nobody asks it;
    after that one request tries.
    """

    __tablename__ = "crawl_host"
    host: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[dt.datetime]
    delay_s: Mapped[float] = mapped_column(default=0, server_default="0")
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    closed_until: Mapped[dt.datetime | None]
    reason: Mapped[str | None]
    changed_at: Mapped[dt.datetime]
    in_flight: Mapped[list[dt.datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)), server_default=sql("'{}'")
    )


class SourceHour(Base):
    """Coverage ledger: what a source should have yielded in an hour, and what it did.

    ``expected`` is the number of new items that was usual when the hour began; it is written once.
    ``succeeded`` counts the visits that were answered. ``quality`` is the sum of the extraction scores of the
    hour's ``pages``. An hour that should have been watched has a row even if nobody came.
    """

    __tablename__ = "source_hour"
    __table_args__ = (Index("ix_source_hour_hour", "hour"),)
    source_id: Mapped[int] = mapped_column(
        ForeignKey("source.id", ondelete="CASCADE"), primary_key=True
    )
    hour: Mapped[dt.datetime] = mapped_column(primary_key=True)
    visits: Mapped[int] = mapped_column(default=0, server_default="0")
    expected: Mapped[float | None]
    seen: Mapped[int] = mapped_column(default=0, server_default="0")
    new: Mapped[int] = mapped_column(default=0, server_default="0")
    duplicates: Mapped[int] = mapped_column(default=0, server_default="0")
    failures: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))
    pages: Mapped[int] = mapped_column(default=0, server_default="0")
    quality: Mapped[float] = mapped_column(default=0, server_default="0")
    succeeded: Mapped[int] = mapped_column(default=0, server_default="0")


class SourceUsual(Base):
    """What is usual for a source, learned each night from its ledger; crawlers.coverage.usual has the formulas.

    ``hours`` holds expected new items: ``week`` (168, from Monday 0 o'clock in Shanghai), ``workday`` and
    ``rest`` (24 each). ``gap`` is the usual longest gap between items, counted in items expected meanwhile;
    ``gap_s`` the same on the clock.
    """

    __tablename__ = "source_usual"
    source_id: Mapped[int] = mapped_column(
        ForeignKey("source.id", ondelete="CASCADE"), primary_key=True
    )
    learned_at: Mapped[dt.datetime]
    days: Mapped[int]
    items: Mapped[int]
    hours: Mapped[JsonObject | None]
    gap: Mapped[float | None]
    gap_s: Mapped[float | None]
    quality: Mapped[float | None]
    quality_spread: Mapped[float | None]


class FrontierURL(Claimable, Base):
    """A page that a source announced and that still has to be fetched.

    Twins of an address have one ``page_key``; a lane is what one source has on one ``host``.
    """

    __tablename__ = "frontier_url"
    __table_args__ = (
        UniqueConstraint("source_id", "url"),
        Index("ix_frontier_url_due", "due_at", postgresql_where=sql("dead_at IS NULL")),
        Index(
            "ix_frontier_url_lane", "host", "source_id", "due_at",
            postgresql_where=sql("dead_at IS NULL AND due_at IS NOT NULL"),
        ),
        Index("uq_frontier_url_page_key", "source_id", "page_key", unique=True),
    )  # fmt: skip
    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id", ondelete="CASCADE"))
    url: Mapped[str]
    kind: Mapped[str]
    hints: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    document_id: Mapped[int | None] = mapped_column(BigInteger)
    fetched_at: Mapped[dt.datetime | None]
    created_at: Mapped[CreatedAt]
    host: Mapped[str] = mapped_column(default="", server_default="")
    visits: Mapped[int] = mapped_column(default=0, server_default="0")
    page_key: Mapped[str | None]


class Document(Base):
    """Keys and times of one collected text: the target of all foreign keys.

    ``content_hash`` covers title and text as fetched, before masking. ``author_hash`` is a keyed hash whose
    key is destroyed after 90 days; ``outlet`` is kept in clear for media and listed institutions only.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("source_id", "canonical_url", "content_hash"),
        Index("ix_document_published_at", "published_at"),
        Index("ix_document_ingested_at", "ingested_at"),
        Index("ix_document_canonical_url", "canonical_url"),
        Index("ix_document_topics", "topics", postgresql_using="gin"),
        Index("ix_document_story_id", "story_id"),
        Index("ix_document_event_id", "event_id"),
    )
    id: Mapped[Id]
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    canonical_url: Mapped[str]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    platform: Mapped[str]
    level: Mapped[str]
    kind: Mapped[str] = mapped_column(default="post", server_default="post")
    published_at: Mapped[dt.datetime]
    ingested_at: Mapped[dt.datetime]
    has_bad_time: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    author_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    author_epoch: Mapped[int | None] = mapped_column(BigInteger)
    outlet: Mapped[str | None]
    original_source: Mapped[str | None]
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    views: Mapped[int | None] = mapped_column(BigInteger)
    reposts: Mapped[int | None]
    comments: Mapped[int | None]
    likes: Mapped[int | None]
    collected_by: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    analysed_at: Mapped[dt.datetime | None]
    indexed_revision: Mapped[int | None]
    indexed_at: Mapped[dt.datetime | None]
    relevant: Mapped[bool | None]
    relevance: Mapped[float | None]
    our_union: Mapped[bool | None]
    polarity: Mapped[str | None]
    topics: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    regions: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    employers: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"))
    fingerprint: Mapped[int | None] = mapped_column(BigInteger)
    story_id: Mapped[int | None] = mapped_column(BigInteger)
    story_relation: Mapped[str | None]
    story_parent_id: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    legal_hold: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    answer_state: Mapped[str | None]
    answered_at: Mapped[dt.datetime | None]
    extractor: Mapped[str | None]
    extraction_score: Mapped[float | None]


class DocumentBody(Base):
    """Masked text and annotations, partitioned by month so that retention drops partitions."""

    __tablename__ = "document_body"
    __table_args__ = {"postgresql_partition_by": "RANGE (ingested_at)"}  # noqa: RUF012 (SQLAlchemy reads this name)
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    )
    ingested_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    annotations: Mapped[JsonObject | None]
    masked: Mapped[JsonObject] = mapped_column(server_default=sql("'{}'"))


class Engagement(Base):
    """Numbers of a document seen again at a later visit."""

    __tablename__ = "engagement"
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    )
    seen_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    views: Mapped[int | None] = mapped_column(BigInteger)
    reposts: Mapped[int | None]
    comments: Mapped[int | None]
    likes: Mapped[int | None]
    rank: Mapped[int | None]


class RawResponse(Base):
    """The fetched bytes, sealed; lives 7 days unless it is evidence."""

    __tablename__ = "raw_response"
    __table_args__ = (
        Index("ix_raw_response_fetched_at", "fetched_at"),
        Index("ix_raw_response_document_id", "document_id"),
    )
    id: Mapped[Id]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    url: Mapped[str]
    fetched_at: Mapped[dt.datetime]
    status: Mapped[int]
    headers: Mapped[JsonObject]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    is_evidence: Mapped[bool] = mapped_column(default=False, server_default=sql("false"))
    request: Mapped[JsonObject | None]


class Evidence(Base):
    """A page as it was fetched, kept as a sealed WARC; the audit entry ``audit_id`` names its digest.

    ``kind`` says what the WARC holds; ``failure`` why it holds no page as it was first fetched.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("document_id", "warc_sha256"),
        Index("ix_evidence_alert_id", "alert_id"),
    )
    id: Mapped[Id]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id", ondelete="SET NULL"))
    alert_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    failure: Mapped[str | None]
    reason: Mapped[str]
    url: Mapped[str]
    fetched_at: Mapped[dt.datetime]
    taken_at: Mapped[dt.datetime]
    taken_by: Mapped[str]
    size: Mapped[int]
    warc_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_warc: Mapped[bytes] = mapped_column(LargeBinary)
    audit_id: Mapped[int] = mapped_column(BigInteger)


class FormRate(Base):
    """How often one visitor has used a public form within a window; the visitor is a keyed hash."""

    __tablename__ = "form_rate"
    source_id: Mapped[int] = mapped_column(
        ForeignKey("source.id", ondelete="CASCADE"), primary_key=True
    )
    visitor: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    starts_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=1, server_default="1")


class FirstPartyContact(Base):
    """How somebody who wrote to the union asked to be reached: sealed, given with consent."""

    __tablename__ = "first_party_contact"
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    )
    sealed_contact: Mapped[bytes] = mapped_column(LargeBinary)
    consented_at: Mapped[dt.datetime]


class PendingUpload(Base):
    """A file between its upload and its import, sealed; gone after ``expires_at`` at the latest."""

    __tablename__ = "pending_upload"
    id: Mapped[Id]
    name: Mapped[str]
    size: Mapped[int]
    sealed_content: Mapped[bytes] = mapped_column(LargeBinary)
    uploaded_by: Mapped[int] = mapped_column(BigInteger)
    uploaded_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
