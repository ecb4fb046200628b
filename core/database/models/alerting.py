"""Rules, matches, alerts, deliveries and case files."""

import datetime as dt
from enum import IntEnum, StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, Claimable, CreatedAt, Id, JsonObject


class Severity(IntEnum):
    """四级: 1 is the gravest, so ``min`` of two levels is the graver one."""

    RED = 1
    ORANGE = 2
    YELLOW = 3
    BLUE = 4


class AlertState(StrEnum):
    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"


class ReportState(StrEnum):
    """Where the upward reports of an alert stand, apart from its handling."""

    NONE = "none"
    DUE = "due"
    FIRST_SENT = "first_sent"
    FOLLOW_UP_DUE = "follow_up_due"
    FINAL_SENT = "final_sent"


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    VALID = "valid"
    FALSE_ALARM = "false_alarm"
    DUPLICATE = "duplicate"
    LEVEL_TOO_HIGH = "level_too_high"
    LEVEL_TOO_LOW = "level_too_low"


class Rule(Base):
    """What deserves an alert. Editing makes a new version; the id stays."""

    __tablename__ = "rule"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    expression: Mapped[str | None]
    options: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    severity: Mapped[int]
    group_by: Mapped[str] = mapped_column(default="event", server_default="event")
    purpose: Mapped[str]
    advice: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    is_enabled: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("escalation_policy.id"))
    flagged_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[int | None] = mapped_column(BigInteger)


class RuleVersion(Base):
    """What a rule said at each version."""

    __tablename__ = "rule_version"
    rule_id: Mapped[int] = mapped_column(
        ForeignKey("rule.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[JsonObject]
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[int | None] = mapped_column(BigInteger)


class Match(Base):
    """A document, or a window bucket, that satisfied a rule. The version is recorded, never part of a key."""

    __tablename__ = "match"
    __table_args__ = (
        Index(
            "uq_match_document",
            "rule_id",
            "document_id",
            unique=True,
            postgresql_where=text("document_id IS NOT NULL"),
        ),
        Index(
            "uq_match_bucket",
            "rule_id",
            "group_key",
            "bucket",
            unique=True,
            postgresql_where=text("bucket IS NOT NULL"),
        ),
        Index("ix_match_unattached", "id", postgresql_where=text("alert_id IS NULL")),
        Index("ix_match_alert_id", "alert_id"),
        CheckConstraint("document_id IS NOT NULL OR bucket IS NOT NULL", name="has_subject"),
    )
    id: Mapped[Id]
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"))
    rule_version: Mapped[int]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    bucket: Mapped[dt.datetime | None]
    group_key: Mapped[str]
    severity: Mapped[int]
    evidence: Mapped[JsonObject]
    is_late: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))
    created_at: Mapped[dt.datetime]


class WindowBucket(Claimable, Base):
    """A rule's count in one bucket of published time; dirty while ``due_at`` is set."""

    __tablename__ = "window_bucket"
    __table_args__ = (
        UniqueConstraint("rule_id", "group_key", "bucket"),
        Index("ix_window_bucket_due", "due_at"),
    )
    id: Mapped[Id]
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id", ondelete="CASCADE"))
    group_key: Mapped[str]
    bucket: Mapped[dt.datetime]
    documents: Mapped[int] = mapped_column(default=0, server_default="0")
    sources: Mapped[int] = mapped_column(default=0, server_default="0")


class WindowMember(Base):
    """Which documents a bucket counted, so that re-counting is exact."""

    __tablename__ = "window_member"
    __table_args__ = (Index("ix_window_member_time", "rule_id", "group_key", "published_at"),)
    rule_id: Mapped[int] = mapped_column(
        ForeignKey("rule.id", ondelete="CASCADE"), primary_key=True
    )
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id", ondelete="CASCADE"), primary_key=True
    )
    group_key: Mapped[str]
    published_at: Mapped[dt.datetime]
    source_id: Mapped[int] = mapped_column(BigInteger)
    author_hash: Mapped[bytes | None] = mapped_column(LargeBinary)


