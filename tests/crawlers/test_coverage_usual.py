"""What is usual for a source: expected items by hour, gaps, quality; learned from invented ledgers."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import SHANGHAI
from crawlers.coverage.usual import (
    LEAST_GAP,
    LedgerHour,
    Usual,
    expected,
    learn,
    patience_of,
    place,
    quantile,
)

# Sunday 2026-11-22, midnight in Shanghai.
UNTIL = dt.datetime(2026, 11, 21, 16, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def poisson(rate: float, chance: random.Random) -> int:
    product, count = chance.random(), 0
    while product > math.exp(-rate):
        product *= chance.random()
        count += 1
    return count


def ledger(
    rate: Callable[[dt.datetime], float], *, weeks: int = 8, seed: int = 7
) -> list[LedgerHour]:
    """Invent the hours before UNTIL; ``rate`` takes the local time."""
    chance = random.Random(seed)  # noqa: S311 (an invented ledger)
    hours = [UNTIL - number * HOUR for number in range(weeks * 168, 0, -1)]
    return [LedgerHour(hour, 4, poisson(rate(hour.astimezone(SHANGHAI)), chance)) for hour in hours]


def learned(rows: list[LedgerHour], **workdays: bool) -> Usual:
    days = {dt.date.fromisoformat(day.replace("_", "-")[1:]): is_worked for day, is_worked in workdays.items()}  # fmt: skip
    return learn(rows, days, patience=HOUR, until=UNTIL)


def office_hours(local: dt.datetime) -> float:
    return 6.0 if local.weekday() < 5 and 9 <= local.hour < 18 else 0.2


def total(usual: Usual) -> float:
    assert usual.hours is not None
    return sum(usual.hours.week)


def test_expectation_follows_the_hour_of_the_week() -> None:
    usual = learned(ledger(office_hours))
    assert usual.hours is not None
    monday, night, sunday = (
        expected(usual.hours, UNTIL + dt.timedelta(days=day, hours=hour), {})
        for day, hour in ((1, 10), (1, 3), (7, 10))
    )
    assert 4.5 < monday < 7
    assert night < 0.7
    assert sunday < 0.9


def test_a_public_holiday_is_expected_to_be_quiet_and_a_worked_weekend_busy() -> None:
    usual = learned(ledger(office_hours))
    assert usual.hours is not None
    monday = UNTIL + dt.timedelta(days=1, hours=10)
    holiday = {dt.date(2026, 11, 23): False, dt.date(2026, 11, 22): True}
    assert place(monday, holiday) == ("rest", 10)
    assert expected(usual.hours, monday, holiday) < 0.9
    assert expected(usual.hours, monday - dt.timedelta(days=1), holiday) > 4


@pytest.mark.parametrize("rate", [0.02, 0.2, 2.0, 20.0])
def test_expected_items_of_a_week_add_up_to_what_comes_in_a_week(rate: float) -> None:
    rows = ledger(lambda _: rate)
    assert total(learned(rows)) == pytest.approx(sum(row.new for row in rows) / 8, rel=0.12)


def test_one_incident_does_not_become_usual_but_a_weekly_digest_does() -> None:
    def with_flood(local: dt.datetime) -> float:
        return 60.0 if local.date() == dt.date(2026, 11, 18) else 0.5

    assert total(learned(ledger(with_flood))) < 2 * 0.5 * 168
    weekly = learned(ledger(lambda local: 30.0 if (local.weekday(), local.hour) == (4, 17) else 0))
    assert weekly.hours is not None
    friday = UNTIL + dt.timedelta(days=5, hours=17)
    assert 15 < expected(weekly.hours, friday, {}) < 31
    assert expected(weekly.hours, friday + 2 * HOUR, {}) < 1.5


def test_hours_in_which_nobody_came_are_no_evidence() -> None:
    rows = ledger(lambda _: 2.0)
    broken = [
        LedgerHour(row.hour, 0, 0) if UNTIL - dt.timedelta(days=20) < row.hour else row
        for row in rows
    ]
    assert total(learned(broken)) == pytest.approx(2 * 168, rel=0.1)


def test_a_source_visited_once_a_day_is_covered_until_its_next_visit() -> None:
    chance = random.Random(3)  # noqa: S311 (an invented ledger)
    rows = [
        LedgerHour(UNTIL - dt.timedelta(days=back, hours=-chance.randrange(9, 12)), 1, 5)
        for back in range(40, 1, -1)
    ]
    usual = learn(rows, {}, patience=patience_of(86_400), until=UNTIL)
    assert total(usual) == pytest.approx(5 * 7, rel=0.2)


def test_too_little_history_gives_no_expectation() -> None:
    few_days = ledger(lambda _: 3.0)[-6 * 24 :]
    few_items = [LedgerHour(row.hour, 1, int(row.hour.hour == 4 and row.hour.day == 3)) for row in ledger(lambda _: 0)]  # fmt: skip
    for rows in (few_days, few_items, []):
        assert (learned(rows).hours, learned(rows).gap) == (None, None)


def test_a_gap_is_measured_in_items_expected_meanwhile() -> None:
    usual = learned(ledger(office_hours))
    assert usual.gap is not None
    # Sixteen hours of night are a usual gap on the clock, but few items on the other scale.
    assert usual.gap.items < 4
    assert usual.gap.items >= LEAST_GAP


def test_quality_is_the_median_of_days_and_needs_pages() -> None:
    rows = [LedgerHour(UNTIL - number * HOUR, 1, 0, pages=5, quality=4.5) for number in range(1, 200)]  # fmt: skip
    rows[3] = LedgerHour(rows[3].hour, 1, 0, pages=5, quality=0.1)
    quality = learned(list(reversed(rows))).quality
    assert quality is not None
    assert (round(quality.mean, 3), quality.spread) == (0.9, 0)
    assert learned(rows[:4]).quality is None


@given(
    values=st.lists(st.floats(0, 1e6), min_size=1, max_size=40),
    share=st.floats(0.01, 1.0),
)
@settings(max_examples=100, deadline=None)
def test_quantile_is_a_value_that_enough_values_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
