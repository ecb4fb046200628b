"""Who is on duty: shifts in three layers, replacements, gaps, and whom to fall back on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from alerting import workdays
from alerting.levels import LAYER_LABELS
from alerting.timeline import person_actor
from core import audit
from core.clock import SHANGHAI
from core.database.models.duty import Layer, Roster, Shift
from core.database.models.organisation import Person, Role
from core.errors import ConflictError, InvalidOptionsError, WorkflowError
from core.faults import fault_point

DEFAULT_ROSTER = "值班表"
LONGEST_SHIFT = dt.timedelta(days=31)


@dataclass(frozen=True, slots=True)
class DutyPerson:
    """``is_fallback``: nobody had the shift, so leaders or administrators stand in."""

    person_id: int
    name: str
    layer: Layer | None
    is_fallback: bool


@dataclass(frozen=True, slots=True)
class ShiftRow:
    id: int
    layer: Layer
    layer_label: str
    person_id: int
    person: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    replaced_id: int | None


@dataclass(frozen=True, slots=True)
class ShiftDraft:
    """``[starts_at, ends_at)``; without a roster the default one."""

    layer: Layer
    person_id: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    roster_id: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    starts_at: dt.datetime
    ends_at: dt.datetime


def default_roster(
    session: Session, organisation_id: int | None = None, now: dt.datetime | None = None
) -> Roster | None:
    """Give the default roster; with an organisation it is made when it is missing."""
    roster = session.scalars(
        select(Roster).order_by(Roster.is_default.desc(), Roster.id).limit(1)
    ).one_or_none()
    if roster is None and organisation_id is not None:
        roster = Roster(name=DEFAULT_ROSTER, organisation_id=organisation_id, is_default=True)
        if now is not None:
            roster.created_at = now
        session.add(roster)
        session.flush()
    return roster


def on_duty(
    session: Session, at: dt.datetime, *, layers: Iterable[str], roster_id: int | None = None
) -> tuple[DutyPerson, ...]:
    """Say who holds the layers at a moment; if nobody does, all leaders, else all administrators."""
    wanted = [str(layer) for layer in layers]
    roster = _roster_id(session, roster_id)
    rows = session.execute(
        select(Person.id, Person.name, Shift.layer)
        .join(Person, Person.id == Shift.person_id)
        .where(
            Shift.roster_id == roster,
            Shift.layer.in_(wanted),
            Shift.cancelled_at.is_(None),
            Shift.starts_at <= at,
            Shift.ends_at > at,
            Person.is_active,
        )
        .order_by(Shift.starts_at, Shift.id)
    ).all()
    people = {
        id_: DutyPerson(id_, name, Layer(layer), is_fallback=False) for id_, name, layer in rows
    }
    if people:
        return tuple(people.values())
    return holders_of(session, Role.LEADER) or holders_of(session, Role.ADMINISTRATOR)


def holders_of(session: Session, role: Role) -> tuple[DutyPerson, ...]:
    rows = session.execute(
        select(Person.id, Person.name)
        .where(Person.is_active, Person.roles.contains([role.value]))
        .order_by(Person.id)
    )
    return tuple(DutyPerson(id_, name, None, is_fallback=True) for id_, name in rows)


def _roster_id(session: Session, roster_id: int | None) -> int | None:
    if roster_id is not None:
        return roster_id
    roster = default_roster(session)
    return None if roster is None else roster.id


def shifts(
    session: Session, starts_at: dt.datetime, ends_at: dt.datetime, roster_id: int | None = None
) -> tuple[ShiftRow, ...]:
    """List the shifts that touch ``[starts_at, ends_at)``, in order of time and layer."""
    rows = session.execute(
        select(Shift, Person.name)
        .join(Person, Person.id == Shift.person_id)
        .where(
            Shift.roster_id == _roster_id(session, roster_id),
            Shift.cancelled_at.is_(None),
            Shift.starts_at < ends_at,
            Shift.ends_at > starts_at,
        )
        .order_by(Shift.starts_at, Shift.layer, Shift.id)
    )
    return tuple(_shift_row(shift, name) for shift, name in rows)


def find_shift(session: Session, shift_id: int) -> ShiftRow | None:
    """Give one shift, None when it was cancelled or replaced."""
    row = session.execute(
        select(Shift, Person.name)
        .join(Person, Person.id == Shift.person_id)
        .where(Shift.id == shift_id, Shift.cancelled_at.is_(None))
    ).one_or_none()
    return None if row is None else _shift_row(row[0], row[1])


def _shift_row(shift: Shift, name: str) -> ShiftRow:
    return ShiftRow(
        id=shift.id,
        layer=Layer(shift.layer),
        layer_label=LAYER_LABELS[Layer(shift.layer)],
        person_id=shift.person_id,
        person=name,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        replaced_id=shift.replaced_id,
    )


def create_shift(
    session: Session, draft: ShiftDraft, *, person_id: int | None, now: dt.datetime
) -> int:
    """Put somebody on duty; raises InvalidOptionsError with a sentence per field."""
    roster_id = _roster_id(session, draft.roster_id)
    if roster_id is None:
        raise WorkflowError("还没有值班表，请先建立值班表再排班。")
    _check(session, draft, roster_id)
    shift = Shift(
        roster_id=roster_id,
        layer=draft.layer.value,
        person_id=draft.person_id,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        created_by=person_id,
    )
    session.add(shift)
    session.flush()
    _record(session, "shift_created", shift.id, person_id, now)
    fault_point("roster.publish")
    return shift.id


def _check(session: Session, draft: ShiftDraft, roster_id: int) -> None:
    faults: dict[str, str] = {}
    person = session.get(Person, draft.person_id)
    if person is None or not person.is_active:
        faults["person_id"] = "请选择一位在用的人员"
    if draft.ends_at <= draft.starts_at:
        faults["ends_at"] = "下班时间要晚于上班时间"
    elif draft.ends_at - draft.starts_at > LONGEST_SHIFT:
        faults["ends_at"] = f"一个班次最长 {LONGEST_SHIFT.days} 天"
    last = workdays.known_until(session)
    last_day = (draft.ends_at - dt.timedelta(microseconds=1)).astimezone(SHANGHAI).date()
    if last is None or last_day > last:
        known = last.isoformat() if last else "（无）"
        faults.setdefault(
            "ends_at",
            f"工作日历只到 {known}，不能排到 {last_day.isoformat()}；请管理员先录入该年的放假安排",
        )
    overlapping = session.scalar(
        select(Shift.id).where(
            Shift.roster_id == roster_id,
            Shift.layer == draft.layer.value,
            Shift.person_id == draft.person_id,
            Shift.cancelled_at.is_(None),
            Shift.starts_at < draft.ends_at,
            Shift.ends_at > draft.starts_at,
        )
    )
    if overlapping is not None:
        faults.setdefault("starts_at", "此人在这段时间已有同一层的班次")
    if faults:
        raise InvalidOptionsError(faults)


def replace_shift(
    session: Session, shift_id: int, *, with_person_id: int, person_id: int, now: dt.datetime
) -> int:
    """Let another person take over the whole shift; returns the new shift."""
    shift = _cancelled(session, shift_id, now)
    draft = ShiftDraft(
        Layer(shift.layer), with_person_id, shift.starts_at, shift.ends_at, shift.roster_id
    )
    _check(session, draft, shift.roster_id)
    new = Shift(
        roster_id=shift.roster_id,
        layer=shift.layer,
        person_id=with_person_id,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        replaced_id=shift.id,
        created_by=person_id,
    )
    session.add(new)
    session.flush()
    _record(session, "shift_replaced", new.id, person_id, now)
    return new.id


def cancel_shift(session: Session, shift_id: int, *, person_id: int, now: dt.datetime) -> None:
    _cancelled(session, shift_id, now)
    _record(session, "shift_cancelled", shift_id, person_id, now)


def _cancelled(session: Session, shift_id: int, now: dt.datetime) -> Shift:
    shift = session.scalars(
        update(Shift)
        .where(Shift.id == shift_id, Shift.cancelled_at.is_(None))
        .values(cancelled_at=now)
        .returning(Shift)
    ).one_or_none()
    if shift is None:
        raise ConflictError("这个班次已被取消或替换，没有再改。请刷新值班表。")
    return shift


def _record(
    session: Session, action: str, shift_id: int, person_id: int | None, now: dt.datetime
) -> None:
    actor = "system" if person_id is None else person_actor(person_id)
    audit.record(session, audit.AuditEvent(actor, action, "shift", str(shift_id)), now)


def coverage_gaps(
    session: Session, now: dt.datetime, *, days: int = 30, roster_id: int | None = None
) -> tuple[Gap, ...]:
    """List the times of the next days at which nobody at all is on duty."""
    end = now + dt.timedelta(days=days)
    spans = [(row.starts_at, row.ends_at) for row in shifts(session, now, end, roster_id)]
    return gaps(spans, now, end)


def gaps(
    spans: Sequence[tuple[dt.datetime, dt.datetime]], start: dt.datetime, end: dt.datetime
) -> tuple[Gap, ...]:
    """Give what half-open spans leave uncovered of ``[start, end)``."""
    found = []
    reached = start
    for begins, ends in sorted(spans):
        if begins >= end:
            break
        if begins > reached:
            found.append(Gap(reached, begins))
        reached = max(reached, ends)
    if reached < end:
        found.append(Gap(reached, end))
    return tuple(found)
