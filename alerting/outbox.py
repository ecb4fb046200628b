"""The outbox: one row per message, person and channel, written with the change that causes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerting.channels import CHANNELS
from alerting.channels_config import CONSOLE, recipient
from alerting.deadlines import REPORT_LABELS, ReportKind
from alerting.levels import SEVERITY_LABELS, reason_label
from core.claims import notify
from core.clock import SHANGHAI
from core.database.base import JsonObject
from core.database.models.alerting import Alert, Delivery, DeliveryState, Severity
from core.database.models.duty import NotificationChannel
from core.database.models.organisation import Person

TOPIC = "delivery"
EXPIRES_AFTER = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Notification:
    """What to tell about an alert. ``note`` is one more sentence; ``step`` 0 stands outside the chain."""

    reason: str
    step: int = 0
    note: str = ""


def notify_people(
    session: Session,
    alert: Alert,
    notification: Notification,
    *,
    person_ids: Sequence[int],
    channels: Iterable[str],
    now: dt.datetime,
) -> int:
    """Write the messages that are not there yet; returns how many. The inbox has its own at once."""
    content = composed(alert, notification, now)
    rows = [
        _row(alert, notification, (person_id, channel), content, now)
        for person_id, channel in routes(session, person_ids, channels)
    ]
    return put(session, rows)


def put(session: Session, rows: Sequence[JsonObject]) -> int:
    if not rows:
        return 0
    statement = insert(Delivery).on_conflict_do_nothing().returning(Delivery.id)
    inserted = len(session.execute(statement, rows).all())
    if inserted:
        notify(session, TOPIC)
    return inserted


def routes(
    session: Session, person_ids: Sequence[int], channels: Iterable[str]
) -> list[tuple[int, str]]:
    """Pair people with the channels that can reach them; the inbox always can.

    ``channels`` are names or kinds of configured channels. A person who chose channels gets those only.
    """
    wanted = set(channels)
    configured = [
        row
        for row in session.scalars(
            select(NotificationChannel).where(NotificationChannel.is_enabled)
        )
        if (row.name in wanted or row.kind in wanted) and row.kind in CHANNELS
    ]
    found: list[tuple[int, str]] = []
    for person in session.scalars(
        select(Person).where(Person.id.in_(person_ids)).order_by(Person.id)
    ):
        found.append((person.id, CONSOLE))
        found.extend(
            (person.id, row.name)
            for row in configured
            if CHANNELS.load(row.kind).can_reach(recipient(person))
            and (not person.channels or {row.name, row.kind} & set(person.channels))
        )
    return found


def _row(
    alert: Alert,
    notification: Notification,
    route: tuple[int, str],
    content: tuple[str, str],
    now: dt.datetime,
) -> JsonObject:
    person_id, channel = route
    title, body = content
    key = (
        f"alert-{alert.id}-{alert.cycle}-{notification.step}-"
        f"{notification.reason.replace(':', '.')}-{person_id}-{channel}"
    )
    return {
        "alert_id": alert.id,
        "cycle": alert.cycle,
        "step": notification.step,
        "person_id": person_id,
        "channel": channel,
        "reason": notification.reason,
        "priority": alert.severity,
        "title": title,
        "body": body,
        "link": f"/alerts/{alert.id}",
        "idempotency_key": key,
        "created_at": now,
        "expires_at": now + EXPIRES_AFTER,
        **arrival(channel, now),
    }


def arrival(channel: str, now: dt.datetime) -> JsonObject:
    """Give the state a new message starts in: the inbox needs no sending."""
    if channel == CONSOLE:
        return {"state": DeliveryState.SENT.value, "sent_at": now, "due_at": None}
    return {"state": DeliveryState.PENDING.value, "sent_at": None, "due_at": now}


def composed(alert: Alert, notification: Notification, now: dt.datetime) -> tuple[str, str]:
    """Write title and text: level, what happened, why, what to do by when. Nothing personal is in it."""
    level = SEVERITY_LABELS[Severity(alert.severity)]
    drill = "【演练】" if alert.is_demo else ""
    title = f"{drill}【{level}预警】{alert.title}"
    if notification.reason != "first":
        title = f"{drill}【{level}预警·{reason_label(notification.reason)}】{alert.title}"
    lines = [
        f"{alert.number}　{level}预警　{reason_label(notification.reason)}",
        alert.summary or "",
        notification.note,
        f"定级理由：{alert.severity_reason}" if alert.severity_reason else "",
        *_deadline_lines(alert, now),
    ]
    return title, "\n".join(line for line in lines if line)


def _deadline_lines(alert: Alert, now: dt.datetime) -> list[str]:
    clocks = [
        ("签收", alert.acknowledge_by if alert.acknowledged_at is None else None),
        (REPORT_LABELS[ReportKind.ORAL], alert.oral_report_by),
        (REPORT_LABELS[ReportKind.WRITTEN], alert.written_report_by),
    ]
    return [
        f"{label}时限：{moment.astimezone(SHANGHAI):%m月%d日 %H:%M}{'（已超时）' if moment <= now else ''}"
        for label, moment in clocks
        if moment is not None
    ]


def reached(session: Session, alert: Alert) -> set[int]:
    """Name everybody who has been told about the alert in its present cycle."""
    return set(
        session.scalars(
            select(Delivery.person_id).where(
                Delivery.alert_id == alert.id, Delivery.cycle == alert.cycle
            )
        )
    )
