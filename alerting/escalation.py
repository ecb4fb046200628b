"""Due steps of escalation chains: who is told now, and when the next step is due."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from alerting import outbox, roster, timeline
from alerting.deadlines import DeadlineTable
from alerting.escalation_chain import ChainStep, EscalationChain
from alerting.mutes import Judgement, Mute, judge
from alerting.outbox import Notification
from core import notices
from core.database.models.alerting import Alert, AlertState, Severity
from core.faults import fault_point

log = structlog.get_logger(__name__)

BATCH = 100
NEW_SOURCES = 3
VOLUME_FACTOR = 2
_RETRY_AFTER = dt.timedelta(seconds=60)
_LIVE = (AlertState.OPEN.value, AlertState.ACKNOWLEDGED.value)
FAILED_CHECK = "（静默检查出错，按未静默发送。）"


@dataclass(frozen=True, slots=True)
class DueSteps:
    """The steps that are due at once: ``numbers`` in order, ``told`` the ones that are carried out."""

    numbers: tuple[int, ...]
    told: tuple[ChainStep, ...]

    @property
    def is_merged(self) -> bool:
        return len(self.numbers) > 1


def due_alerts(session: Session, now: dt.datetime) -> list[int]:
    """List alerts with a due step, the gravest first."""
    return list(
        session.scalars(
            select(Alert.id)
            .where(Alert.state.in_(_LIVE), Alert.next_step_at <= now)
            .order_by(Alert.severity, Alert.next_step_at)
            .limit(BATCH)
        )
    )


def escalate(
    session: Session, alert_id: int, *, deadlines: DeadlineTable, now: dt.datetime
) -> bool:
    """Carry out the due step of one alert in the caller's transaction; False when nothing was due."""
    alert = session.scalars(
        select(Alert)
        .where(Alert.id == alert_id, Alert.state.in_(_LIVE), Alert.next_step_at <= now)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if alert is None or alert.next_step is None:
        return False
    timers = deadlines.of(alert.severity)
    judgement = judge(session, alert, now)
    if judgement.mute is not None:
        _mute(session, alert, judgement.mute, now, dt.timedelta(seconds=timers.group_wait_s))
        return True
    _unmute(session, alert, now)
    chain = EscalationChain.from_json(alert.chain)
    due = due_steps(chain, alert.severity, alert.next_step, timers.repeat_s, now)
    if not due.told:
        alert.next_step = alert.next_step_at = None
        return True
    if not _tell(session, alert, chain, due, judgement, now):
        return True
    _schedule_next(alert, chain, due, timers.repeat_s)
    session.flush()
    fault_point("escalate.before_commit")
    return True


def due_steps(
    chain: EscalationChain, severity: int, first: int, repeat_s: int | None, now: dt.datetime
) -> DueSteps:
    """Find the steps that are due, several after a downtime.

    Red and orange then reach the people of all of them, yellow and blue only those of the newest.
    """
    length = len(chain.steps.get(severity, ()))
    numbers = [first]
    while True:
        due_at = chain.due_at(severity, numbers[-1] + 1, repeat_s=repeat_s)
        if due_at is None or due_at > now:
            break
        numbers.append(numbers[-1] + 1)
    carried = numbers if severity <= Severity.ORANGE else numbers[-1:]
    steps = [chain.step(severity, min(number, length)) for number in carried] if length else []
    told = tuple(dict.fromkeys(step for step in steps if step is not None))
    return DueSteps(tuple(numbers), told)


def _tell(
    session: Session,
    alert: Alert,
    chain: EscalationChain,
    due: DueSteps,
    judgement: Judgement,
    now: dt.datetime,
) -> bool:
    layers = dict.fromkeys(layer for step in due.told for layer in step.layers)
    channels = dict.fromkeys(channel for step in due.told for channel in step.channels)
    people = roster.on_duty(session, now, layers=layers, roster_id=chain.roster_id)
    if due.is_merged:
        told = outbox.reached(session, alert)
        people = tuple(person for person in people if person.person_id not in told) or people
    fault_point("escalate.after_roster")
    if not people:
        notices.raise_notice(
            session,
            "nobody-to-notify",
            f"预警 {alert.number} 没有可通知的人：值班表为空，也没有分管领导和系统管理员。请立即排班。",
            now,
        )
        alert.next_step_at = now + _RETRY_AFTER
        return False
    step = due.numbers[-1]
    reason = chain.reason if step <= len(chain.steps.get(alert.severity, ())) else f"repeat:{step}"
    outbox.notify_people(
        session,
        alert,
        Notification(reason, step, FAILED_CHECK if judgement.has_failed else ""),
        person_ids=[person.person_id for person in people],
        channels=channels,
        now=now,
    )
    alert.notified_at = now
    alert.notified_documents = alert.documents
    alert.notified_sources = alert.sources
    _note(session, alert, due, people, now)
    return True


def _note(
    session: Session,
    alert: Alert,
    due: DueSteps,
    people: tuple[roster.DutyPerson, ...],
    now: dt.datetime,
) -> None:
    names = "、".join(person.name for person in people)
    step = due.numbers[-1]
    text = f"第 {step} 步：通知 {names}"
    if due.is_merged:
        text = f"第 {due.numbers[0]} 至 {step} 步已过时，合并执行：通知 {names}"
    if people[0].is_fallback:
        text += "（该时段无人值班，由领导或管理员代收）"
        notices.raise_notice(
            session,
            "roster-empty",
            "当前时段没有人值班，预警已改发给分管领导或系统管理员。请补排班次。",
            now,
        )
    timeline.append(
        session,
        alert.id,
        now,
        actor=timeline.SYSTEM,
        action="overdue_merged" if due.is_merged else "escalated",
        text=text,
        detail={"steps": list(due.numbers), "people": [person.person_id for person in people]},
    )
    log.info("alert_escalated", alert_id=alert.id, step=step, people=len(people))


def _schedule_next(
    alert: Alert, chain: EscalationChain, due: DueSteps, repeat_s: int | None
) -> None:
    if alert.state == AlertState.ACKNOWLEDGED.value:
        # Only the rise itself is told to somebody who already has the alert in hand.
        alert.next_step = alert.next_step_at = None
        return
    following = due.numbers[-1] + 1
    alert.next_step_at = chain.due_at(alert.severity, following, repeat_s=repeat_s)
    alert.next_step = following if alert.next_step_at is not None else None


def _mute(
    session: Session, alert: Alert, mute: Mute, now: dt.datetime, group_wait: dt.timedelta
) -> None:
    is_new = (alert.silenced_by_id, alert.inhibited_by_id) != (mute.silence_id, mute.inhibitor_id)
    alert.silenced_by_id, alert.inhibited_by_id = mute.silence_id, mute.inhibitor_id
    again = (mute.until + group_wait) if mute.until else now + max(group_wait, _RETRY_AFTER)
    chain = EscalationChain.from_json(alert.chain)
    step = chain.step(alert.severity, alert.next_step or 1)
    # The steps that remain keep their distances from the end of the mute.
    base_at = again - dt.timedelta(seconds=step.after_s if step else 0)
    alert.chain = chain.restarted(base_at, chain.reason).as_json()
    alert.next_step_at = again
    session.flush()
    if is_new:
        timeline.append(
            session, alert.id, now, actor=timeline.SYSTEM, action="muted", text=mute.text
        )


def _unmute(session: Session, alert: Alert, now: dt.datetime) -> None:
    if alert.silenced_by_id is None and alert.inhibited_by_id is None:
        return
    alert.silenced_by_id = alert.inhibited_by_id = None
    timeline.append(
        session,
        alert.id,
        now,
        actor=timeline.SYSTEM,
        action="unmuted",
        text="静默或抑制已结束，恢复通知",
    )


def grown_alerts(session: Session) -> list[int]:
    """List told alerts that have three more sources or twice the volume since the last message."""
    return list(
        session.scalars(
            select(Alert.id)
            .where(
                Alert.state.in_(_LIVE),
                Alert.notified_at.is_not(None),
                or_(
                    Alert.sources >= Alert.notified_sources + NEW_SOURCES,
                    Alert.documents >= Alert.notified_documents * VOLUME_FACTOR,
                ),
            )
            .order_by(Alert.severity, Alert.id)
            .limit(BATCH)
        )
    )


def tell_growth(
    session: Session, alert_id: int, *, deadlines: DeadlineTable, now: dt.datetime
) -> bool:
    """Tell those who know of an alert that it has grown, at most once in its group interval."""
    alert = session.get_one(Alert, alert_id, with_for_update=True, populate_existing=True)
    interval = dt.timedelta(seconds=deadlines.of(alert.severity).group_interval_s)
    has_grown = (
        alert.sources >= alert.notified_sources + NEW_SOURCES
        or alert.documents >= alert.notified_documents * VOLUME_FACTOR
    )
    is_due = alert.notified_at is not None and alert.notified_at + interval <= now
    if alert.state not in _LIVE or not (has_grown and is_due):
        return False
    judgement = judge(session, alert, now)
    if judgement.mute is not None:
        return False
    people = {alert.acknowledged_by, alert.owner_id} - {None}
    step = EscalationChain.from_json(alert.chain).step(alert.severity, 1)
    outbox.notify_people(
        session,
        alert,
        Notification(
            f"growth:{alert.documents}",
            note=f"上次通知后由 {alert.notified_documents} 条增至 {alert.documents} 条，信源由 "
            f"{alert.notified_sources} 个增至 {alert.sources} 个。"
            + (FAILED_CHECK if judgement.has_failed else ""),
        ),
        person_ids=sorted(filter(None, people)) or sorted(outbox.reached(session, alert)),
        channels=step.channels if step else (),
        now=now,
    )
    alert.notified_at = now
    alert.notified_documents = alert.documents
    alert.notified_sources = alert.sources
    session.flush()
    timeline.append(
        session,
        alert.id,
        now,
        actor=timeline.SYSTEM,
        action="growth_told",
        text=f"传播扩大：{alert.documents} 条、{alert.sources} 个信源，已再次通知",
    )
    return True