class Alert(Base):
    """One live alert per rule and group; ``next_step_at`` drives escalation."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_live",
            "rule_id",
            "group_key",
            unique=True,
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("ix_alert_due", "next_step_at", postgresql_where=text("state = 'open'")),
        Index("ix_alert_state", "state", "severity"),
        CheckConstraint("severity BETWEEN 1 AND 4", name="severity"),
    )
    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"))
    rule_version: Mapped[int]
    group_key: Mapped[str]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    title: Mapped[str]
    summary: Mapped[str | None]
    severity: Mapped[int]
    proposed_severity: Mapped[int]
    severity_reason: Mapped[str | None]
    state: Mapped[str]
    cycle: Mapped[int] = mapped_column(default=1, server_default="1")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    documents: Mapped[int] = mapped_column(default=0, server_default="0")
    sources: Mapped[int] = mapped_column(default=0, server_default="0")
    evidence: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    regions: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    topics: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    opened_at: Mapped[dt.datetime]
    severity_since: Mapped[dt.datetime]
    last_match_at: Mapped[dt.datetime]
    chain: Mapped[JsonObject]
    next_step: Mapped[int | None]
    next_step_at: Mapped[dt.datetime | None]
    acknowledge_by: Mapped[dt.datetime | None]
    acknowledged_at: Mapped[dt.datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    notified_at: Mapped[dt.datetime | None]
    notified_documents: Mapped[int] = mapped_column(default=0, server_default="0")
    notified_sources: Mapped[int] = mapped_column(default=0, server_default="0")
    idle_since: Mapped[dt.datetime | None]
    reminded_at: Mapped[dt.datetime | None]
    report_state: Mapped[str] = mapped_column(default="none", server_default="none")
    oral_report_by: Mapped[dt.datetime | None]
    written_report_by: Mapped[dt.datetime | None]
    final_report_by: Mapped[dt.datetime | None]
    report_reminders: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    inhibited_by_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))
    silenced_by_id: Mapped[int | None] = mapped_column(ForeignKey("silence.id"))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))
    resolved_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    verdict: Mapped[str | None]
    verdict_reason: Mapped[str | None]
    is_demo: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class TimelineEntry(Base):
    """What happened to an alert; append-only and hash-chained per alert."""

    __tablename__ = "timeline_entry"
    alert_id: Mapped[int] = mapped_column(
        ForeignKey("alert.id", ondelete="CASCADE"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    action: Mapped[str]
    text: Mapped[str]
    detail: Mapped[JsonObject]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Delivery(Claimable, Base):
    """One message to one person on one channel."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("alert_id", "cycle", "step", "person_id", "channel", "reason"),
        Index(
            "ix_delivery_due",
            "channel",
            "priority",
            "due_at",
            postgresql_where=text("dead_at IS NULL"),
        ),
        Index("ix_delivery_inbox", "person_id", "channel", "created_at"),
    )
    id: Mapped[Id]
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id", ondelete="CASCADE"))
    cycle: Mapped[int]
    step: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str]
    reason: Mapped[str] = mapped_column(default="first", server_default="first")
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(default="pending", server_default="pending")
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str | None]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    request_started_at: Mapped[dt.datetime | None]
    sent_at: Mapped[dt.datetime | None]
    is_resend: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    provider_reference: Mapped[str | None]
    read_at: Mapped[dt.datetime | None]
    cleared_at: Mapped[dt.datetime | None]
    cleared_by: Mapped[int | None] = mapped_column(BigInteger)


class Silence(Base):
    """Mutes matching alerts for a limited time, with a reason and an owner."""

    __tablename__ = "silence"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="ends_after_start"),)
    id: Mapped[Id]
    matchers: Mapped[JsonObject]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    reason: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]


class Case(Base):
    """舆情专卡: the file of one matter from discovery to review."""

    __tablename__ = "case_file"
    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"), unique=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    title: Mapped[str]
    state: Mapped[str]
    severity: Mapped[int]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    assessment: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    deadlines: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]


class CaseEntry(Base):
    """One hop of a case (研判、报送、批示、交办、转办、处置、回应、办结、复盘), signed and hash-chained."""

    __tablename__ = "case_entry"
    case_id: Mapped[int] = mapped_column(
        ForeignKey("case_file.id", ondelete="CASCADE"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    to_organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    due_at: Mapped[dt.datetime | None]
    text: Mapped[str]
    detail: Mapped[JsonObject]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
