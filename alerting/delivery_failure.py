"""What becomes of a message that did not get through: later, another way, another person."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerting import outbox, roster
from alerting.channels import CHANNELS
from alerting.channels.base import OutcomeUnknownError, Rate, RetryableError
from core import claims, notices
from core.claims import Claim
from core.database.base import JsonObject
from core.database.models.alerting import Delivery, DeliveryState
from core.database.models.duty import Layer
from core.errors import DeliveryError


def rate_of(kind: str) -> Rate | None:
    return CHANNELS.load(kind).rate if kind in CHANNELS else None


def record(
    session: Session,
    claim: Claim,
    row: Delivery,
    *,
    error: DeliveryError,
    now: dt.datetime,
    lease: dt.timedelta,
) -> None:
    """Write the outcome of a failed send under its claim; raises ConflictError when that was lost."""
    if isinstance(error, OutcomeUnknownError):
        # The provider may still be working on it: nobody touches the message before that is over.
        claims.retry(
            session,
            Delivery,
            claim,
            due_at=now + lease,
            error=str(error),
            state=DeliveryState.UNKNOWN.value,
        )
        return
    if error.permanent:
        give_up(session, claim, row, now=now, error=str(error))
        return
    due_at = claims.backoff(claim.attempt, now)
    if isinstance(error, RetryableError) and error.wait_s is not None:
        due_at = max(due_at, now + dt.timedelta(seconds=error.wait_s))
    claims.retry(
        session,
        Delivery,
        claim,
        due_at=due_at,
        error=str(error),
        state=DeliveryState.PENDING.value,
    )


def leave_unknown(session: Session, claim: Claim, row: Delivery, now: dt.datetime) -> None:
    """Stop after the one resend: the row stays UNKNOWN and listed for a person to look at."""
    claims.finish(session, Delivery, claim, state=DeliveryState.UNKNOWN.value)
    notices.raise_notice(
        session,
        f"delivery-unknown:{row.channel}",
        f"渠道「{row.channel}」有消息重发后结果仍未知，请向收件人核实并检查渠道。",
        now,
    )


def give_up(session: Session, claim: Claim, row: Delivery, *, now: dt.datetime, error: str) -> None:
    """Bury the message and try the same person on another channel, else the next person."""
    claims.bury(session, Delivery, claim, now=now, error=error, state=DeliveryState.DEAD.value)
    fallbacks = _fallbacks(session, row, now)
    outbox.put(session, fallbacks)
    then = "已改用其他渠道或改发他人。" if fallbacks else "没有其他渠道和人员可用，请立即电话通知。"
    notices.raise_notice(
        session,
        f"delivery-dead:{row.channel}",
        f"渠道「{row.channel}」有消息未能送达：{error}{then}",
        now,
    )


def _fallbacks(session: Session, row: Delivery, now: dt.datetime) -> list[JsonObject]:
    if row.alert_id is None:
        return []
    tried = set(
        session.execute(
            select(Delivery.person_id, Delivery.channel).where(
                Delivery.alert_id == row.alert_id, Delivery.cycle == row.cycle
            )
        )
    )
    kinds = [name for name in CHANNELS if name != "console"]
    other_ways = [
        route for route in outbox.routes(session, [row.person_id], kinds) if route not in tried
    ]
    routes = other_ways[:1] or _next_person(session, row, {person for person, _ in tried}, now)
    return [_copy(row, person_id, channel, now) for person_id, channel in routes]


def _next_person(
    session: Session, row: Delivery, told: set[int], now: dt.datetime
) -> list[tuple[int, str]]:
    layers = (Layer.SECOND.value, Layer.LEADER.value)
    for person in roster.on_duty(session, now, layers=layers):
        if person.person_id not in told:
            kinds = [name for name in CHANNELS if name != row.channel]
            return outbox.routes(session, [person.person_id], kinds)
    return []


def _copy(row: Delivery, person_id: int, channel: str, now: dt.datetime) -> JsonObject:
    return {
        "alert_id": row.alert_id,
        "cycle": row.cycle,
        "step": row.step,
        "person_id": person_id,
        "channel": channel,
        "reason": row.reason,
        "priority": row.priority,
        "title": row.title,
        "body": f"{row.body}\n（原渠道或原收件人未能送达，改发给您。）",
        "link": row.link,
        "idempotency_key": f"fallback-{row.id}-{person_id}-{channel}",
        "created_at": now,
        "expires_at": now + outbox.EXPIRES_AFTER,
        **outbox.arrival(channel, now),
    }
