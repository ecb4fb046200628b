"""Clocks that run beside the chain: report deadlines, alerts that lie idle after their acknowledgement."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from alerting import outbox, roster, timeline
from alerting.attach import reopen
from alerting.deadlines import MARKS, REPORT_LABELS, DeadlineTable, ReportKind, marks_passed
from alerting.escalation_chain import EscalationChain
from alerting.outbox import Notification
from core.clock import SHANGHAI
from core.database.models.alerting import Alert, AlertState, ReportState
from core.database.models.duty import Layer

BATCH = 500
CLOSE_AFTER = dt.timedelta(hours=72)
_CHANNELS = ("console", "email", "wecom")
_LATE = MARKS[-1]


def report_deadlines(alert: Alert) -> dict[ReportKind, dt.datetime]:
    """Give the reports that are still owed, each with its moment."""
    done = {name for name in ReportKind if f"{name}_done" in alert.report_reminders}
    clocks: dict[ReportKind, dt.datetime | None] = {
        ReportKind.ORAL: alert.oral_report_by,
        ReportKind.WRITTEN: alert.written_report_by,
        ReportKind.FOLLOW_UP: follow_up_by(alert),
        ReportKind.FINAL: alert.final_report_by,
    }
    ended = {ReportState.NONE.value, ReportState.FINAL_SENT.value}
    if ReportKind.FINAL in done or alert.report_state in ended:
        return {}
    return {kind: at for kind, at in clocks.items() if at is not None and kind not in done}


def follow_up_by(alert: Alert) -> dt.datetime | None:
    value = alert.report_reminders.get("follow_up_by")
    return dt.datetime.fromisoformat(value) if isinstance(value, str) else None


def alerts_with_clocks(session: Session) -> list[int]:
    """List alerts that owe a report, wait for progress, or may be closed."""
    return list(
        session.scalars(
            select(Alert.id)
            .where(
                Alert.state.not_in([AlertState.CLOSED.value, AlertState.PENDING.value]),
                or_(
                    Alert.report_state.not_in(
                        [ReportState.NONE.value, ReportState.FINAL_SENT.value]
                    ),
                    Alert.idle_since.is_not(None),
                    Alert.resolved_at.is_not(None),
                ),
            )
            .order_by(Alert.severity, Alert.id)
            .limit(BATCH)
        )
    )


def run_clocks(
    session: Session, alert_id: int, *, deadlines: DeadlineTable, now: dt.datetime
) -> int:
    """Fire what is due for one alert, each at most once; returns how many fired."""
    alert = session.scalars(
        select(Alert)
        .where(Alert.id == alert_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if alert is None or alert.state == AlertState.CLOSED.value:
        return 0
    fired = sum(
        _remind(session, alert, kind, deadline, now)
        for kind, deadline in report_deadlines(alert).items()
    )
    if alert.state == AlertState.ACKNOWLEDGED.value:
        fired += _watch_idle(session, alert, deadlines, now)
    if alert.state == AlertState.RESOLVED.value and _may_close(alert, now):
        alert.state = AlertState.CLOSED.value
        alert.closed_at = now
        alert.version += 1
        _note(session, alert, "closed", "处置满 72 小时，自动关闭", now)
        fired += 1
    session.flush()
    return fired


def _may_close(alert: Alert, now: dt.datetime) -> bool:
    return alert.resolved_at is not None and alert.resolved_at + CLOSE_AFTER <= now


def _remind(
    session: Session, alert: Alert, kind: ReportKind, deadline: dt.datetime, now: dt.datetime
) -> int:
    start = alert.resolved_at if kind is ReportKind.FINAL else alert.severity_since
    mark = marks_passed(start or alert.opened_at, deadline, now)
    told = alert.report_reminders.get(kind.value, 0)
    if not isinstance(told, int) or mark <= told:
        return 0
    alert.report_reminders = alert.report_reminders | {kind.value: mark}
    label = REPORT_LABELS[kind]
    by = deadline.astimezone(SHANGHAI)
    if mark == _LATE:
        if kind is ReportKind.FOLLOW_UP:
            alert.report_state = ReportState.FOLLOW_UP_DUE.value
        notification = Notification(
            f"late_report:{kind.value}:{alert.cycle}",
            note=f"{label}已超时：应于 {by:%m月%d日 %H:%M} 前报送。",
        )
        _note(
            session,
            alert,
            "late_report",
            f"迟报：{label}应于 {by:%m月%d日 %H:%M} 前报送，尚未报送",
            now,
        )
        layers: tuple[str, ...] = (Layer.LEADER.value, Layer.FIRST.value)
    else:
        notification = Notification(
            f"report:{kind.value}:{mark}",
            note=f"{label}时限已过 {mark}%：请于 {by:%m月%d日 %H:%M} 前报送。",
        )
        layers = (Layer.FIRST.value,)
    _tell(session, alert, notification, layers, now, is_for_owner=mark != _LATE)
    return 1


def _tell(
    session: Session,
    alert: Alert,
    notification: Notification,
    layers: tuple[str, ...],
    now: dt.datetime,
    *,
    is_for_owner: bool,
) -> None:
    holders = {alert.owner_id, alert.acknowledged_by} - {None}
    people = set(filter(None, holders))
    if not people or not is_for_owner:
        chain = EscalationChain.from_json(alert.chain)
        on_duty = roster.on_duty(session, now, layers=layers, roster_id=chain.roster_id)
        people |= {person.person_id for person in on_duty}
    outbox.notify_people(
        session, alert, notification, person_ids=sorted(people), channels=_CHANNELS, now=now
    )


def _watch_idle(session: Session, alert: Alert, deadlines: DeadlineTable, now: dt.datetime) -> int:
    timers = deadlines.of(alert.severity)
    if alert.idle_since is None or timers.idle_reminder_s is None:
        return 0
    if alert.reminded_at is None:
        if alert.idle_since + dt.timedelta(seconds=timers.idle_reminder_s) > now:
            return 0
        alert.reminded_at = now
        since = alert.idle_since.astimezone(SHANGHAI)
        notification = Notification(
            f"idle:{int(alert.idle_since.timestamp())}",
            note=f"自 {since:%H:%M} 以来没有处置进展。再无进展将取消签收并重新通知。",
        )
        _tell(session, alert, notification, (Layer.FIRST.value,), now, is_for_owner=True)
        _note(session, alert, "idle_reminded", "签收后无进展，已提醒", now)
        return 1
    grace = timers.idle_unacknowledge_s
    if grace is None or alert.reminded_at + dt.timedelta(seconds=grace) > now:
        return 0
    reopen(alert, now)
    _note(session, alert, "unacknowledged", f"签收后无进展，取消签收（第 {alert.cycle} 轮）", now)
    return 1


def _note(session: Session, alert: Alert, action: str, text: str, now: dt.datetime) -> None:
    session.flush()
    timeline.append(session, alert.id, now, actor=timeline.SYSTEM, action=action, text=text)
