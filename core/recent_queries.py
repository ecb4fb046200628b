"""What a person searched for, to suggest it again to them alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.searching import RecentQuery

MOST = 50
KEPT = dt.timedelta(days=180)
STILL_TYPING = dt.timedelta(minutes=2)
"""A query that goes on where one of so short a time ago stopped, or a part of it, is the same search."""


def remember(session: Session, person_id: int, expression: str, now: dt.datetime) -> None:
    """Keep a search that found something; of each person the newest `MOST` stay."""
    expression = expression.strip()
    if not expression:
        return
    latest = session.scalar(
        select(RecentQuery)
        .where(RecentQuery.person_id == person_id, RecentQuery.expression != expression)
        .order_by(RecentQuery.at.desc(), RecentQuery.id.desc())
        .limit(1)
    )
    if latest is not None and _is_unfinished(latest, expression, now):
        session.execute(delete(RecentQuery).where(RecentQuery.id == latest.id))
    row = insert(RecentQuery).values(person_id=person_id, expression=expression, at=now, uses=1)
    again = case(
        (RecentQuery.at > now - STILL_TYPING, RecentQuery.uses), else_=RecentQuery.uses + 1
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["person_id", "expression"], set_={"at": now, "uses": again}
        )
    )
    surplus = (
        select(RecentQuery.id)
        .where(RecentQuery.person_id == person_id)
        .order_by(RecentQuery.at.desc(), RecentQuery.id.desc())
        .offset(MOST)
    )
    session.execute(delete(RecentQuery).where(RecentQuery.id.in_(surplus)))


def _is_unfinished(latest: RecentQuery, expression: str, now: dt.datetime) -> bool:
    """Tell whether the search before was only on the way to this one: results come while one types."""
    return (
        latest.uses == 1
        and now - latest.at < STILL_TYPING
        and (expression.startswith(latest.expression) or latest.expression.startswith(expression))
    )


def recent(
    session: Session, person_id: int, *, holding: str = "", limit: int = MOST
) -> list[RecentQuery]:
    """List a person's searches, the newest first; only those that hold the given text, if any."""
    statement = (
        select(RecentQuery)
        .where(
            RecentQuery.person_id == person_id,
            RecentQuery.expression.icontains(holding, autoescape=True),
        )
        .order_by(RecentQuery.at.desc(), RecentQuery.id.desc())
        .limit(limit)
    )
    return list(session.scalars(statement))


def forget(session: Session, person_id: int, ids: Sequence[int] | None = None) -> int:
    """Delete these searches of a person, or all of them; gives how many there were."""
    statement = delete(RecentQuery).where(RecentQuery.person_id == person_id)
    if ids is not None:
        statement = statement.where(RecentQuery.id.in_(ids))
    return len(session.execute(statement.returning(RecentQuery.id)).all())


def forget_old(session: Session, now: dt.datetime) -> None:
    """Delete what is past its time, whoever searched for it."""
    session.execute(delete(RecentQuery).where(RecentQuery.at < now - KEPT))
