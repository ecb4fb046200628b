"""Silences and inhibition, judged at the moment a message would go out. In doubt the message goes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerting.deadlines import DeadlineTable
from alerting.timeline import person_actor
from core import audit
from core.database.base import JsonObject
from core.database.models.alerting import Alert, AlertState, Severity, Silence
from core.errors import InvalidOptionsError

log = structlog.get_logger(__name__)

# Groups of rules that do not tell matters apart: sharing one says nothing about the event.
_VAGUE = frozenset({"rule", "region:-", "topic:-|region:-"})
MATCHERS = ("alert_id", "rule_id", "group_key", "severity", "topic", "region")


@dataclass(frozen=True, slots=True)
class Mute:
    """``until`` None: until the inhibiting alert leaves; then it is judged again."""

    silence_id: int | None
    inhibitor_id: int | None
    until: dt.datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """``has_failed``: the check itself went wrong, so the message goes and says so."""

    mute: Mute | None
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class SilenceDraft:
    """``matchers``: names of MATCHERS to the values they accept; all of them must hold."""

    matchers: Mapping[str, object]
    starts_at: dt.datetime
    ends_at: dt.datetime
    reason: str
    approver_id: int | None = None


def create_silence(
    session: Session,
    draft: SilenceDraft,
    *,
    owner_id: int,
    now: dt.datetime,
    deadlines: DeadlineTable,
) -> int:
    """Store a silence; the graver the level it covers, the shorter it may be. Raises InvalidOptionsError."""
    faults: dict[str, str] = {}
    unknown = sorted(set(draft.matchers) - set(MATCHERS))
    if unknown or not draft.matchers:
        faults["matchers"] = f"静默条件只能用：{'、'.join(MATCHERS)}，且至少写一个"
    if not draft.reason.strip():
        faults["reason"] = "请写明静默的理由"
    severity = _gravest(session, draft.matchers)
    longest = dt.timedelta(seconds=deadlines.of(severity).longest_silence_s)
    if draft.ends_at <= draft.starts_at:
        faults["ends_at"] = "结束时间要晚于开始时间"
    elif draft.ends_at - draft.starts_at > longest:
        faults["ends_at"] = f"这一级别的静默最长 {longest.total_seconds() / 3600:g} 小时"
    if severity == Severity.RED and draft.approver_id in {None, owner_id}:
        faults["approver_id"] = "静默红色预警要由另一人批准"
    if faults:
        raise InvalidOptionsError(faults)
    silence = Silence(
        matchers=dict(draft.matchers),
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        reason=draft.reason.strip(),
        owner_id=owner_id,
        approver_id=draft.approver_id,
    )
    session.add(silence)
    session.flush()
    event = audit.AuditEvent(person_actor(owner_id), "silence_created", "silence", str(silence.id))
    audit.record(session, event, now)
    return silence.id


def end_silence(session: Session, silence_id: int, *, person_id: int, now: dt.datetime) -> None:
    """End a silence now; one that has ended stays as it was."""
    silence = session.get_one(Silence, silence_id, with_for_update=True)
    if silence.ends_at > now:
        silence.ends_at = max(now, silence.starts_at + dt.timedelta(microseconds=1))
    event = audit.AuditEvent(person_actor(person_id), "silence_ended", "silence", str(silence_id))
    audit.record(session, event, now)


def _gravest(session: Session, matchers: Mapping[str, object]) -> int:
    """Give the gravest level that the matchers may cover."""
    if "severity" in matchers:
        return min((int(item) for item in _values(matchers["severity"])), default=Severity.RED)
    if "alert_id" in matchers:
        ids = [int(item) for item in _values(matchers["alert_id"])]
        found = list(session.scalars(select(Alert.severity).where(Alert.id.in_(ids))))
        return min(found, default=Severity.RED)
    return Severity.RED


def judge(session: Session, alert: Alert, now: dt.datetime) -> Judgement:
    """Ask whether an alert is muted now; an error in the asking never mutes."""
    try:
        with session.begin_nested():
            silence = _silence(session, alert, now)
            if silence is not None:
                text = f"静默至 {silence.ends_at.isoformat(timespec='minutes')}：{silence.reason}"
                return Judgement(Mute(silence.id, None, silence.ends_at, text))
            inhibitor = _inhibitor(session, alert)
            if inhibitor is not None:
                text = f"同一事件已有更高级别预警 {inhibitor.number}，不再单独通知"
                return Judgement(Mute(None, inhibitor.id, None, text))
    except (SQLAlchemyError, ValueError, TypeError) as error:
        log.warning("mute_check_failed", alert_id=alert.id, error=type(error).__name__)
        return Judgement(None, has_failed=True)
    return Judgement(None)


def _silence(session: Session, alert: Alert, now: dt.datetime) -> Silence | None:
    running = session.scalars(
        select(Silence)
        .where(Silence.starts_at <= now, Silence.ends_at > now)
        .order_by(Silence.ends_at.desc())
    )
    return next((silence for silence in running if _covers(silence.matchers, alert)), None)


def _covers(matchers: JsonObject, alert: Alert) -> bool:
    facts: dict[str, set[str]] = {
        "alert_id": {str(alert.id)},
        "rule_id": {str(alert.rule_id)},
        "group_key": {alert.group_key},
        "severity": {str(alert.severity)},
        "topic": set(alert.topics),
        "region": set(alert.regions),
    }
    unknown = set(matchers) - set(facts)
    if unknown or not matchers:
        raise ValueError(f"silence matchers {sorted(unknown)} are not known")
    return all(
        facts[name] & {str(item) for item in _values(value)} for name, value in matchers.items()
    )


def _values(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _inhibitor(session: Session, alert: Alert) -> Alert | None:
    """Find an open red or orange alert of the same event; it mutes yellow and blue ones, never itself."""
    if alert.severity <= Severity.ORANGE:
        return None
    same = []
    if alert.group_key not in _VAGUE:
        same.append(Alert.group_key == alert.group_key)
    if alert.event_id is not None:
        same.append(Alert.event_id == alert.event_id)
    if not same:
        return None
    return session.scalars(
        select(Alert)
        .where(
            or_(*same),
            Alert.id != alert.id,
            Alert.severity <= Severity.ORANGE.value,
            Alert.state.in_([AlertState.OPEN.value, AlertState.ACKNOWLEDGED.value]),
        )
        .order_by(Alert.severity, Alert.id)
        .limit(1)
    ).one_or_none()
