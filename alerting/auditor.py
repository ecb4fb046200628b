"""The auditor: looks for what the engine must never leave behind, and tells the operators."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerting import roster, workdays
from alerting.rulebook import Rulebook
from core import notices
from core.clock import SHANGHAI
from core.database.models.alerting import Alert, AlertState, Delivery, DeliveryState, Severity

OVERDUE = dt.timedelta(seconds=60)
UNKNOWN_TOO_LONG = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Check:
    """One question of the auditor; ``message`` None: nothing wrong."""

    key: str
    message: str | None


def run_audit(session: Session, rulebook: Rulebook, now: dt.datetime) -> int:
    """Raise or clear one notice per question; returns how many are raised."""
    checks = list(_checks(session, rulebook, now))
    for check in checks:
        if check.message is None:
            notices.clear_notice(session, check.key, now)
        else:
            notices.raise_notice(session, check.key, check.message, now)
    return sum(check.message is not None for check in checks)


def _checks(session: Session, rulebook: Rulebook, now: dt.datetime) -> Iterator[Check]:
    stuck = session.scalar(
        select(func.count()).where(
            Alert.state == AlertState.OPEN.value,
            Alert.severity <= Severity.YELLOW.value,
            (Alert.next_step_at < now - OVERDUE)
            | (Alert.next_step_at.is_(None) & Alert.notified_at.is_(None)),
        )
    )
    yield Check(
        "alert-without-step",
        f"有 {stuck} 条未签收预警没有按时升级，请检查预警引擎。" if stuck else None,
    )
    expired = session.scalar(
        select(func.count()).where(
            Delivery.state.in_([DeliveryState.PENDING.value, DeliveryState.SENDING.value]),
            Delivery.expires_at < now,
            Delivery.dead_at.is_(None),
        )
    )
    yield Check(
        "delivery-expired",
        f"有 {expired} 条通知超过 24 小时仍未发出，请检查发送进程。" if expired else None,
    )
    unknown = session.scalar(
        select(func.count()).where(
            Delivery.state == DeliveryState.UNKNOWN.value,
            Delivery.request_started_at < now - UNKNOWN_TOO_LONG,
            Delivery.cleared_at.is_(None),
        )
    )
    yield Check(
        "delivery-unknown",
        f"有 {unknown} 条通知结果未知，请在系统健康页核对。" if unknown else None,
    )
    unusable = "；".join(rulebook.unusable.values())
    yield Check("rule-unusable", unusable or None)
    yield _coverage(session, now)
    yield _calendar(session, now)


def _coverage(session: Session, now: dt.datetime) -> Check:
    gaps = roster.coverage_gaps(session, now)
    if not gaps:
        return Check("roster-gap", None)
    first = gaps[0].starts_at.astimezone(SHANGHAI)
    return Check(
        "roster-gap",
        f"未来 30 天有 {len(gaps)} 段时间无人值班，最早从 {first:%m月%d日 %H:%M} 起。请排班。",
    )


def _calendar(session: Session, now: dt.datetime) -> Check:
    last = workdays.known_until(session)
    if last is not None and last >= (now + workdays.WARN_BEFORE).astimezone(SHANGHAI).date():
        return Check("calendar-ends", None)
    known = last.isoformat() if last else "（无）"
    return Check("calendar-ends", f"工作日历只到 {known}，请录入之后的放假安排，否则不能排班。")
