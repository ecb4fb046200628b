"""Work queues, leases, heartbeats, audit, keys and stored settings."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, Claimable, Id, JsonObject


class Queue(StrEnum):
    """What a work item asks for; its ``subject_id`` is a document unless said otherwise."""

    ANALYSE = "analyse"
    INDEX = "index"
    EVALUATE = "evaluate"
    UNINDEX = "unindex"
    EVIDENCE = "evidence"


class WorkItem(Claimable, Base):
    """One due piece of work, written in the transaction that caused it, deleted with its outcome.

    ``queued_at`` stays when the work is asked for again or tried again, unlike ``due_at``.
    """

    __tablename__ = "work_item"
    __table_args__ = (
        UniqueConstraint("queue", "subject_id"),
        Index("ix_work_item_due", "queue", "due_at", postgresql_where=text("dead_at IS NULL")),
    )
    id: Mapped[Id]
    queue: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[JsonObject | None]
    queued_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class IndexChange(Base):
    """A document whose index entry changed while a rebuild runs: the new index takes it over before it answers."""

    __tablename__ = "index_change"
    document_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class ModuleLease(Base):
    """The one leader of a module; a higher epoch fences the previous one off."""

    __tablename__ = "module_lease"
    module: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    epoch: Mapped[int] = mapped_column(BigInteger)
    lease_until: Mapped[dt.datetime]
    last_tick: Mapped[dt.datetime | None]
    version: Mapped[str | None]


class Heartbeat(Base):
    """When a process of a role last worked; one row per process."""

    __tablename__ = "heartbeat"
    role: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[dt.datetime]
    beaten_at: Mapped[dt.datetime]
    version: Mapped[str]
    detail: Mapped[JsonObject | None]


class AuditEntry(Base):
    """Append-only, hash-chained; a trigger refuses UPDATE and DELETE before the retention limit."""

    __tablename__ = "audit_entry"
    id: Mapped[Id]
    at: Mapped[dt.datetime] = mapped_column(index=True)
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(index=True)
    object_type: Mapped[str]
    object_id: Mapped[str | None]
    result: Mapped[str]
    detail: Mapped[JsonObject]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class EpochKey(Base):
    """A keyed-hash key that lives 90 days; destroying it ends all linking of its hashes."""

    __tablename__ = "epoch_key"
    __table_args__ = (
        Index(
            "uq_epoch_key_live",
            "purpose",
            "starts_at",
            unique=True,
            postgresql_where=text("sealed_key IS NOT NULL"),
        ),
    )
    id: Mapped[Id]
    purpose: Mapped[str]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    destroyed_at: Mapped[dt.datetime | None]


class StoredSetting(Base):
    """A setting that administrators change in the console; secrets are sealed."""

    __tablename__ = "stored_setting"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[JsonObject]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[int | None] = mapped_column(BigInteger)


class OperatorNotice(Base):
    """Something wrong with the system itself; shown to administrators until it clears."""

    __tablename__ = "operator_notice"
    __table_args__ = (
        Index(
            "uq_operator_notice_live",
            "key",
            unique=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    key: Mapped[str]
    text: Mapped[str]
    raised_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]
    cleared_at: Mapped[dt.datetime | None]


class Report(Base):
    """A briefing or report on a period; its numbers are kept as they were."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("kind", "starts_at", "ends_at", "revision"),)
    id: Mapped[Id]
    kind: Mapped[str]
    title: Mapped[str]
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    revision: Mapped[int] = mapped_column(default=1)
    state: Mapped[str]
    content: Mapped[JsonObject]
    coverage: Mapped[JsonObject | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[int | None] = mapped_column(BigInteger)
