"""Monthly partitions of document bodies; retention drops whole ones."""

import datetime as dt

from sqlalchemy import text
from sqlalchemy.orm import Session

PREFIX = "document_body_"


def month_start(day: dt.date) -> dt.date:
    return day.replace(day=1)


def next_month(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=32)).replace(day=1)


def ensure_partitions(session: Session, now: dt.datetime, *, months_ahead: int = 2) -> None:
    """Create the partitions of this month and the coming ones; bodies meanwhile land in the default."""
    month = month_start(now.astimezone(dt.UTC).date())
    for _ in range(months_ahead + 1):
        _ensure(session, month)
        month = next_month(month)


def _ensure(session: Session, month: dt.date) -> None:
    name = f"{PREFIX}{month:%Y%m}"
    session.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
    if session.scalar(text("select to_regclass(:name)"), {"name": name}) is not None:
        return
    start, end = month.isoformat(), next_month(month).isoformat()
    waiting = session.scalar(
        text(
            "select exists(select from document_body_default where ingested_at >= :s and ingested_at < :e)"
        ),
        {"s": start, "e": end},
    )
    if not waiting:
        session.execute(
            text(
                f"CREATE TABLE {name} PARTITION OF document_body FOR VALUES FROM ('{start}') TO ('{end}')"
            )
        )
