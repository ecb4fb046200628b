"""Shifts, gaps, the calendar and handovers."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from alerting import workdays
from alerting.handover import accept_handover, latest_handovers, write_handover
from alerting.roster import (
    ShiftDraft,
    cancel_shift,
    coverage_gaps,
    create_shift,
    default_roster,
    gaps,
    on_duty,
    replace_shift,
    shifts,
)
from core.database.models.duty import CalendarDay, DayKind, Layer
from core.database.models.operations import OperatorNotice
from core.errors import ConflictError, InvalidOptionsError
from tests.alerting.world import World, shanghai

HOUR = dt.timedelta(hours=1)
T0 = shanghai("2026-11-21 00:00")


def test_a_shift_is_half_open(world: World) -> None:
    start = shanghai("2026-12-01 08:00")
    with world.sessions.begin() as session:
        draft = ShiftDraft(Layer.FIRST, world.people["deputy"], start, start + 8 * HOUR)
        create_shift(session, draft, person_id=None, now=world.now)
        for moment, is_there in (
            (start - dt.timedelta(microseconds=1), False),
            (start, True),
            (start + 8 * HOUR - dt.timedelta(microseconds=1), True),
            (start + 8 * HOUR, False),
        ):
            people = on_duty(session, moment, layers=[Layer.FIRST])
            assert any(not person.is_fallback for person in people) is is_there


def test_a_replacement_takes_over_the_whole_shift(world: World) -> None:
    with world.sessions.begin() as session:
        mine = next(
            row for row in shifts(session, world.now, world.now + HOUR) if row.layer is Layer.FIRST
        )
        replace_shift(
            session,
            mine.id,
            with_person_id=world.people["chief"],
            person_id=world.people["admin"],
            now=world.now,
        )
        assert [person.person_id for person in on_duty(session, world.now, layers=["first"])] == [
            world.people["chief"]
        ]
        with pytest.raises(ConflictError):
            cancel_shift(session, mine.id, person_id=world.people["admin"], now=world.now)


@pytest.mark.parametrize(
    ("start", "hours", "field"),
    [
        ("2026-11-21 10:00", 4, "starts_at"),
        ("2026-12-01 10:00", 0, "ends_at"),
        ("2026-12-01 10:00", 24 * 40, "ends_at"),
        ("2027-01-04 08:00", 8, "ends_at"),
    ],
)
def test_an_impossible_shift_is_refused(world: World, start: str, hours: int, field: str) -> None:
    starts_at = shanghai(start)
    draft = ShiftDraft(Layer.FIRST, world.people["officer"], starts_at, starts_at + hours * HOUR)
    with world.sessions() as session, pytest.raises(InvalidOptionsError) as refused:
        create_shift(session, draft, person_id=None, now=world.now)
    assert field in refused.value.faults


def test_2027_01_04_before_the_calendar_is_entered_refuses_the_roster_but_not_the_alert(
    world: World,
) -> None:
    world.rule()
    engine = world.engine()
    engine.step()
    with world.sessions() as session:
        keys = set(session.scalars(select(OperatorNotice.key)))
        assert "calendar-ends" in keys, "operators are told 60 days before"
    world.clock.set(shanghai("2027-01-04 09:00"))
    world.post()
    engine.step()
    assert world.told() == [("leader", "first"), ("chief", "first")]
    draft = ShiftDraft(Layer.FIRST, world.people["officer"], world.now, world.now + HOUR)
    with world.sessions() as session, pytest.raises(InvalidOptionsError, match="工作日历只到"):
        create_shift(session, draft, person_id=None, now=world.now)
    with world.sessions.begin() as session:
        admin = world.people["admin"]
        workdays.enter_year_by_weekdays(session, 2027, person_id=admin, now=world.now)
        create_shift(session, draft, person_id=admin, now=world.now)


def test_the_table_and_not_the_library_says_what_a_day_is(world: World) -> None:
    day = dt.date(2026, 2, 14)
    with world.sessions.begin() as session:
        assert workdays.kind_of(session, day) is DayKind.WORKDAY
        assert workdays.kind_of(session, dt.date(2026, 2, 23)) is DayKind.HOLIDAY
        workdays.set_days(
            session,
            day,
            day,
            kind=DayKind.SPECIAL,
            name="敏感时期",
            person_id=world.people["admin"],
            now=world.now,
        )
        workdays.seed_calendar(session, world.now)
        assert workdays.kind_of(session, day) is DayKind.SPECIAL
        session.execute(delete(CalendarDay))
        assert workdays.kind_of(session, day) is DayKind.REST, "an unknown day goes by its weekday"


def test_the_coming_30_days_show_their_gap(world: World) -> None:
    with world.sessions() as session:
        (gap,) = coverage_gaps(session, world.now)
    assert gap.starts_at == world.now + dt.timedelta(days=5)
    assert gap.ends_at == world.now + dt.timedelta(days=30)


@given(spans=st.lists(st.tuples(st.integers(-10, 60), st.integers(1, 20)), max_size=8))
def test_gaps_are_exactly_the_hours_that_nobody_covers(spans: list[tuple[int, int]]) -> None:
    moments = [(T0 + a * HOUR, T0 + (a + b) * HOUR) for a, b in spans]
    found = gaps(moments, T0, T0 + 48 * HOUR)
    for hour in range(48):
        at = T0 + hour * HOUR
        is_covered = any(start <= at < end for start, end in moments)
        assert is_covered != any(gap.starts_at <= at < gap.ends_at for gap in found)


def test_a_handover_is_accepted_by_the_one_it_is_meant_for(world: World) -> None:
    people = world.people
    with world.sessions.begin() as session:
        roster = default_roster(session)
        assert roster is not None
        handover_id = write_handover(
            session,
            roster.id,
            from_person_id=people["officer"],
            to_person_id=people["deputy"],
            note="一条橙色预警待续报",
            now=world.now,
        )
        for wrong in ("officer", "leader"):
            with pytest.raises(ConflictError):
                accept_handover(session, handover_id, people[wrong], world.now)
        accept_handover(session, handover_id, people["deputy"], world.now)
        assert latest_handovers(session)[0].accepted_at == world.now
