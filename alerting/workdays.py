"""Workdays and holidays: an editable table is the truth, a library only seeds it."""

from __future__ import annotations

import datetime as dt
from functools import cache

from sqlalchemy import Date, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from core import audit
from core.clock import SHANGHAI
from core.database.models.duty import CalendarDay, DayKind

WARN_BEFORE = dt.timedelta(days=60)
_SATURDAY = 5


def seed_calendar(session: Session, now: dt.datetime) -> int:
    """Add the days that the library knows from last year to next year; edited days are left alone."""
    days = _known_days(now.astimezone(SHANGHAI).year)
    # Columns as arrays: a statement of a thousand rows of values takes longer to write than to run.
    columns = zip(*days, strict=True) if days else ([], [], [])
    known = [
        func.unnest(cast(list(column), ARRAY(kind)))
        for column, kind in zip(columns, (Date, Text, Text), strict=True)
    ]
    statement = (
        insert(CalendarDay)
        .from_select(["day", "kind", "name", "source"], select(*known, literal("chinesecalendar")))
        .on_conflict_do_nothing()
        .returning(CalendarDay.day)
    )
    return len(session.execute(statement).all())


def _days(start: dt.date, end: dt.date) -> list[dt.date]:
    return [start + dt.timedelta(days=number) for number in range((end - start).days)]


@cache
def _known_days(year: int) -> tuple[tuple[dt.date, str, str | None], ...]:
    import chinese_calendar

    days: list[tuple[dt.date, str, str | None]] = []
    for day in _days(dt.date(year - 1, 1, 1), dt.date(year + 2, 1, 1)):
        try:
            is_holiday, name = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:
            continue
        kind = (DayKind.HOLIDAY if name else DayKind.REST) if is_holiday else DayKind.WORKDAY
        days.append((day, kind.value, name))
    return tuple(days)


def set_days(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    starts: dt.date,
    ends: dt.date,
    *,
    kind: DayKind,
    name: str | None,
    person_id: int,
    now: dt.datetime,
) -> None:
    """Enter or correct the days from ``starts`` to ``ends``, both inclusive."""
    statement = insert(CalendarDay)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["day"],
            set_={
                "kind": statement.excluded.kind,
                "name": statement.excluded.name,
                "source": "edited",
                "edited_by": person_id,
            },
        ),
        [
            {
                "day": day,
                "kind": kind.value,
                "name": name,
                "source": "edited",
                "edited_by": person_id,
            }
            for day in _days(starts, ends + dt.timedelta(days=1))
        ],
    )
    _record(session, "calendar_days_set", person_id, starts, now)


def enter_year_by_weekdays(session: Session, year: int, *, person_id: int, now: dt.datetime) -> int:
    """Fill the unknown days of a year by Monday to Friday, until the official arrangement is known."""
    rows = [
        {
            "day": day,
            "kind": (DayKind.REST if day.weekday() >= _SATURDAY else DayKind.WORKDAY).value,
            "name": None,
            "source": "weekdays",
            "edited_by": person_id,
        }
        for day in _days(dt.date(year, 1, 1), dt.date(year + 1, 1, 1))
    ]
    statement = insert(CalendarDay).on_conflict_do_nothing().returning(CalendarDay.day)
    added = len(session.execute(statement, rows).all())
    _record(session, "calendar_year_entered", person_id, dt.date(year, 1, 1), now)
    return added


def _record(session: Session, action: str, person_id: int, day: dt.date, now: dt.datetime) -> None:
    event = audit.AuditEvent(f"person:{person_id}", action, "calendar_day", day.isoformat())
    audit.record(session, event, now)


def kind_of(session: Session, day: dt.date) -> DayKind:
    """Tell what kind of day it is; an unknown day goes by its weekday."""
    kind = session.scalar(select(CalendarDay.kind).where(CalendarDay.day == day))
    if kind is not None:
        return DayKind(kind)
    return DayKind.REST if day.weekday() >= _SATURDAY else DayKind.WORKDAY


def is_workday(session: Session, day: dt.date) -> bool:
    return kind_of(session, day) in {DayKind.WORKDAY, DayKind.SPECIAL}


def known_until(session: Session) -> dt.date | None:
    """Give the last day that the calendar knows."""
    return session.scalar(select(func.max(CalendarDay.day)))
