"""The demo has somebody on duty on every day of the year, also where the official calendar ends."""

import datetime as dt

import pytest

from alerting.workdays import known_until, seed_calendar
from core.clock import FakeClock
from core.database.sessions import Sessions
from zhisheng.demo.installation import ROSTER_DAYS, enter_calendar


@pytest.mark.parametrize(
    "day", ["2026-11-21", "2026-11-30", "2026-12-31", "2027-01-01", "2028-06-30"]
)
def test_the_calendar_reaches_to_the_end_of_the_roster(sessions: Sessions, day: str) -> None:
    clock = FakeClock(dt.datetime.fromisoformat(f"{day}T15:40+00:00"))
    with sessions.begin() as session:
        seed_calendar(session, clock.now())
        enter_calendar(session, 1, clock.now())
        known = known_until(session)
    assert known is not None
    assert known >= clock.now().date() + dt.timedelta(days=ROSTER_DAYS + 1)
