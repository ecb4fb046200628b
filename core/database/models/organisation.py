"""Union organisations, the people who work with the console, and their sessions."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, CreatedAt, Id, JsonObject


class Role(StrEnum):
    """Who may do what; the permissions of each role are in webui.access."""

    ANALYST = "analyst"
    DUTY = "duty"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    LEADER = "leader"
    ADMINISTRATOR = "administrator"
    SECURITY = "security"
    AUDITOR = "auditor"


class Organisation(Base):
    __tablename__ = "organisation"
    id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(unique=True)
    level: Mapped[str]
    adcode: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    created_at: Mapped[CreatedAt]


class Person(Base):
    """Somebody who works in the console; never the author of a post."""

    __tablename__ = "person"
    __table_args__ = (Index("uq_person_login", func.lower(text("login")), unique=True),)
    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    login: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]]
    password_hash: Mapped[str]
    password_changed_at: Mapped[dt.datetime]
    must_change_password: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    email: Mapped[str | None]
    phone: Mapped[str | None]
    channels: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_confirmed_at: Mapped[dt.datetime | None]
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    recovery_codes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    preferences: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    last_login_at: Mapped[dt.datetime | None]
    created_at: Mapped[CreatedAt]


class ConsoleSession(Base):
    """A server-side session; the cookie holds a random token, the row its hash."""

    __tablename__ = "console_session"
    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    csrf_token: Mapped[str]
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    second_factor_pending: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    address: Mapped[str | None]
    device: Mapped[str | None]
    data: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"))


class LoginFailure(Base):
    """One row per refused login; counted per account and per address."""

    __tablename__ = "login_failure"
    __table_args__ = (
        Index("ix_login_failure_login_at", "login", "at"),
        Index("ix_login_failure_address_at", "address", "at"),
    )
    id: Mapped[Id]
    login: Mapped[str]
    address: Mapped[str]
    at: Mapped[dt.datetime]


class APIToken(Base):
    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("person_id", "name"),)
    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
