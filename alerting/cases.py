"""舆情专卡: the case of one alert, each hop hash-chained in the acting transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerting.alerts import locked_alert
from alerting.timeline import person_actor
from core import audit
from core.chain import GENESIS, Link, first_broken, link
from core.clock import SHANGHAI
from core.database.base import JsonObject
from core.database.models.alerting import Case, CaseEntry, Severity
from core.database.models.organisation import Person
from core.errors import InvalidOptionsError, WorkflowError

_NUMBER_LOCK = 7_305_112_033


class CaseState(StrEnum):
    OPEN = "open"
    ASSESSED = "assessed"
    SUBMITTED = "submitted"


class CaseNotFoundError(WorkflowError):
    pass


@dataclass(frozen=True, slots=True)
class CaseEntryRow:
    sequence: int
    at: dt.datetime
    person: str | None
    kind: str
    text: str
    to_organisation_id: int | None


@dataclass(frozen=True, slots=True)
class CaseDetail:
    id: int
    number: str
    alert_id: int | None
    title: str
    state: CaseState
    severity: Severity
    version: int
    assessment: JsonObject
    opened_at: dt.datetime
    entries: tuple[CaseEntryRow, ...]
    is_whole: bool


def open_case(session: Session, alert_id: int, person_id: int, now: dt.datetime) -> int:
    """Open the case of an alert; an alert that has one keeps it."""
    alert = locked_alert(session, alert_id)
    existing = session.scalar(select(Case.id).where(Case.alert_id == alert_id))
    if existing is not None:
        return existing
    person = session.get_one(Person, person_id)
    case = Case(
        number=_next_number(session, now),
        alert_id=alert.id,
        event_id=alert.event_id,
        title=alert.title,
        state=CaseState.OPEN.value,
        severity=alert.severity,
        organisation_id=person.organisation_id,
        owner_id=alert.owner_id or person_id,
        opened_at=now,
    )
    session.add(case)
    session.flush()
    _append(session, case, person_id, now, kind="open", text=f"由预警 {alert.number} 建立专卡")
    return case.id


def assess(
    session: Session,
    case_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    text: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Record an assessment (研判); the latest one stands on the case, all stay in its entries."""
    case = _locked(session, case_id)
    note = _required(text, "请写明研判意见")
    case.assessment = {"text": note, **(detail or {})}
    if case.state == CaseState.OPEN.value:
        case.state = CaseState.ASSESSED.value
    _append(session, case, person_id, now, kind="assess", text=note, detail=detail)


def submit(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    case_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    text: str,
    to_organisation_id: int | None = None,
    kind: str = "written",
) -> None:
    """Record a submission upward (报送). The alert's clock is stopped by state_machine.record_report."""
    case = _locked(session, case_id)
    note = _required(text, "请写明报送内容")
    case.state = CaseState.SUBMITTED.value
    detail = {"report": kind, "to_organisation_id": to_organisation_id}
    _append(session, case, person_id, now, kind="submit", text=note, detail=detail)


def _locked(session: Session, case_id: int) -> Case:
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise CaseNotFoundError(f"没有编号为 {case_id} 的专卡。")
    return case


def _required(text: str, message: str) -> str:
    if not text.strip():
        raise InvalidOptionsError({"text": message})
    return text.strip()


def _next_number(session: Session, now: dt.datetime) -> str:
    session.execute(select(func.pg_advisory_xact_lock(_NUMBER_LOCK)))
    prefix = f"ZK-{now.astimezone(SHANGHAI):%Y%m%d}-"
    tail = func.max(func.cast(func.substr(Case.number, len(prefix) + 1), Case.version.type))
    last = session.scalar(select(tail).where(Case.number.startswith(prefix, autoescape=True)))
    return f"{prefix}{(last or 0) + 1:03d}"


def _append(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    case: Case,
    person_id: int,
    now: dt.datetime,
    *,
    kind: str,
    text: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    last = session.execute(
        select(CaseEntry.sequence, CaseEntry.hash)
        .where(CaseEntry.case_id == case.id)
        .order_by(CaseEntry.sequence.desc())
        .limit(1)
    ).one_or_none()
    target = (detail or {}).get("to_organisation_id")
    entry = CaseEntry(
        case_id=case.id,
        sequence=(last.sequence if last else 0) + 1,
        at=now,
        person_id=person_id,
        kind=kind,
        to_organisation_id=target if isinstance(target, int) else None,
        text=text,
        detail=dict(detail or {}),
        previous_hash=last.hash if last else GENESIS,
        hash=b"",
    )
    entry.hash = link(entry.previous_hash, _content(entry))
    session.add(entry)
    if last is not None:
        case.version += 1
    session.flush()
    event = audit.AuditEvent(person_actor(person_id), f"case_{kind}", "case", str(case.id))
    audit.record(session, event, now)


def _content(entry: CaseEntry) -> JsonObject:
    return {
        "case_id": entry.case_id,
        "sequence": entry.sequence,
        "at": entry.at.astimezone(dt.UTC).isoformat(),
        "person_id": entry.person_id,
        "kind": entry.kind,
        "text": entry.text,
        "detail": entry.detail,
    }


def verify_case(session: Session, case_id: int) -> int | None:
    """Give the sequence of the first entry that was tampered with; None when the chain is whole."""
    entries = session.scalars(
        select(CaseEntry).where(CaseEntry.case_id == case_id).order_by(CaseEntry.sequence)
    )
    return first_broken(
        Link(entry.sequence, entry.previous_hash, entry.hash, _content(entry)) for entry in entries
    )


def case_detail(session: Session, case_id: int) -> CaseDetail:
    case = session.get(Case, case_id, populate_existing=True)
    if case is None:
        raise CaseNotFoundError(f"没有编号为 {case_id} 的专卡。")
    rows = session.execute(
        select(CaseEntry, Person.name)
        .outerjoin(Person, Person.id == CaseEntry.person_id)
        .where(CaseEntry.case_id == case_id)
        .order_by(CaseEntry.sequence)
    )
    return CaseDetail(
        id=case.id,
        number=case.number,
        alert_id=case.alert_id,
        title=case.title,
        state=CaseState(case.state),
        severity=Severity(case.severity),
        version=case.version,
        assessment=case.assessment,
        opened_at=case.opened_at,
        entries=tuple(
            CaseEntryRow(
                entry.sequence, entry.at, name, entry.kind, entry.text, entry.to_organisation_id
            )
            for entry, name in rows
        ),
        is_whole=verify_case(session, case_id) is None,
    )
