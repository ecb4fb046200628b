"""Rosters, escalation policies, notification channels and the calendar."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, CreatedAt, Id, JsonObject


class Layer(StrEnum):
    """主班、副班、带班领导."""

    FIRST = "first"
    SECOND = "second"
    LEADER = "leader"


class DayKind(StrEnum):
    WORKDAY = "workday"
    REST = "rest"
    HOLIDAY = "holiday"
    SPECIAL = "special"


class CalendarDay(Base):
    """The truth about workdays; libraries only seed it."""

    __tablename__ = "calendar_day"
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str | None]
    source: Mapped[str]
    edited_by: Mapped[int | None] = mapped_column(BigInteger)


class Roster(Base):
    __tablename__ = "roster"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    is_default: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    created_at: Mapped[CreatedAt]


class Shift(Base):
    """Somebody on duty in ``[starts_at, ends_at)``."""

    __tablename__ = "shift"
    __table_args__ = (
        Index("ix_shift_time", "roster_id", "starts_at", "ends_at"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )
    id: Mapped[Id]
    roster_id: Mapped[int] = mapped_column(ForeignKey("roster.id", ondelete="CASCADE"))
    layer: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    replaced_id: Mapped[int | None] = mapped_column(ForeignKey("shift.id"))
    cancelled_at: Mapped[dt.datetime | None]
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]


class Handover(Base):
    """A handover note, signed by both sides."""

    __tablename__ = "handover"
    id: Mapped[Id]
    roster_id: Mapped[int] = mapped_column(ForeignKey("roster.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    from_person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    to_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str]
    signed_at: Mapped[dt.datetime | None]
    accepted_at: Mapped[dt.datetime | None]


class EscalationPolicy(Base):
    """Steps per severity; an alert keeps the copy that was valid when it opened.

    ``steps``: {"1": [{"after_s", "layers", "channels"}, ...], "2": ...} keyed by severity.
    """

    __tablename__ = "escalation_policy"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    roster_id: Mapped[int] = mapped_column(ForeignKey("roster.id"))
    steps: Mapped[JsonObject]
    is_default: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    is_confirmed: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    changed_at: Mapped[dt.datetime]


class NotificationChannel(Base):
    """A configured way to reach people; options sealed where they are secret."""

    __tablename__ = "notification_channel"
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    options: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    sealed_options: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_enabled: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    tested_at: Mapped[dt.datetime | None]
    test_result: Mapped[str | None]
    paused_until: Mapped[dt.datetime | None]
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[int | None] = mapped_column(BigInteger)
