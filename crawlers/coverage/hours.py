"""Opening the ledger's hours: each watched source gets a row with what is usual then, before anything is seen."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Float, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.clock import SHANGHAI
from core.database.models.collecting import Source, SourceHour, SourceUsual
from core.database.models.duty import CalendarDay, DayKind
from core.source_health import is_watched
from crawlers.coverage.ledger import hour_of
from crawlers.coverage.usual import Workdays, place

HOUR = dt.timedelta(hours=1)
BACKFILLED = dt.timedelta(days=14)


def open_hours(session: Session, now: dt.datetime) -> int:
    """Give every watched source a row for this hour, with what is usual in it; tell how many were written.

    Hours for which no process at all has written a row since the last one are made up for, up to 14 days: they stay
    empty and so show as gaps. What was expected of an hour is never written twice.
    """
    current = hour_of(now)
    last = session.scalar(select(func.max(SourceHour.hour)).where(SourceHour.hour < current))
    first = current if last is None else max(last + HOUR, current - BACKFILLED)
    workdays = known_workdays(session, first - dt.timedelta(days=1), current)
    written = 0
    hour = min(first, current)
    while hour <= current:
        written += open_hour(session, hour, workdays)
        hour += HOUR
    return written


def open_hour(session: Session, hour: dt.datetime, workdays: Workdays) -> int:
    """Open one hour; rows that are there already only get what was usual, if they lack it."""
    part, position = place(hour, workdays)
    usual = SourceUsual.hours[(part, str(position))].astext.cast(Float)
    rows = (
        select(Source.id, literal(hour), usual)
        .outerjoin(SourceUsual, SourceUsual.source_id == Source.id)
        .where(is_watched(), Source.created_at < hour + HOUR)
        .order_by(Source.id)
    )
    statement = insert(SourceHour).from_select(["source_id", "hour", "expected"], rows)
    opened = session.execute(
        statement.on_conflict_do_update(
            index_elements=["source_id", "hour"],
            set_={"expected": statement.excluded.expected},
            where=SourceHour.expected.is_(None) & statement.excluded.expected.is_not(None),
        ).returning(SourceHour.source_id)
    )
    return len(opened.all())


def known_workdays(session: Session, since: dt.datetime, until: dt.datetime) -> Workdays:
    """Read which days of the calendar are worked."""
    first, last = since.astimezone(SHANGHAI).date(), until.astimezone(SHANGHAI).date()
    days = select(CalendarDay.day, CalendarDay.kind).where(CalendarDay.day.between(first, last))
    worked = {DayKind.WORKDAY.value, DayKind.SPECIAL.value}
    return {day: kind in worked for day, kind in session.execute(days)}
