"""The editorial calendar as a read model."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.models.media import (
    Account,
    Draft,
    DraftState,
    Publication,
    PublicationState,
)
from media_matrix.publication_states import LIVE, state_label
from media_matrix.schedule import CLOSE


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One post at its planned time; ``has_conflict``: another one on the account within 30 minutes."""

    publication_id: int
    draft_id: int
    title: str
    channel: str
    account_id: int
    account_name: str
    at: dt.datetime
    state: str
    state_label: str
    url: str | None
    has_conflict: bool


def month(
    session: Session,
    *,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    channel: str | None = None,
) -> list[CalendarEntry]:
    """List what is planned in ``[starts_at, ends_at)``, in order; cancelled posts are left out."""
    query = (
        select(Publication, Draft.title, Account.channel, Account.name)
        .join(Draft, Draft.id == Publication.draft_id)
        .join(Account, Account.id == Publication.account_id)
        .where(
            Publication.planned_at >= starts_at,
            Publication.planned_at < ends_at,
            Publication.state != PublicationState.CANCELLED,
        )
        .order_by(Publication.planned_at, Publication.id)
    )
    if channel is not None:
        query = query.where(Account.channel == channel)
    rows = session.execute(query).all()
    crowded = _crowded([publication for publication, *_ in rows])
    return [
        CalendarEntry(
            publication_id=publication.id,
            draft_id=publication.draft_id,
            title=title,
            channel=account_channel,
            account_id=publication.account_id,
            account_name=name,
            at=publication.planned_at,
            state=publication.state,
            state_label=state_label(publication.state),
            url=publication.url,
            has_conflict=publication.id in crowded,
        )
        for publication, title, account_channel, name in rows
    ]


def agenda(
    session: Session, *, now: dt.datetime, days: int = 7, channel: str | None = None
) -> list[CalendarEntry]:
    """List the next ``days`` days, and before them whatever still waits for somebody."""
    ahead = month(session, starts_at=now, ends_at=now + dt.timedelta(days=days), channel=channel)
    waiting = {
        PublicationState.UNKNOWN, PublicationState.NEEDS_HUMAN, PublicationState.MISSED,
        PublicationState.HELD, PublicationState.FAILED_FINAL, PublicationState.FAILED_RETRYABLE,
        PublicationState.SENDING, PublicationState.ACCEPTED, PublicationState.SCHEDULED,
    }  # fmt: skip
    behind = month(session, starts_at=now - dt.timedelta(days=30), ends_at=now, channel=channel)
    return [entry for entry in behind if entry.state in waiting] + ahead


def drafts_without_plan(session: Session, *, limit: int = 50) -> list[Draft]:
    """List approved drafts that nobody has scheduled."""
    planned = (
        select(Publication.id)
        .where(
            Publication.draft_id == Draft.id,
            Publication.state != PublicationState.CANCELLED,
        )
        .exists()
    )
    return list(
        session.scalars(
            select(Draft)
            .where(Draft.state == DraftState.APPROVED, ~planned)
            .order_by(Draft.id.desc())
            .limit(limit)
        )
    )


def counts(session: Session) -> dict[str, int]:
    """Count the publications of every state, states without any included."""
    found = dict(
        session.execute(select(Publication.state, func.count()).group_by(Publication.state)).all()
    )
    return {state.value: found.get(state.value, 0) for state in PublicationState}


def _crowded(publications: list[Publication]) -> set[int]:
    latest: dict[int, Publication] = {}
    crowded: set[int] = set()
    for publication in publications:
        if publication.state not in LIVE:
            continue
        earlier = latest.get(publication.account_id)
        if earlier is not None and publication.planned_at - earlier.planned_at < CLOSE:
            crowded |= {earlier.id, publication.id}
        latest[publication.account_id] = publication
    return crowded
