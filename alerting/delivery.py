"""The send role: one message at a time per channel, channels side by side, outcomes never guessed.

PENDING → SENDING → SENT | PENDING (backoff) | UNKNOWN → looked up or resent once, marked 重发 | DEAD.
"""

from __future__ import annotations

import datetime as dt
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import cast

import structlog
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from alerting import delivery_failure, outbox
from alerting.channels.base import (
    TIMEOUT_S,
    Idempotency,
    Message,
    OutcomeUnknownError,
    Receipt,
    Recipient,
    RetryableError,
    Transport,
)
from alerting.channels_config import ChannelNotFoundError, ConfiguredChannel, configured, recipient
from alerting.mutes import judge
from core import claims
from core.claims import Claim
from core.clock import Clock
from core.crypto.keyring import Keyring
from core.database.models.alerting import Alert, AlertState, Delivery, DeliveryState
from core.database.models.duty import NotificationChannel
from core.database.models.organisation import Person
from core.database.sessions import Sessions
from core.errors import ConfigurationError, ConflictError, DeliveryError, StorageError
from core.faults import fault_point

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(seconds=TIMEOUT_S * 3)
PATIENCE_S = 0.5
# An integer column is an element of objects too; the generic type is invariant.
_BY_PRIORITY = cast("ColumnElement[object]", Delivery.priority)
_CHAIN_REASONS = ("first", "rise", "repeat", "growth")
FAILED_CHECK = "（静默检查出错，按未静默发送。）"


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed message on its way; ``must_find`` asks the provider first."""

    claim: Claim
    channel: ConfiguredChannel
    message: Message
    to: Recipient
    must_find: bool


class SendWorker:
    """Sends due messages. ``only`` limits it to one channel; each channel has a thread of its own."""

    topics = frozenset({outbox.TOPIC})

    def __init__(  # noqa: PLR0913 (the composition root sets each of these apart)
        self,
        sessions: Sessions,
        clock: Clock,
        *,
        owner: str,
        transport: Transport,
        keyring: Keyring,
        public_url: str,
        only: str | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._owner = owner
        self._transport = transport
        self._keyring = keyring
        self._public_url = public_url.rstrip("/")
        self._only = only
        self._patience_s = patience_s
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="send")
        self._lanes: dict[str, Future[None]] = {}

    def step(self) -> int:
        """Start one message on every idle channel that has one due; returns how many were started.

        Waits a moment for the first to finish, so that a fast channel keeps going while a slow one works.
        """
        started = 0
        for channel in self._due_channels():
            job = self._claim(channel)
            started += job is not None
            if isinstance(job, Job):
                self._lanes[channel] = self._threads.submit(self._run, job)
        if self._lanes:
            wait(self._lanes.values(), timeout=self._patience_s, return_when=FIRST_COMPLETED)
            self._collect()
        return started

    def settle(self, timeout_s: float = TIMEOUT_S * 2) -> None:
        """Wait for what is on its way."""
        wait(self._lanes.values(), timeout=timeout_s)
        self._collect()

    def stop(self) -> None:
        """Finish what is on its way and start nothing more."""
        self._threads.shutdown(wait=True)

    def _collect(self) -> None:
        for name, lane in list(self._lanes.items()):
            if lane.done():
                del self._lanes[name]
                lane.result()

    def _due_channels(self) -> list[str]:
        now = self._clock.now()
        with self._sessions() as session:
            names = session.scalars(
                select(Delivery.channel)
                .where(
                    Delivery.due_at <= now,
                    Delivery.dead_at.is_(None),
                    (Delivery.lease_until.is_(None)) | (Delivery.lease_until < func.now()),
                )
                .distinct()
            ).all()
            return [
                name
                for name in sorted(names)
                if name not in self._lanes
                and self._only in {None, name}
                and not _is_held_back(session, name, now)
            ]

    def _claim(self, channel: str) -> Job | Claim | None:
        """Claim the next message; None when there is none, a bare claim when it ended here."""
        now = self._clock.now()
        with self._sessions.begin() as session:
            taken = claims.take(
                session,
                Delivery,
                owner=self._owner,
                now=now,
                lease=LEASE,
                where=(Delivery.channel == channel,),
                order_by=(_BY_PRIORITY,),
            )
            if not taken:
                return None
            job = self._prepared(session, taken[0], now)
        fault_point("send.after_claim")
        return job

    def _prepared(self, session: Session, claim: Claim, now: dt.datetime) -> Job | Claim:
        row = session.get_one(Delivery, claim.id, populate_existing=True)
        try:
            channel = configured(session, row.channel, self._keyring)
        except (ChannelNotFoundError, StorageError, ConfigurationError) as error:
            delivery_failure.give_up(session, claim, row, now=now, error=str(error))
            return claim
        is_unsure = row.state in {DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value}
        is_blind = channel.plugin.idempotency is Idempotency.BLIND
        if is_unsure and is_blind and row.is_resend:
            delivery_failure.leave_unknown(session, claim, row, now)
            return claim
        if row.expires_at is not None and row.expires_at <= now:
            delivery_failure.give_up(session, claim, row, now=now, error="超过 24 小时仍未发出")
            return claim
        note = "" if is_unsure else self._held_back(session, claim, row, now)
        if note is None:
            return claim
        row.is_resend = row.is_resend or (is_unsure and is_blind)
        row.state = DeliveryState.SENDING.value
        row.request_started_at = now
        person = session.get_one(Person, row.person_id)
        session.flush()
        return Job(
            claim=claim,
            channel=channel,
            message=self._message(row, note),
            to=recipient(person),
            must_find=is_unsure and channel.plugin.idempotency is Idempotency.READABLE,
        )

    def _message(self, row: Delivery, note: str) -> Message:
        body = f"{row.body}\n{note}" if note else row.body
        link = f"{self._public_url}{row.link}" if row.link else None
        return Message(row.idempotency_key, row.title, body, link, row.is_resend)

    def _held_back(
        self, session: Session, claim: Claim, row: Delivery, now: dt.datetime
    ) -> str | None:
        """Judge silence in the transaction that sends; None: the message does not go now."""
        if row.alert_id is None or row.reason.partition(":")[0] not in _CHAIN_REASONS:
            return ""
        alert = session.get_one(Alert, row.alert_id)
        is_moot = alert.state in {AlertState.RESOLVED.value, AlertState.CLOSED.value} or (
            alert.state == AlertState.ACKNOWLEDGED.value and row.step > 1
        )
        if is_moot or alert.cycle != row.cycle:
            claims.finish(
                session, Delivery, claim, state=DeliveryState.CANCELLED.value, sent_at=None
            )
            return None
        judgement = judge(session, alert, now)
        mute = judgement.mute
        if mute is not None and mute.silence_id is not None:
            claims.finish(session, Delivery, claim, due_at=mute.until)
            return None
        return FAILED_CHECK if judgement.has_failed else ""

    def _run(self, job: Job) -> None:
        """Send, then write the outcome under the same claim; a lost claim writes nothing."""
        try:
            receipt = self._sent(job)
        except DeliveryError as error:
            self._write_failure(job, error)
            return
        fault_point("send.before_finish")
        now = self._clock.now()
        try:
            with self._sessions.begin() as session:
                claims.finish(
                    session,
                    Delivery,
                    job.claim,
                    state=DeliveryState.SENT.value,
                    sent_at=now,
                    provider_reference=receipt.reference,
                )
        except ConflictError:
            log.warning("delivery_claim_lost", delivery_id=job.claim.id, channel=job.channel.name)
            return
        log.info("message_delivered", delivery_id=job.claim.id, channel=job.channel.name)

    def _sent(self, job: Job) -> Receipt:
        channel = job.channel
        try:
            if job.must_find:
                found = channel.plugin.find(job.message, job.to, channel.options, self._transport)
                if found is not None:
                    return found
            receipt = channel.plugin.send(job.message, job.to, channel.options, self._transport)
            fault_point("send.after_response")
        except DeliveryError:
            raise
        except Exception as error:
            # The border of a plug-in: whatever it broke on, the message may be out.
            log.exception("channel_failed", channel=channel.name, delivery_id=job.claim.id)
            raise OutcomeUnknownError(f"渠道程序出错（{type(error).__name__}）") from error
        else:
            return receipt

    def _write_failure(self, job: Job, error: DeliveryError) -> None:
        now = self._clock.now()
        log.warning(
            "message_not_delivered",
            delivery_id=job.claim.id,
            channel=job.channel.name,
            reason=type(error).__name__,
            attempt=job.claim.attempt,
        )
        try:
            with self._sessions.begin() as session:
                row = session.get_one(Delivery, job.claim.id)
                delivery_failure.record(session, job.claim, row, error=error, now=now, lease=LEASE)
                wait_s = error.wait_s if isinstance(error, RetryableError) else None
                if wait_s is not None:
                    _pause(session, job.channel.name, now + dt.timedelta(seconds=wait_s))
        except ConflictError:
            log.warning("delivery_claim_lost", delivery_id=job.claim.id, channel=job.channel.name)


def _is_held_back(session: Session, name: str, now: dt.datetime) -> bool:
    """Tell whether the channel is paused by its provider, or has used up its rate."""
    row = session.get(NotificationChannel, name)
    if row is None:
        return False
    if row.paused_until is not None and row.paused_until > now:
        return True
    rate = delivery_failure.rate_of(row.kind)
    if rate is None:
        return False
    recent = session.scalar(
        select(func.count()).where(
            Delivery.channel == name, Delivery.request_started_at > now - rate.per
        )
    )
    return (recent or 0) >= rate.count


def _pause(session: Session, name: str, until: dt.datetime) -> None:
    row = session.get(NotificationChannel, name, with_for_update=True)
    if row is not None:
        row.paused_until = until
