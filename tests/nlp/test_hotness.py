"""Hotness grows with what is heard, fades with time, and says how sure it is."""

import datetime as dt
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.distributions import gamma_probability, gamma_quantile, normal_quantile
from nlp.hotness import (
    CONSTANTS,
    FORMULA,
    Mention,
    PlatformNorm,
    hotness,
    platform_norms,
    scaled,
)

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
NORMS = {
    "weibo": PlatformNorm(90.0, reposts=2.0, comments=2.0, likes=3.0),
    "forum": PlatformNorm(2.0, views=5.0, comments=1.5),
}
WHEN = st.integers(0, 20 * 24).map(lambda hours: NOW - hours * HOUR)
NUMBER = st.none() | st.integers(0, 10_000_000)
MENTIONS = st.lists(
    st.builds(Mention, st.sampled_from(["weibo", "forum", "new"]), WHEN, *[NUMBER] * 4), max_size=40
)


def mentions(count: int, *, platform: str = "weibo", hours: float = 1.0) -> list[Mention]:
    return [Mention(platform, NOW - hours * HOUR) for _ in range(count)]


def test_an_event_as_large_as_a_platform_usually_is_has_one_hundred() -> None:
    days = 1 / math.log(2)
    fresh = mentions(round(days * 100), hours=0)
    assert hotness(fresh, NORMS, NOW).value == pytest.approx(100, abs=0.3)
    assert scaled(1.0) == pytest.approx(100)


def test_nothing_said_is_cold_and_certain() -> None:
    measured = hotness([], NORMS, NOW)
    assert (measured.value, measured.low, measured.high, measured.parts) == (0.0, 0.0, 0.0, ())


def test_half_of_the_weight_is_gone_after_a_day() -> None:
    fresh, stale = (hotness(mentions(50, hours=age), NORMS, NOW).share for age in (0, 24))
    assert stale == pytest.approx(fresh / 2)


def test_the_same_posts_weigh_more_where_little_is_usual() -> None:
    large = hotness(mentions(5), NORMS, NOW)
    small = hotness(mentions(5, platform="forum"), NORMS, NOW)
    assert small.value > large.value


def test_a_platform_that_shows_no_numbers_is_not_punished() -> None:
    usual = Mention("weibo", NOW, reposts=round(math.expm1(2.0)), comments=round(math.expm1(2.0)))
    assert hotness([usual], NORMS, NOW).share == pytest.approx(
        hotness([Mention("weibo", NOW)], NORMS, NOW).share, rel=0.02
    )


def test_few_posts_leave_a_wider_band_than_many() -> None:
    few, many = (hotness(mentions(count), NORMS, NOW) for count in (2, 200))
    assert few.high - few.low > 4 * (many.high - many.low)


def test_one_loud_post_is_less_certain_than_many_quiet_ones() -> None:
    loud = Mention("weibo", NOW - HOUR, reposts=10**6, comments=10**6, likes=10**6)
    one = hotness([loud], NORMS, NOW)
    many = hotness(mentions(round(one.share / hotness(mentions(1), NORMS, NOW).share)), NORMS, NOW)
    assert one.value == pytest.approx(many.value, abs=3)
    assert one.high - one.low > many.high - many.low


def test_change_is_told_and_only_called_clear_beyond_the_bands() -> None:
    growing = [*mentions(2, hours=30), *mentions(60, hours=2)]
    measured = hotness(growing, NORMS, NOW)
    assert measured.change == pytest.approx(measured.value - measured.before)
    assert measured.change_is_clear
    assert not hotness([*mentions(2, hours=30), *mentions(2)], NORMS, NOW).change_is_clear


def test_the_parts_explain_the_whole() -> None:
    listed = [*mentions(3), Mention("forum", NOW, views=400, comments=7), Mention("forum", NOW)]
    measured = hotness(listed, NORMS, NOW)
    forum = next(part for part in measured.parts if part.platform == "forum")
    assert (forum.documents, forum.views, forum.comments, forum.likes) == (2, 400, 7, None)
    assert sum(part.share for part in measured.parts) == pytest.approx(measured.share)
    assert sum(part.share_of_all for part in measured.parts) == pytest.approx(1.0)
    assert measured.value == pytest.approx(scaled(measured.share))


def test_norms_are_means_over_a_platform() -> None:
    listed = [Mention("weibo", NOW, likes=0), Mention("weibo", NOW, likes=99), Mention("bbs", NOW)]
    norms = platform_norms(listed, days=2)
    assert norms["weibo"].documents_per_day == 1.0
    assert norms["weibo"].likes == pytest.approx(math.log(100) / 2)
    assert norms["bbs"] == PlatformNorm(0.5)


def test_formula_and_every_constant_can_be_printed() -> None:
    assert all(line for line in FORMULA)
    assert all(item.name and item.value and item.source for item in CONSTANTS)
    stored = hotness(mentions(3), NORMS, NOW).to_json()
    assert set(stored) >= {"value", "low", "high", "change", "parts", "share"}


@given(MENTIONS, st.randoms(use_true_random=False))
def test_order_does_not_matter(listed: list[Mention], dice: random.Random) -> None:
    shuffled = sorted(listed, key=lambda _: dice.random())
    assert hotness(listed, NORMS, NOW) == hotness(shuffled, NORMS, NOW)


@given(MENTIONS)
def test_the_value_lies_in_its_band(listed: list[Mention]) -> None:
    measured = hotness(listed, NORMS, NOW)
    assert 0 <= measured.low <= measured.value <= measured.high < math.inf


@given(MENTIONS, st.sampled_from(["weibo", "forum", "new"]))
def test_one_more_post_never_cools(listed: list[Mention], platform: str) -> None:
    more = [*listed, Mention(platform, NOW)]
    assert hotness(more, NORMS, NOW).value > hotness(listed, NORMS, NOW).value


@given(MENTIONS)
def test_more_engagement_never_cools(listed: list[Mention]) -> None:
    louder = [
        replace(item, likes=None if item.likes is None else item.likes * 2) for item in listed
    ]
    assert hotness(louder, NORMS, NOW).value >= hotness(listed, NORMS, NOW).value - 1e-9


@pytest.mark.parametrize(
    ("shape", "probability", "quantile"),
    [
        (0.5, 0.1, 0.00789538715466), (1.5, 0.9, 3.12569433992),
        (10.0, 0.5, 9.66871464732), (100.0, 0.9, 113.013393), (20_000.0, 0.1, 19819.0),
    ],
)  # fmt: skip
def test_gamma_quantiles_are_those_of_the_tables(
    shape: float, probability: float, quantile: float
) -> None:
    assert gamma_quantile(shape, probability) == pytest.approx(quantile, rel=1e-4)


@given(st.floats(0.5, 9_000), st.floats(0.001, 0.999))
def test_gamma_quantile_inverts_the_probability(shape: float, probability: float) -> None:
    quantile = gamma_quantile(shape, probability)
    assert gamma_probability(shape, quantile) == pytest.approx(probability, abs=1e-6)


@given(st.floats(0.0001, 0.9999))
def test_normal_quantile_inverts_the_error_function(probability: float) -> None:
    found = 0.5 * math.erfc(-normal_quantile(probability) / math.sqrt(2))
    assert found == pytest.approx(probability, abs=1e-7)
