"""The band of the forecast holds four times in five, whatever the series; hours only shape the curve."""

import datetime as dt
import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.backtest import backtest
from nlp.distributions import (
    negative_binomial_band,
    negative_binomial_log,
    negative_binomial_quantile,
)
from nlp.forecast import (
    BAND,
    DAY_HOURS,
    EVENT,
    HOUR,
    LONGEST_HISTORY,
    TOPIC,
    Pace,
    day_windows,
    forecast,
    forecast_next_day,
)
from tests.quality.gate import data_folder
from tests.quality.volume import EVERYTHING, topic_series

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
COUNTS = st.lists(st.integers(0, 50), max_size=40)
PACES = pytest.mark.parametrize("pace", [TOPIC, EVENT], ids=["topic", "event"])


def bursty(mean: float, days: int, *, seed: int = 1, size: float = 4.0) -> list[int]:
    """Draw negative-binomial days whose level wanders and whose Sundays are quiet."""
    dice = random.Random(seed)  # noqa: S311 - a simulation
    level, drawn = mean, []
    for day in range(days):
        level *= math.exp(dice.gauss(0, 0.03) - 0.02 * math.log(level / mean))
        rate = level * (0.6 if day % 7 == 6 else 1.0) * dice.gammavariate(size, 1 / size)
        drawn.append(_poisson(dice, rate))
    return drawn


def _poisson(dice: random.Random, rate: float) -> int:
    count, left = 0, rate
    while (left := left - dice.expovariate(1)) > 0:
        count += 1
    return count


@pytest.mark.parametrize("mean", [2, 6, 40])
def test_the_band_holds_four_times_in_five_on_a_wandering_series(mean: float) -> None:
    judged = backtest(bursty(mean, 900), warm_up=28)
    assert judged.held == pytest.approx(BAND, abs=0.02)
    assert judged.error < min(judged.last_day_error, judged.same_weekday_error)
    assert judged.pinball < judged.empirical_pinball


def test_the_band_holds_after_a_leap_that_no_model_knows() -> None:
    judged = backtest([*bursty(5, 200), *bursty(80, 200, seed=2)], warm_up=28)
    assert judged.held == pytest.approx(BAND, abs=0.03)


def test_the_band_holds_on_the_days_of_real_hot_searches() -> None:
    data = data_folder()
    if data is None:
        pytest.skip("ZHISHENG_DATA is not set: the forecast was not tested on real days")
    for name, days in topic_series(data).items():
        judged = backtest(days)
        # Where nothing is said on more than 82 days in a hundred, the band of zero alone already holds more.
        silent = days.count(0) / len(days)
        assert judged.held == pytest.approx(max(BAND, silent), abs=0.02), name
        assert judged.error <= min(judged.last_day_error, judged.week_mean_error), name
        if name == EVERYTHING:
            assert judged.pinball < 0.95 * judged.empirical_pinball


def test_an_event_that_fades_is_forecast_to_fade() -> None:
    found = forecast([400, 210, 95, 52, 24], EVENT)
    assert found.median < 24
    assert found.high < 52


def test_without_history_little_is_expected_and_nothing_claimed() -> None:
    found = forecast([])
    assert found.low == 0
    assert not found.is_calibrated
    assert forecast([3] * 40).is_calibrated


def test_quiet_days_of_the_week_are_learnt() -> None:
    series = [0 if day % 7 == 6 else 12 for day in range(7 * 20)]
    assert forecast(series[:-1]).expected < 0.6 * forecast(series).expected


def test_hours_spread_what_is_expected_over_the_coming_day() -> None:
    noon = NOW.replace(hour=4, minute=0)
    hourly = [(noon - dt.timedelta(days=day), 6) for day in range(1, 20)]
    found = forecast_next_day(hourly, NOW)
    assert sum(found.by_hour) == pytest.approx(found.expected)
    assert len(found.by_hour) == DAY_HOURS
    # Noon's posts were made between 2 and 3 hours after the time of day it is now.
    assert max(range(DAY_HOURS), key=found.by_hour.__getitem__) == 2


def test_windows_end_now_and_begin_with_the_first_document() -> None:
    hourly = [(NOW - dt.timedelta(days=3), 2), (NOW - HOUR, 1), (NOW - 25 * HOUR, 4), (NOW, 9)]
    assert day_windows(hourly, NOW) == (2, 4, 1)
    assert day_windows([(NOW - dt.timedelta(days=400), 5)], NOW) == ()


def test_a_long_series_is_cut_to_half_a_year() -> None:
    recent = bursty(4, LONGEST_HISTORY)
    assert forecast([999] * 50 + recent) == forecast(recent)


@PACES
@given(COUNTS)
def test_bands_are_ordered_and_finite(pace: Pace, counts: list[int]) -> None:
    found = forecast(counts, pace)
    assert 0 <= found.low <= found.median <= found.high
    assert 0 < found.expected < math.inf
    assert found.held <= found.judged == max(0, len(counts) - 1)


@PACES
def test_a_sudden_flood_neither_breaks_nor_slows_it(pace: Pace) -> None:
    found = forecast([1, 0, 2, 10**6, 10**5, 3, 0, 0], pace)
    assert 0 <= found.low <= found.high < 10**9


@given(st.floats(0.01, 280), st.floats(0.1, 1e5), st.floats(0.3, 0.995))
def test_a_band_holds_its_level_and_wastes_no_count(mean: float, size: float, level: float) -> None:
    low, median, high = negative_binomial_band(mean, size, level)
    masses = [math.exp(negative_binomial_log(count, mean, size)) for count in range(high + 1)]
    assert sum(masses[low:]) >= level - 1e-6
    # The median always belongs to it.
    assert high == median or sum(masses[low:-1]) < level + 1e-6
    assert sum(masses[:low]) <= (1 - level) / 2 + 1e-6
    assert median == negative_binomial_quantile(mean, size, 0.5)


def test_large_counts_continue_the_small_ones() -> None:
    below, above = (negative_binomial_band(mean, 6.0, 0.8) for mean in (299.9, 300.1))
    assert all(abs(one - other) <= 3 for one, other in zip(below, above, strict=True))
    found = [negative_binomial_quantile(mean, 6.0, 0.9) for mean in (100, 299, 301, 1000)]
    assert all(one < other for one, other in pairwise(found))


def test_the_record_can_be_stored() -> None:
    stored = forecast([3, 4, 2]).to_json()
    assert set(stored) == {"expected", "median", "low", "high", "judged", "held", "by_hour"}
