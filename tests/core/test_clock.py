import datetime as dt

import pytest
from sqlalchemy import Engine

from core.clock import FakeClock, SystemClock, parse_time, to_rfc3339


def test_a_time_without_zone_means_shanghai() -> None:
    assert parse_time("2026-11-21 09:30") == dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
    assert parse_time("2026-11-21T09:30:00Z") == dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)


def test_json_times_are_utc_and_unknown_is_none() -> None:
    assert to_rfc3339(parse_time("2026-11-21 09:30:15.250")) == "2026-11-21T01:30:15.250Z"
    assert to_rfc3339(None) is None


def test_the_system_clock_follows_the_database(engine: Engine) -> None:
    clock = SystemClock(engine)
    clock.renew()
    with engine.connect() as connection:
        database_now = connection.exec_driver_sql("select clock_timestamp()").scalar_one()
    assert abs((clock.now() - database_now).total_seconds()) < 1


def test_a_fake_clock_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        FakeClock(dt.datetime(2026, 11, 21))  # noqa: DTZ001 (that is the point)
