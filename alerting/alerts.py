"""Finding, locking and numbering alerts."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerting.deadlines import Deadlines
from core.clock import SHANGHAI
from core.database.models.alerting import Alert
from core.database.models.operations import ModuleLease
from core.errors import ConflictError, WorkflowError
from core.leases import Leadership

# One number after the other per day: whoever numbers waits for the transaction before it.
_NUMBER_LOCK = 7_305_112_031


class AlertNotFoundError(WorkflowError):
    pass


def locked_alert(session: Session, alert_id: int) -> Alert:
    """Give the alert as it is now and hold its row until the caller's transaction ends."""
    alert = session.scalars(
        select(Alert)
        .where(Alert.id == alert_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if alert is None:
        raise AlertNotFoundError(f"没有编号为 {alert_id} 的预警，可能已按保存期限删除。")
    return alert


def next_number(session: Session, now: dt.datetime, *, prefix: str = "YJ") -> str:
    """Give the next ``YJ-YYYYMMDD-NNN`` of the day in Shanghai; the caller inserts it in this transaction."""
    session.execute(select(func.pg_advisory_xact_lock(_NUMBER_LOCK)))
    day = f"{prefix}-{now.astimezone(SHANGHAI):%Y%m%d}-"
    # Past 999 the numbers grow longer, so the last one is found by value and not by spelling.
    tail = func.max(func.cast(func.substr(Alert.number, len(day) + 1), Alert.cycle.type))
    last = session.scalar(select(tail).where(Alert.number.startswith(day, autoescape=True)))
    return f"{day}{(last or 0) + 1:03d}"


def running_deadlines(alert: Alert) -> Deadlines:
    return Deadlines(alert.acknowledge_by, alert.oral_report_by, alert.written_report_by)


def set_deadlines(alert: Alert, deadlines: Deadlines) -> None:
    alert.acknowledge_by = deadlines.acknowledge_by
    alert.oral_report_by = deadlines.oral_by
    alert.written_report_by = deadlines.written_by


def require_lead(session: Session, leadership: Leadership) -> None:
    """Fence the transaction: whoever lost the lead must write nothing. Raises ConflictError."""
    held = session.scalar(
        select(ModuleLease.module)
        .where(
            ModuleLease.module == leadership.module,
            ModuleLease.owner == leadership.owner,
            ModuleLease.epoch == leadership.epoch,
            ModuleLease.lease_until > func.now(),
        )
        .with_for_update(read=True)
    )
    if held is None:
        raise ConflictError(f"{leadership.module}: lead of epoch {leadership.epoch} was lost")
