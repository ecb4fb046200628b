"""Notices to the operators: one live row per key, seen again rather than repeated."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text, update
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
