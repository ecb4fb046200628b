"""Publications with what people want to read beside them: title, account, reason, numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.database.models.media import Account, Draft, Metric, Publication, PublicationState
from media_matrix.accounts import channel_label
from media_matrix.metrics import BASIS_LABELS, latest_metrics
from media_matrix.platform_codes import Explanation, own
from media_matrix.publication_states import IDLE, explain, state_label

# A person has to decide before anything more happens; the most doubtful first.
WAITING = (
    PublicationState.NEEDS_HUMAN,
    PublicationState.UNKNOWN,
    PublicationState.MISSED,
    PublicationState.FAILED_FINAL,
    PublicationState.HELD,
)
LOOKED_BACK = dt.timedelta(days=60)
_RETRYABLE = IDLE - {PublicationState.SCHEDULED}
# The text is or may be with readers: it stays as it was sent.
OUT = frozenset({
    PublicationState.SENDING,
    PublicationState.ACCEPTED,
    PublicationState.UNKNOWN,
    PublicationState.NEEDS_HUMAN,
    PublicationState.PUBLISHED,
})  # fmt: skip
_TAKEN = OUT | {PublicationState.SCHEDULED, PublicationState.HELD, PublicationState.MISSED}
_CHECKABLE = frozenset({PublicationState.UNKNOWN, PublicationState.ACCEPTED})
# A task that was a person's from the start has nothing to look for on the platform.
_OWN_WORK = own("manual_task")


@dataclass(frozen=True, slots=True)
class PublicationLine:
    """``may_…`` tell which buttons make sense; the functions behind them check again."""

    publication: Publication
    title: str
    channel: str
    channel_label: str
    account_name: str
    state_label: str
    explanation: Explanation
    metric: Metric | None
    basis_label: str | None
    may_move: bool
    may_retry: bool
    may_check: bool
    may_settle: bool
    may_withdraw: bool


def waiting_lines(
    session: Session, *, now: dt.datetime, channel: str | None = None
) -> list[PublicationLine]:
    """List what waits for a person, of the last 60 days, the most doubtful first."""
    query = _lines_query().where(
        Publication.state.in_([state.value for state in WAITING]),
        Publication.planned_at >= now - LOOKED_BACK,
    )
    if channel is not None:
        query = query.where(Account.channel == channel)
    lines = _lines(session, query)
    order = [state.value for state in WAITING]
    return sorted(lines, key=lambda line: order.index(line.publication.state))


def draft_lines(session: Session, draft_id: int) -> list[PublicationLine]:
    return _lines(session, _lines_query().where(Publication.draft_id == draft_id))


def publication_line(session: Session, publication_id: int) -> PublicationLine | None:
    found = _lines(session, _lines_query().where(Publication.id == publication_id))
    return found[0] if found else None


def is_out(lines: list[PublicationLine]) -> bool:
    """Tell whether a draft may no longer be changed because of its publications."""
    return any(line.publication.state in OUT for line in lines)


def taken_accounts(lines: list[PublicationLine]) -> set[int]:
    """Name the accounts on which a draft is planned, under way or out."""
    return {line.publication.account_id for line in lines if line.publication.state in _TAKEN}


def _lines_query() -> Select[Publication, str, str, str]:
    return (
        select(Publication, Draft.title, Account.channel, Account.name)
        .join(Draft, Draft.id == Publication.draft_id)
        .join(Account, Account.id == Publication.account_id)
        .order_by(Publication.planned_at, Publication.id)
    )


def _lines(session: Session, query: Select[Publication, str, str, str]) -> list[PublicationLine]:
    rows = session.execute(query).all()
    numbers = latest_metrics(session, [publication.id for publication, *_ in rows])
    return [
        _line(publication, title, channel, name, numbers.get(publication.id))
        for publication, title, channel, name in rows
    ]


def _line(
    publication: Publication, title: str, channel: str, name: str, metric: Metric | None
) -> PublicationLine:
    state = PublicationState(publication.state)
    return PublicationLine(
        publication=publication,
        title=title,
        channel=channel,
        channel_label=channel_label(channel),
        account_name=name,
        state_label=state_label(state),
        explanation=explain(publication),
        metric=metric,
        basis_label=None if metric is None else BASIS_LABELS.get(metric.basis, metric.basis),
        may_move=state in IDLE,
        may_retry=state in _RETRYABLE,
        may_check=state in _CHECKABLE
        or (state is PublicationState.NEEDS_HUMAN and publication.state_reason != _OWN_WORK),
        may_settle=state is PublicationState.NEEDS_HUMAN,
        may_withdraw=state is PublicationState.PUBLISHED,
    )
