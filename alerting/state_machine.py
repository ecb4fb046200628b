"""What people do with an alert. Each action is one guarded change with its timeline entry.

An action says what its button saw (``AsOf``); a stale one changes nothing and raises ConflictError
that names the present state.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting import timeline
from alerting.actions import Action, available_actions
from alerting.alerts import locked_alert
from alerting.attach import Tables, raise_severity
from alerting.attach import reopen as start_cycle
from alerting.deadlines import REPORT_LABELS, DeadlineTable, ReportKind
from alerting.evidence import member_ids
from alerting.evidence_keeping import keep_evidence
from alerting.levels import SEVERITY_LABELS, STATE_LABELS, VERDICT_LABELS
from core import audit
from core.clock import SHANGHAI
from core.database.models.alerting import Alert, AlertState, ReportState, Severity, Verdict
from core.database.models.organisation import Person
from core.errors import ConflictError, IllegalTransitionError, InvalidOptionsError
from core.faults import fault_point

_REPORT_STATES: Mapping[ReportKind, ReportState] = MappingProxyType(
    {
        ReportKind.ORAL: ReportState.DUE,
        ReportKind.WRITTEN: ReportState.FIRST_SENT,
        ReportKind.FOLLOW_UP: ReportState.FIRST_SENT,
        ReportKind.FINAL: ReportState.FINAL_SENT,
    }
)


@dataclass(frozen=True, slots=True)
class AsOf:
    """What the button saw; None asks nothing. ``version`` is stricter, ``cycle`` is what links carry."""

    version: int | None = None
    cycle: int | None = None


ANY = AsOf()


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """``is_first`` False: somebody had it already, and this person is recorded as having seen it."""

    is_first: bool
    by_person_id: int
    by_name: str
    at: dt.datetime


def acknowledge(
    session: Session, alert_id: int, person_id: int, now: dt.datetime, *, as_of: AsOf = ANY
) -> Acknowledged:
    """Take the alert in hand. Who comes second is recorded as having seen it and gets the first name."""
    alert = locked_alert(session, alert_id)
    if as_of.cycle is not None and as_of.cycle != alert.cycle:
        raise _stale(session, alert)
    if alert.state == AlertState.ACKNOWLEDGED.value:
        return _also_seen(session, alert, person_id, now)
    _require(session, alert, Action.ACKNOWLEDGE, AsOf(cycle=as_of.cycle))
    alert.state = AlertState.ACKNOWLEDGED.value
    alert.acknowledged_at = now
    alert.acknowledged_by = person_id
    alert.owner_id = alert.owner_id or person_id
    alert.idle_since = now
    alert.reminded_at = None
    alert.next_step = alert.next_step_at = None
    is_late = alert.acknowledge_by is not None and now > alert.acknowledge_by
    name = _name(session, person_id)
    _finish(
        session,
        alert,
        now,
        person_id,
        "acknowledged",
        f"{name} 签收{'（超过签收时限）' if is_late else ''}",
    )
    fault_point("ack.before_commit")
    return Acknowledged(is_first=True, by_person_id=person_id, by_name=name, at=now)


def _also_seen(session: Session, alert: Alert, person_id: int, now: dt.datetime) -> Acknowledged:
    by = alert.acknowledged_by or person_id
    if by != person_id:
        seen = f"{_name(session, person_id)} 也已知悉"
        timeline.append(
            session,
            alert.id,
            now,
            actor=timeline.person_actor(person_id),
            action="also_seen",
            text=seen,
        )
    return Acknowledged(
        is_first=False,
        by_person_id=by,
        by_name=_name(session, by),
        at=alert.acknowledged_at or now,
    )


def unacknowledge(
    session: Session,
    alert_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    reason: str,
    as_of: AsOf = ANY,
) -> None:
    """Give the alert back: a new cycle begins and the chain runs from its first step."""
    alert = _locked(session, alert_id, Action.UNACKNOWLEDGE, as_of)
    text = _required_text("reason", reason, "请写明取消签收的理由")
    start_cycle(alert, now)
    alert.version -= 1  # The common end of every action counts the version once.
    _finish(session, alert, now, person_id, "unacknowledged", f"取消签收：{text}")


def progress(
    session: Session, alert_id: int, person_id: int, now: dt.datetime, *, text: str
) -> None:
    """Write down what was done; the idle clock starts anew."""
    alert = _locked(session, alert_id, Action.PROGRESS, ANY)
    note = _required_text("text", text, "请写明处置进展")
    _renew_idle(alert, now)
    _finish(session, alert, now, person_id, "progress", note)


def assign(
    session: Session,
    alert_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    to_person_id: int,
    as_of: AsOf = ANY,
) -> None:
    """Make somebody the owner; they are reminded of the clocks from now on."""
    alert = _locked(session, alert_id, Action.ASSIGN, as_of)
    alert.owner_id = to_person_id
    _renew_idle(alert, now)
    _finish(session, alert, now, person_id, "assigned", f"转交 {_name(session, to_person_id)} 负责")


def change_severity(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    alert_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    severity: Severity,
    reason: str,
    tables: Tables,
    as_of: AsOf = ANY,
) -> None:
    """Change the level with a reason. A rise takes the earlier deadlines, a fall moves none later."""
    alert = _locked(session, alert_id, Action.CHANGE_SEVERITY, as_of)
    note = _required_text("reason", reason, "请写明调整级别的理由")
    was = Severity(alert.severity)
    if severity == was:
        raise InvalidOptionsError({"severity": f"现在已经是{SEVERITY_LABELS[severity]}"})
    if severity < was:
        raise_severity(session, alert, severity, tables=tables, now=now)
        members = member_ids(session, alert.id, alert.rule_id, alert.group_key)
        keep_evidence(session, alert, members, now)
    else:
        alert.severity = severity
        alert.evidence = alert.evidence | {"lowered_at": min(alert.proposed_severity, int(was))}
    alert.severity_since = now
    alert.severity_reason = note
    _renew_idle(alert, now)
    text = f"级别由{SEVERITY_LABELS[was]}改为{SEVERITY_LABELS[severity]}：{note}"
    _finish(session, alert, now, person_id, "severity_changed", text)


def resolve(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    alert_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    verdict: Verdict,
    reason: str,
    deadlines: DeadlineTable,
    as_of: AsOf = ANY,
) -> None:
    """End the handling with a verdict and its reason; a new match opens the alert again."""
    alert = _locked(session, alert_id, Action.RESOLVE, as_of)
    note = _required_text("reason", reason, "请写明处置结果或判断理由")
    _resolve(alert, verdict, note, now, deadlines)
    text = f"处置完毕（{VERDICT_LABELS[verdict]}）：{note}"
    _finish(session, alert, now, person_id, "resolved", text)


def dismiss(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    alert_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    reason: str,
    deadlines: DeadlineTable,
    as_of: AsOf = ANY,
) -> None:
    """Judge the alert a false alarm; the rule's precision remembers it, and no report is owed."""
    alert = _locked(session, alert_id, Action.DISMISS, as_of)
    note = _required_text("reason", reason, "请写明判为误报的理由")
    _resolve(alert, Verdict.FALSE_ALARM, note, now, deadlines)
    _finish(session, alert, now, person_id, "dismissed", f"判为误报：{note}")


