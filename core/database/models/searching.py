"""What people searched for, and the files of posts that leave the system."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.base import Base, CreatedAt, Id


class RecentQuery(Base):
    """An expression a person searched for, to suggest it to them again; one row for each expression."""

    __tablename__ = "recent_query"
    __table_args__ = (
        UniqueConstraint("person_id", "expression"),
        Index("ix_recent_query_person_id_at", "person_id", "at"),
    )
    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    expression: Mapped[str]
    at: Mapped[dt.datetime]
    uses: Mapped[int] = mapped_column(server_default=text("1"))


class ExportState(StrEnum):
    """REQUESTED → APPROVED | REFUSED; a small one is APPROVED at once. Approval expires unused."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"


class Export(Base):
    """A file of posts somebody asks for: what is in it, what for, who allowed it, what was taken.

    ``query`` is the address of the search; ``until`` freezes it, so that what is approved is what leaves.
    """

    __tablename__ = "export"
    __table_args__ = (Index("ix_export_person_id_created_at", "person_id", "created_at"),)
    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str]
    reason: Mapped[str]
    query: Mapped[str]
    until: Mapped[dt.datetime]
    format: Mapped[str]
    count: Mapped[int]
    state: Mapped[str]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[dt.datetime | None]
    decision_note: Mapped[str | None]
    expires_at: Mapped[dt.datetime]
    created_at: Mapped[CreatedAt]
    taken_at: Mapped[dt.datetime | None]
    rows: Mapped[int | None]
    digest: Mapped[str | None]
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
