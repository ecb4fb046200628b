"""Files of posts that leave the system: asked for with a purpose, approved above a hundred rows, every taking logged.

A request is frozen at the moment it is made: what came in later is not in the file, so what was approved is what
leaves. Requests follow design.md §10: no purpose, no export.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from config.purposes import PURPOSES
from core.audit import AuditEvent, record
from core.database.models.organisation import Person
from core.database.models.searching import Export, ExportState
from core.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidOptionsError,
    SeparationOfDutiesError,
    WorkflowError,
)

FREE_ROWS = 100
"""Rows one person may take within ``FREE_WITHIN`` without approval, all requests together."""
FREE_WITHIN = dt.timedelta(hours=24)
MOST_ROWS = 10_000
VALID_FOR = dt.timedelta(days=7)
SHORTEST_REASON = 4
LONGEST_REASON = 500


class ExportFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


class ExportNotFoundError(WorkflowError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDraft:
    """What the form holds; ``query`` is the search as an address without its path, ``count`` its exact total."""

    query: str
    count: int
    purpose: str
    reason: str
    format: str


@dataclass(frozen=True, slots=True)
class ExportRow:
    export: Export
    person: str
    decided_by: str | None

    def is_expired(self, now: dt.datetime) -> bool:
        return self.export.expires_at <= now


def free_rows(session: Session, person_id: int, now: dt.datetime) -> int:
    """Tell how many rows the person may still take without approval."""
    used = session.scalar(
        select(func.coalesce(func.sum(Export.count), 0)).where(
            Export.person_id == person_id,
            Export.created_at > now - FREE_WITHIN,
            Export.state == ExportState.APPROVED.value,
            Export.decided_by.is_(None),
        )
    )
    return max(0, FREE_ROWS - int(used or 0))


def request_export(
    session: Session, draft: ExportDraft, *, person_id: int, now: dt.datetime
) -> Export:
    """Ask for a file: approved at once when it is small; raises InvalidOptionsError (fields → sentences)."""
    _check(draft)
    # One person's requests take turns, or two at once would both find the allowance untouched.
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update())
    is_small = draft.count <= free_rows(session, person_id, now)
    export = Export(
        person_id=person_id,
        purpose=draft.purpose,
        reason=draft.reason.strip(),
        query=draft.query,
        until=now,
        format=draft.format,
        count=draft.count,
        state=(ExportState.APPROVED if is_small else ExportState.REQUESTED).value,
        expires_at=now + VALID_FOR,
        created_at=now,
    )
    session.add(export)
    session.flush()
    detail = {
        "rows": draft.count,
        "purpose": draft.purpose,
        "reason": export.reason,
        "query": draft.query,
        "format": draft.format,
        "state": export.state,
    }
    _audit(session, export.id, person_id, "export.requested", detail, now)
    return export


def _check(draft: ExportDraft) -> None:
    faults: dict[str, str] = {}
    if draft.purpose not in PURPOSES:
        faults["purpose"] = "请选择这次导出的用途"
    if not SHORTEST_REASON <= len(draft.reason.strip()) <= LONGEST_REASON:
        faults["reason"] = (
            f"请用 {SHORTEST_REASON} 到 {LONGEST_REASON} 个字说明为什么需要、给谁用；批准人会看到"
        )
    if draft.format not in set(ExportFormat):
        faults["format"] = "请选择 Excel 或 CSV"
    if draft.count == 0:
        faults["count"] = "这次检索没有结果，没有可以导出的内容"
    elif draft.count > MOST_ROWS:
        faults["count"] = (
            f"这次检索有 {draft.count} 条，一次最多导出 {MOST_ROWS} 条；请先缩小检索范围"
        )
    if faults:
        raise InvalidOptionsError(faults)


def decide(
    session: Session,
    export_id: int,
    *,
    person_id: int,
    is_approved: bool,
    note: str,
    now: dt.datetime,
) -> None:
    """Approve or refuse a waiting request; nobody decides on their own, and a refusal says why."""
    export = _found(session, export_id)
    if export.person_id == person_id:
        raise SeparationOfDutiesError(
            "不能批准自己的导出申请；申请仍在等待，请另一位有批准权限的领导处理。"
        )
    if not is_approved and not note.strip():
        raise InvalidOptionsError({"note": "请写明为什么不批准，申请人会看到"})
    if export.expires_at <= now:
        raise IllegalTransitionError("这份申请已经过期，没有改动；需要时请申请人重新提出。")
    state = ExportState.APPROVED if is_approved else ExportState.REFUSED
    changed = session.execute(
        update(Export)
        .where(Export.id == export_id, Export.state == ExportState.REQUESTED.value)
        .values(
            state=state.value,
            decided_by=person_id,
            decided_at=now,
            decision_note=note.strip() or None,
            expires_at=now + VALID_FOR if is_approved else Export.expires_at,
            version=Export.version + 1,
        )
        .returning(Export.id)
    ).scalar_one_or_none()
    if changed is None:
        raise ConflictError("这份申请刚刚已经由别人处理，您的决定没有生效；请看现在的状态。")
    detail: dict[str, object] = {"note": note.strip(), "rows": export.count}
    _audit(session, export_id, person_id, f"export.{state.value}", detail, now)


def check_takable(session: Session, export_id: int, *, person_id: int, now: dt.datetime) -> Export:
    """Give an export that the person may take now; raises ExportNotFoundError or IllegalTransitionError."""
    export = _found(session, export_id)
    if export.person_id != person_id:
        # As if it were not there: whose requests exist is nobody else's business.
        raise _no_such_export()
    if export.state == ExportState.REQUESTED:
        raise IllegalTransitionError("这份导出还在等待批准，批准以后才能下载。")
    if export.state == ExportState.REFUSED:
        raise IllegalTransitionError("这份导出没有获得批准，不能下载；可以按意见修改后重新申请。")
    if export.expires_at <= now:
        raise IllegalTransitionError("这份导出已经过期，没有生成文件；需要时请重新申请。")
    return export


def record_taking(
    session: Session, export_id: int, *, rows: int, digest: str, now: dt.datetime
) -> None:
    """Log that a file left: how many rows, and the SHA-256 of the very bytes."""
    export = _found(session, export_id)
    export.taken_at = now
    export.rows = rows
    export.digest = digest
    detail: dict[str, object] = {
        "rows": rows,
        "sha256": digest,
        "format": export.format,
        "purpose": export.purpose,
        "reason": export.reason,
    }
    _audit(session, export_id, export.person_id, "export.taken", detail, now)


def list_exports(
    session: Session, *, person_id: int, may_approve: bool, limit: int = 100
) -> list[ExportRow]:
    """List one's own requests, and for approvers everybody's; those that wait first, then the newest."""
    person, decider = aliased(Person), aliased(Person)
    statement = (
        select(Export, person.name, decider.name)
        .join(person, person.id == Export.person_id)
        .outerjoin(decider, decider.id == Export.decided_by)
        .order_by((Export.state == ExportState.REQUESTED.value).desc(), Export.id.desc())
        .limit(limit)
    )
    if not may_approve:
        statement = statement.where(Export.person_id == person_id)
    return [ExportRow(export, name, by) for export, name, by in session.execute(statement).all()]


def read_export(
    session: Session, export_id: int, *, person_id: int, may_approve: bool
) -> ExportRow:
    """Read one that is one's own, or any that an approver asks for; raises ExportNotFoundError."""
    person, decider = aliased(Person), aliased(Person)
    statement = (
        select(Export, person.name, decider.name)
        .join(person, person.id == Export.person_id)
        .outerjoin(decider, decider.id == Export.decided_by)
        .where(Export.id == export_id)
    )
    if not may_approve:
        statement = statement.where(Export.person_id == person_id)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise _no_such_export()
    return ExportRow(row[0], row[1], row[2])


def waiting(session: Session, now: dt.datetime) -> int:
    """Count the requests that wait for a decision."""
    statement = (
        select(func.count())
        .select_from(Export)
        .where(Export.state == ExportState.REQUESTED.value, Export.expires_at > now)
    )
    return session.scalar(statement) or 0


def _found(session: Session, export_id: int) -> Export:
    export = session.get(Export, export_id)
    if export is None:
        raise _no_such_export()
    return export


def _no_such_export() -> ExportNotFoundError:
    return ExportNotFoundError("找不到这份导出，它可能属于别人或已经删除。")


def _audit(
    session: Session,
    export_id: int,
    person_id: int,
    action: str,
    detail: dict[str, object],
    now: dt.datetime,
) -> None:
    event = AuditEvent(f"person:{person_id}", action, "export", str(export_id), detail=detail)
    record(session, event, now)
