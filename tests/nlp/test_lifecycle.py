"""The life-cycle follows the hours, moves along legal ways only and does not flap."""

import datetime as dt
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.database.models.understanding import EventStatus
from nlp.lifecycle import (
    HOUR,
    LEGAL_TRANSITIONS,
    REASON_LABELS,
    SHORTEST_STAY_HOURS,
    Lifecycle,
    Reason,
    lifecycle,
)

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
NEW, RISING, REBOUND = EventStatus.NEW, EventStatus.RISING, EventStatus.REBOUND
ONGOING, FALLING, CLOSED = EventStatus.ONGOING, EventStatus.FALLING, EventStatus.CLOSED
SERIES = st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, 5, 30]), min_size=1, max_size=24 * 8).filter(
    any
)
CLOSING = st.none() | st.integers(0, 24 * 8)


def pairs(series: list[int]) -> list[tuple[dt.datetime, int]]:
    return [(START + place * HOUR, count) for place, count in enumerate(series)]


def replay(series: list[int], closed: int | None = None) -> Lifecycle:
    found = lifecycle(
        pairs(series),
        START + len(series) * HOUR,
        closed_at=None if closed is None else START + closed * HOUR,
    )
    assert found is not None
    return found


def statuses(series: list[int], closed: int | None = None) -> list[EventStatus]:
    return [node.status for node in replay(series, closed).transitions]


def wave(height: int, *, days: int = 1) -> list[int]:
    """Give a rise of a day, ``days`` at the height, and a fall of a day."""
    up = [round(height * step / 24) for step in range(24)]
    return [*up, *[height] * (24 * days), *reversed(up)]


def test_an_event_without_documents_has_no_life() -> None:
    assert lifecycle([(START, 3)], START) is None
    assert lifecycle([(START, 0)], START + HOUR) is None


def test_first_posts_are_new() -> None:
    assert replay([1, 0, 1]).status is NEW


def test_many_posts_in_the_first_hours_rise() -> None:
    assert statuses([2] * 12) == [NEW, RISING]


def test_one_wave_is_new_rising_ongoing_falling() -> None:
    assert statuses([*wave(20, days=3), *[0] * 48]) == [NEW, RISING, ONGOING, FALLING]


def test_a_second_wave_is_a_rebound_although_lower_than_the_first() -> None:
    series = [*wave(30), *[0] * 72, *wave(8), *[0] * 48]
    assert statuses(series)[-3:] == [REBOUND, ONGOING, FALLING]


def test_a_closed_case_closes_the_event() -> None:
    series = [*wave(20), *[0] * 24]
    assert replay(series, closed=80).status is CLOSED
    assert replay(series, closed=80).since == START + 80 * HOUR


def test_new_noise_after_closing_is_a_rebound_and_a_trickle_is_not() -> None:
    closed = [*wave(20), *[0] * 24]
    assert replay([*closed, *wave(10)], closed=90).status is not CLOSED
    assert REBOUND in statuses([*closed, *wave(10)], closed=90)
    assert replay([*closed, 1, 0, 0, 1, 0, 0, 0, 1], closed=90).status is CLOSED


def test_silence_of_a_day_is_a_fall_even_for_one_post() -> None:
    assert replay([1, *[0] * 40]).status is FALLING


def test_every_reason_has_words() -> None:
    assert set(REASON_LABELS) == set(Reason)


@pytest.mark.parametrize(("burst", "most"), [(1, 5), (4, 9)])
def test_steady_talk_by_day_and_night_does_not_flap(burst: int, most: int) -> None:
    day = [0.2] * 7 + [1.0] * 3 + [1.5] * 12 + [0.6] * 2
    changes = []
    for seed in range(20):
        dice = random.Random(seed)  # noqa: S311 - a simulation
        rates = [rate / 10 / burst for rate in day * 14]
        series = [burst * sum(dice.random() < rate for _ in range(10)) for rate in rates]
        changes.append(len(statuses([1, *series])))
    # New, rising and ongoing are three; few more in a fortnight are to be borne.
    assert sum(changes) / len(changes) <= most


@given(SERIES, CLOSING)
def test_only_legal_ways_are_taken(series: list[int], closed: int | None) -> None:
    nodes = replay(series, closed).transitions
    assert nodes[0].status is NEW
    assert all(
        after.status in LEGAL_TRANSITIONS[before.status] for before, after in pairwise(nodes)
    )


@given(SERIES, CLOSING)
def test_a_rebound_follows_a_fall_or_a_closing(series: list[int], closed: int | None) -> None:
    found = statuses(series, closed)
    for before, after in pairwise(found):
        assert after is not REBOUND or before in {FALLING, CLOSED}


@given(SERIES, CLOSING)
def test_a_state_lasts_unless_a_person_ends_it(series: list[int], closed: int | None) -> None:
    for before, after in pairwise(replay(series, closed).transitions):
        is_by_person = after.reason is Reason.CASE_CLOSED
        assert is_by_person or after.at - before.at >= SHORTEST_STAY_HOURS * HOUR


@given(SERIES, st.randoms(use_true_random=False))
def test_order_and_splitting_of_the_counts_do_not_matter(
    series: list[int], dice: random.Random
) -> None:
    single = [(at, 1) for at, count in pairs(series) for _ in range(count)]
    dice.shuffle(single)
    assert lifecycle(single, START + len(series) * HOUR) == replay(series)


@given(SERIES, SERIES)
def test_later_hours_do_not_rewrite_earlier_ones(earlier: list[int], later: list[int]) -> None:
    before = replay(earlier).transitions
    assert replay([*earlier, *later]).transitions[: len(before)] == before


@pytest.mark.parametrize("minutes", [1, 30, 59])
def test_an_hour_under_way_counts(minutes: int) -> None:
    found = lifecycle([(START, 1)], START + dt.timedelta(minutes=minutes))
    assert found is not None
    assert (found.status, found.last_day) == (NEW, 1)


def test_the_record_can_be_stored() -> None:
    stored = replay(wave(20)).to_json()
    assert stored["status"] in set(EventStatus)
    assert stored["transitions"]
