"""What we ourselves published about an event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.database.models.media import Account, Draft, Publication

MOST_POSTS = 20


@dataclass(frozen=True, slots=True)
class OwnPost:
    draft_id: int
    title: str
    account: str
    published_at: dt.datetime


def own_posts(session: Session, event_id: int, alert_ids: Sequence[int]) -> tuple[OwnPost, ...]:
    """List what went out for the event or for one of its alerts, the first at the top."""
    rows = session.execute(
        select(Draft.id, Draft.title, Account.name, Publication.published_at)
        .join(Publication, Publication.draft_id == Draft.id)
        .join(Account, Account.id == Publication.account_id)
        .where(
            or_(Draft.event_id == event_id, Draft.alert_id.in_(alert_ids)),
            Publication.published_at.is_not(None),
        )
        .order_by(Publication.published_at, Publication.id)
        .limit(MOST_POSTS)
    )
    return tuple(
        OwnPost(draft_id, title, account, published_at)
        for draft_id, title, account, published_at in rows
        if published_at is not None
    )
