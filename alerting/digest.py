"""The digest of blue alerts: twice on workdays, one message per person and slot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting import outbox, roster, workdays
from config.alerting_defaults import EscalationDefaults
from core.clock import SHANGHAI
from core.coverage_statement import coverage_statement
from core.database.base import JsonObject
from core.database.models.alerting import Alert, AlertState, Severity

LISTED = 30
LOOK_BACK = dt.timedelta(hours=24)
# What the numbers of a digest rest on.
COVERED = dt.timedelta(hours=24)
_CHANNELS = ("console", "email")


def due_slot(
    slots: Sequence[dt.time], after: dt.datetime, until: dt.datetime
) -> dt.datetime | None:
    """Give the last slot in ``(after, until]``, Shanghai time; several missed ones count once."""
    found: dt.datetime | None = None
    day = max(after, until - LOOK_BACK).astimezone(SHANGHAI).date()
    last = until.astimezone(SHANGHAI).date()
    while day <= last:
        for slot in slots:
            moment = dt.datetime.combine(day, slot, SHANGHAI)
            if after < moment <= until:
                found = moment
        day += dt.timedelta(days=1)
    return None if found is None else found.astimezone(dt.UTC)


def send_digest(
    session: Session,
    defaults: EscalationDefaults,
    *,
    last_tick: dt.datetime | None,
    now: dt.datetime,
) -> int:
    """Send the digest when a slot of a workday has come since the last tick; returns its messages."""
    slot = due_slot(defaults.digest_at, last_tick or now, now)
    if slot is None or not workdays.is_workday(session, slot.astimezone(SHANGHAI).date()):
        return 0
    alerts = session.scalars(
        select(Alert)
        .where(
            Alert.severity == Severity.BLUE.value,
            Alert.state == AlertState.OPEN.value,
            Alert.notified_at.is_(None),
        )
        .order_by(Alert.id)
        .with_for_update(skip_locked=True)
    ).all()
    if not alerts:
        return 0
    people = roster.on_duty(session, now, layers=defaults.digest_layers)
    covered = coverage_statement(session, now - COVERED, now, now).text
    routes = outbox.routes(session, [person.person_id for person in people], _CHANNELS)
    sent = outbox.put(session, [_row(alerts, slot, route, covered, now=now) for route in routes])
    if sent:
        for alert in alerts:
            alert.notified_at = now
            alert.notified_documents, alert.notified_sources = alert.documents, alert.sources
        session.flush()
    return sent


def _row(
    alerts: Sequence[Alert],
    slot: dt.datetime,
    route: tuple[int, str],
    covered: str,
    *,
    now: dt.datetime,
) -> JsonObject:
    person_id, channel = route
    local = slot.astimezone(SHANGHAI)
    lines = [f"{alert.number}　{alert.title}（{alert.documents} 条）" for alert in alerts[:LISTED]]
    if len(alerts) > LISTED:
        lines.append(f"另有 {len(alerts) - LISTED} 条，请到预警箱查看。")
    lines.append(covered)
    drill = "【演练】" if any(alert.is_demo for alert in alerts) else ""
    return {
        "alert_id": None,
        "cycle": 0,
        "step": 0,
        "person_id": person_id,
        "channel": channel,
        "reason": "digest",
        "priority": Severity.BLUE.value,
        "title": f"{drill}【蓝色预警汇总】{local:%m月%d日 %H:%M}，共 {len(alerts)} 条",
        "body": "\n".join(lines),
        "link": "/alerts",
        "idempotency_key": f"digest-{local:%Y%m%dT%H%M}-{person_id}-{channel}",
        "created_at": now,
        "expires_at": now + outbox.EXPIRES_AFTER,
        **outbox.arrival(channel, now),
    }