def _resolve(
    alert: Alert, verdict: Verdict, reason: str, now: dt.datetime, deadlines: DeadlineTable
) -> None:
    alert.state = AlertState.RESOLVED.value
    alert.resolved_at = now
    alert.verdict = verdict.value
    alert.verdict_reason = reason
    alert.next_step = alert.next_step_at = None
    alert.idle_since = alert.reminded_at = None
    alert.report_reminders = {
        name: value for name, value in alert.report_reminders.items() if name != "follow_up_by"
    }
    if verdict in {Verdict.FALSE_ALARM, Verdict.DUPLICATE}:
        alert.report_state = ReportState.NONE.value
        alert.final_report_by = None
    elif alert.report_state != ReportState.NONE.value:
        alert.final_report_by = alert.final_report_by or deadlines.final_by(alert.severity, now)


def close(
    session: Session, alert_id: int, person_id: int, now: dt.datetime, *, as_of: AsOf = ANY
) -> None:
    """Close after a second look; later matches open a new alert that follows this one."""
    alert = _locked(session, alert_id, Action.CLOSE, as_of)
    alert.state = AlertState.CLOSED.value
    alert.closed_at = now
    _finish(session, alert, now, person_id, "closed", "复核后关闭")


def reopen(
    session: Session,
    alert_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    reason: str,
    as_of: AsOf = ANY,
) -> None:
    """Take a resolved alert up again: a new cycle, the chain from its first step, the clocks as they were."""
    alert = _locked(session, alert_id, Action.REOPEN, as_of)
    note = _required_text("reason", reason, "请写明重新打开的理由")
    if alert.report_state == ReportState.NONE.value and (
        alert.oral_report_by or alert.written_report_by
    ):
        alert.report_state = ReportState.DUE.value
    start_cycle(alert, now)
    alert.version -= 1  # As in unacknowledge.
    _finish(session, alert, now, person_id, "reopened", f"重新打开（第 {alert.cycle} 轮）：{note}")


