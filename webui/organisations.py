"""The tree of union organisations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit
from core.audit import AuditEvent
from core.database.models.organisation import Organisation, Person
from core.errors import InvalidOptionsError, WorkflowError

LEVELS: Mapping[str, str] = {
    "province": "省级",
    "city": "市级",
    "county": "县区级",
    "township": "乡镇街道",
    "industry": "产业工会",
    "workplace": "基层工会",
}
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """``depth`` counts from 0 at the top of the tree."""

    id: int
    name: str
    level_label: str
    parent_id: int | None
    depth: int
    people: int


@dataclass(frozen=True, slots=True)
class OrganisationDraft:
    name: str
    level: str
    parent_id: int | None


def organisation_tree(session: Session) -> list[OrganisationRow]:
    """List all organisations, each above what belongs to it."""
    rows = session.execute(
        select(Person.organisation_id, func.count())
        .where(Person.is_active)
        .group_by(Person.organisation_id)
    )
    counted = {organisation: people for organisation, people in rows}  # noqa: C416 (rows are no pairs to mypy)
    below: dict[int | None, list[Organisation]] = {}
    for row in session.scalars(select(Organisation).order_by(Organisation.id)):
        below.setdefault(row.parent_id, []).append(row)
    found: list[OrganisationRow] = []
    waiting = [(row, 0) for row in reversed(below.get(None, []))]
    while waiting:
        row, depth = waiting.pop()
        level = LEVELS.get(row.level, row.level)
        people = counted.get(row.id, 0)
        found.append(OrganisationRow(row.id, row.name, level, row.parent_id, depth, people))
        waiting += [(child, depth + 1) for child in reversed(below.get(row.id, []))]
    return found


def choices(session: Session) -> list[tuple[str, str]]:
    """Give the options of a form, indented by their depth."""
    return [(str(row.id), "　" * row.depth + row.name) for row in organisation_tree(session)]


def save_organisation(
    session: Session,
    organisation_id: int | None,
    draft: OrganisationDraft,
    *,
    actor: str,
    now: dt.datetime,
) -> int:
    """Create or change an organisation; raises InvalidOptionsError naming the faulty fields."""
    row = session.get(Organisation, organisation_id) if organisation_id is not None else None
    if organisation_id is not None and row is None:
        raise WorkflowError("这个组织已经不在了，没有改动。")
    _check(session, row, draft)
    if row is None:
        row = Organisation(name=draft.name.strip(), level=draft.level, created_at=now)
        session.add(row)
    row.name, row.level, row.parent_id = draft.name.strip(), draft.level, draft.parent_id
    session.flush()
    action = "organisation.create" if organisation_id is None else "organisation.edit"
    detail: dict[str, object] = {"name": row.name, "level": row.level}
    event = AuditEvent(actor, action, "organisation", str(row.id), detail=detail)
    audit.record(session, event, now)
    return row.id


def _check(session: Session, row: Organisation | None, draft: OrganisationDraft) -> None:
    faults: dict[str, str] = {}
    name = draft.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        faults["name"] = f"名称要有 1 到 {LONGEST_NAME} 个字"
    else:
        other = session.scalar(select(Organisation).where(Organisation.name == name))
        if other is not None and other is not row:
            faults["name"] = f"已经有名为「{name}」的组织"
    if draft.level not in LEVELS:
        faults["level"] = "请选择层级"
    if draft.parent_id is not None and session.get(Organisation, draft.parent_id) is None:
        faults["parent_id"] = "上级组织已经不在了，请重新选择"
    elif row is not None and draft.parent_id in _subtree(session, row.id):
        faults["parent_id"] = "上级不能是它自己或它的下级"
    if faults:
        raise InvalidOptionsError(faults)


def _subtree(session: Session, top: int) -> set[int]:
    found = {top}
    for row in organisation_tree(session):
        if row.parent_id in found:
            found.add(row.id)
    return found
