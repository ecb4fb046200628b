"""Reading the audit log: filtered, newest first, page by page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.operations import AuditEntry
from core.database.models.organisation import Person

PERSON_PREFIX = "person:"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty fields filter nothing; the window ``[since, until)`` is half-open."""

    actor: str = ""
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """``actor_name`` is None for the system and for roles."""

    id: int
    at: dt.datetime
    actor: str
    actor_name: str | None
    action: str
    object_type: str
    object_id: str | None
    result: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """``before`` is the id to ask for older entries with; None on the last page."""

    rows: Sequence[AuditRow]
    before: int | None


def list_entries(
    session: Session, wanted: AuditFilter, *, before: int | None = None, limit: int = 50
) -> AuditPage:
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit + 1)
    for column, value in (
        (AuditEntry.actor, wanted.actor),
        (AuditEntry.action, wanted.action),
        (AuditEntry.object_type, wanted.object_type),
        (AuditEntry.object_id, wanted.object_id),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditEntry.at < wanted.until)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    entries = session.scalars(statement).all()
    names = _names(session, entries)
    rows = [
        AuditRow(
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            actor_name=names.get(entry.actor),
            action=entry.action,
            object_type=entry.object_type,
            object_id=entry.object_id,
            result=entry.result,
            detail=entry.detail,
        )
        for entry in entries[:limit]
    ]
    return AuditPage(rows, rows[-1].id if len(entries) > limit else None)


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))


def object_types(session: Session) -> list[str]:
    column = AuditEntry.object_type
    return list(session.scalars(select(column).distinct().order_by(column)))


def people(session: Session) -> list[tuple[str, str]]:
    """List everybody who may occur as an actor: (actor, name)."""
    rows = session.execute(select(Person.id, Person.name).order_by(Person.name, Person.id))
    return [(f"{PERSON_PREFIX}{id_}", name) for id_, name in rows]


def _names(session: Session, entries: Sequence[AuditEntry]) -> dict[str, str]:
    ids = {
        int(number)
        for entry in entries
        if (number := entry.actor.removeprefix(PERSON_PREFIX)).isdecimal()
    }
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {f"{PERSON_PREFIX}{id_}": name for id_, name in rows}