def record_report(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    alert_id: int,
    person_id: int,
    now: dt.datetime,
    *,
    kind: ReportKind,
    text: str,
    deadlines: DeadlineTable,
    as_of: AsOf = ANY,
) -> None:
    """Record that a report went up; a late one is marked 迟报 for ever."""
    alert = _locked(session, alert_id, Action.REPORT, as_of)
    note = _required_text("text", text, "请写明报送内容要点和接收人")
    due = {
        ReportKind.ORAL: alert.oral_report_by,
        ReportKind.WRITTEN: alert.written_report_by,
        ReportKind.FINAL: alert.final_report_by,
    }.get(kind)
    marks = dict(alert.report_reminders)
    marks.setdefault(f"{kind.value}_done", now.isoformat())
    if kind is ReportKind.FOLLOW_UP:
        del marks["follow_up_done"]
    follow_up_s = deadlines.of(alert.severity).follow_up_s
    if kind in {ReportKind.WRITTEN, ReportKind.FOLLOW_UP} and follow_up_s is not None:
        marks |= {
            "follow_up_by": (now + dt.timedelta(seconds=follow_up_s)).isoformat(),
            ReportKind.FOLLOW_UP.value: 0,
        }
    alert.report_reminders = marks
    is_later_oral = kind is ReportKind.ORAL and alert.report_state != ReportState.NONE.value
    if not is_later_oral:
        alert.report_state = _REPORT_STATES[kind].value
    _renew_idle(alert, now)
    late = "（迟报）" if due is not None and now > due else ""
    _finish(session, alert, now, person_id, "reported", f"{REPORT_LABELS[kind]}{late}：{note}")


def _locked(session: Session, alert_id: int, action: Action, as_of: AsOf) -> Alert:
    alert = locked_alert(session, alert_id)
    _require(session, alert, action, as_of)
    return alert


def _require(session: Session, alert: Alert, action: Action, as_of: AsOf) -> None:
    is_stale = (as_of.version is not None and as_of.version != alert.version) or (
        as_of.cycle is not None and as_of.cycle != alert.cycle
    )
    if is_stale:
        raise _stale(session, alert)
    if action not in available_actions(AlertState(alert.state)):
        raise IllegalTransitionError(
            f"预警 {alert.number} 现在是「{STATE_LABELS[AlertState(alert.state)]}」，不能做这个操作，没有改动。"
        )


def _stale(session: Session, alert: Alert) -> ConflictError:
    state = STATE_LABELS[AlertState(alert.state)]
    by = ""
    if alert.acknowledged_by is not None and alert.acknowledged_at is not None:
        at = alert.acknowledged_at.astimezone(SHANGHAI)
        by = f"（{_name(session, alert.acknowledged_by)} 于 {at:%H:%M} 签收）"
    level = SEVERITY_LABELS[Severity(alert.severity)]
    return ConflictError(
        f"预警 {alert.number} 在您操作前已有变化：现在是{level}、「{state}」{by}，第 {alert.cycle} 轮。"
        "没有做任何改动，请看过最新内容后再操作。"
    )


def _finish(
    session: Session, alert: Alert, now: dt.datetime, person_id: int, action: str, text: str
) -> None:
    alert.version += 1
    session.flush()
    actor = timeline.person_actor(person_id)
    timeline.append(
        session,
        alert.id,
        now,
        actor=actor,
        action=action,
        text=text,
        detail={"version": alert.version, "cycle": alert.cycle, "state": alert.state},
    )
    audit.record(session, audit.AuditEvent(actor, f"alert_{action}", "alert", str(alert.id)), now)


def _renew_idle(alert: Alert, now: dt.datetime) -> None:
    if alert.state == AlertState.ACKNOWLEDGED.value:
        alert.idle_since = now
        alert.reminded_at = None


def _required_text(field: str, text: str, message: str) -> str:
    if not text.strip():
        raise InvalidOptionsError({field: message})
    return text.strip()


def _name(session: Session, person_id: int) -> str:
    return session.scalar(select(Person.name).where(Person.id == person_id)) or f"人员 {person_id}"
