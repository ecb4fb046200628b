"""What an answer, or the lack of one, means for a publication."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from core import claims
from core.database.base import JsonObject
from core.database.models.media import AccountState, PublicationState
from core.errors import DeliveryError
from media_matrix.platform_codes import CodeAction, CodeEntry, own, reason
from media_matrix.publishers.base import (
    AccountBrokenError,
    OutcomeUnknownError,
    PlatformRefusedError,
    Publisher,
    SubmitKind,
    SubmitResult,
)
from media_matrix.quota import next_day


@dataclass(frozen=True, slots=True)
class Outcome:
    """The next state, why, and when to look again (None: never by itself).

    ``keeps_attempt`` counts the failure, so that the pauses between tries grow.
    """

    state: PublicationState
    reason: str | None = None
    due_at: dt.datetime | None = None
    platform_id: str | None = None
    url: str | None = None
    published_at: dt.datetime | None = None
    progress: JsonObject = field(default_factory=dict)
    keeps_attempt: bool = False
    account_state: AccountState | None = None
    account_text: str | None = None

    @property
    def retry_at(self) -> dt.datetime:
        if self.due_at is None:
            raise ValueError(f"an outcome {self.state} that is tried again needs a time")
        return self.due_at


def after_submit(result: SubmitResult, channel: Publisher, now: dt.datetime) -> Outcome:
    """Read a yes of the platform."""
    if result.kind is SubmitKind.PUBLISHED:
        return Outcome(
            PublicationState.PUBLISHED,
            due_at=channel.metrics_due(now, now),
            platform_id=result.platform_id,
            url=result.url,
            published_at=now,
            progress=result.progress,
        )
    if result.kind is SubmitKind.ACCEPTED:
        first_poll = now + dt.timedelta(seconds=15)
        return Outcome(PublicationState.ACCEPTED, due_at=first_poll, progress=result.progress)
    return Outcome(
        PublicationState.NEEDS_HUMAN,
        result.reason,
        platform_id=result.platform_id,
        url=result.url,
        progress=result.progress,
    )


def after_failure(
    error: DeliveryError, *, now: dt.datetime, attempt: int, probe_delay: dt.timedelta
) -> Outcome:
    """Read anything but a yes. Only what surely was not sent is tried again by itself."""
    if isinstance(error, OutcomeUnknownError):
        why = (
            own("outcome_unknown")
            if error.entry is None
            else reason(error.entry.platform, error.entry.code)
        )
        return Outcome(PublicationState.UNKNOWN, why, due_at=now + probe_delay)
    if isinstance(error, AccountBrokenError):
        return _refused(error.entry, account=AccountState.BROKEN)
    if isinstance(error, PlatformRefusedError):
        return _after_code(error.entry, now)
    return Outcome(
        PublicationState.FAILED_RETRYABLE,
        own("not_sent"),
        due_at=claims.backoff(attempt, now),
        keeps_attempt=True,
    )


def _after_code(entry: CodeEntry, now: dt.datetime) -> Outcome:
    why = reason(entry.platform, entry.code)
    if entry.action is CodeAction.QUOTA:
        return Outcome(PublicationState.FAILED_RETRYABLE, why, due_at=next_day(now))
    if entry.action in {CodeAction.PERMISSION, CodeAction.HUMAN}:
        return Outcome(PublicationState.NEEDS_HUMAN, why)
    if entry.action in {CodeAction.CONFIGURATION, CodeAction.TOKEN}:
        return _refused(entry, account=AccountState.BROKEN)
    if entry.action is CodeAction.EXPIRED:
        return _refused(entry, account=AccountState.EXPIRED)
    return Outcome(PublicationState.FAILED_FINAL, why)


def _refused(entry: CodeEntry, *, account: AccountState) -> Outcome:
    return Outcome(
        PublicationState.FAILED_FINAL,
        reason(entry.platform, entry.code),
        account_state=account,
        account_text=str(entry.explanation),
    )
