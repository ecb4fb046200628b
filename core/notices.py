"""Notices to the operators: one live row per key, seen again rather than repeated."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.operations import OperatorNotice


def raise_notice(session: Session, key: str, message: str, now: dt.datetime) -> None:
    statement = insert(OperatorNotice).values(
        key=key, text=message, raised_at=now, last_seen_at=now
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["key"],
            index_where=text("cleared_at IS NULL"),
            set_={"text": message, "last_seen_at": now},
        )
    )


def clear_notice(session: Session, key: str, now: dt.datetime) -> None:
    session.execute(
        update(OperatorNotice)
        .where(OperatorNotice.key == key, OperatorNotice.cleared_at.is_(None))
        .values(cleared_at=now)
        .execution_options(synchronize_session=False)
    )


def live_keys(session: Session, prefix: str) -> frozenset[str]:
    """List the keys of live notices that begin with ``prefix``."""
    found = session.scalars(
        select(OperatorNotice.key).where(
            OperatorNotice.cleared_at.is_(None), OperatorNotice.key.startswith(prefix)
        )
    )
    return frozenset(found)
