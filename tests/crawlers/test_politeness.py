"""What a host is owed, as a matter of states and events alone."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.failures import retry_after_s, status_failure
from crawlers.visiting.politeness import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    OPENS_AFTER,
    HostState,
    Manners,
    NotNow,
    Slot,
    answered,
    asked_to_wait,
    failed,
    give_back,
    host_of,
    reserve,
    slowed,
    succeeded,
)

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
LEASE = dt.timedelta(seconds=45)
POLITE = Manners(delay_s=1.0, at_once=2, lease=LEASE)
PATIENT = dt.timedelta(hours=1)
FRESH = HostState(next_at=NOW)


def after(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def failing(times: int, now: dt.datetime = NOW) -> HostState:
    state = FRESH
    for _ in range(times):
        state = failed(state, now=now)
    return state


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://News.Example/x", "news.example"),
        ("https://news.example:443/x", "news.example"),
        ("http://news.example:80/x", "news.example"),
        ("http://news.example:8080/x", "news.example:8080"),
        ("http://news.example:99999/x", "news.example"),
        ("http://[::1]/x", "::1"),
        ("urn:x", ""),
    ],
)
def test_manners_are_owed_to_a_host_with_its_unusual_port(url: str, host: str) -> None:
    assert host_of(url) == host


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 0.5), st.booleans()), min_size=2, max_size=40),
    st.floats(0.1, 3),
    st.integers(1, 3),
)
def test_slots_keep_their_distance_even_when_each_leaves_as_late_as_it_may(
    asked: list[tuple[float, float, bool]], delay_s: float, at_once: int
) -> None:
    manners = Manners(delay_s, at_once, LEASE)
    state, now, sent = FRESH, NOW, [NOW - LEASE]
    for pause_s, margin_s, is_answered in asked:
        now += dt.timedelta(seconds=pause_s)
        state, found = reserve(state, manners, now=now, margin_s=margin_s, patience=PATIENT)
        in_flight = [end for end in state.in_flight if end > now]
        assert len(in_flight) <= at_once
        if isinstance(found, NotNow):
            assert found.is_full
            continue
        assert found.at >= now
        # The one before left as late as its margin allowed, this one at the first moment.
        assert (found.at - sent[-1]).total_seconds() >= delay_s - 1e-6
        sent.append(found.at + dt.timedelta(seconds=margin_s))
        if is_answered:
            state = answered(state, found.ticket)


def test_whoever_would_wait_longer_than_its_patience_gets_no_slot() -> None:
    state = replace(FRESH, next_at=after(6))
    unchanged, found = reserve(state, POLITE, now=NOW, patience=dt.timedelta(seconds=5))
    assert found == NotNow(after(6))
    assert unchanged == state


def test_a_host_with_a_tiny_pause_gives_several_slots_and_without_one_gives_itself() -> None:
    quick = Manners(0.05, 2, LEASE)
    state, slot = reserve(FRESH, quick, now=NOW, patience=PATIENT, count=4)
    assert slot == Slot(NOW, 0.05, 4)
    assert state.next_at == after(0.2)
    state, slot = reserve(FRESH, Manners(0, 2, LEASE), now=after(9), patience=PATIENT, count=4)
    assert slot == Slot(after(9), 0.0, 1)
    assert state == FRESH


def test_a_slot_that_was_missed_is_given_back_unless_a_later_one_is_taken() -> None:
    first_state, first = reserve(FRESH, POLITE, now=NOW, patience=PATIENT)
    second_state, second = reserve(first_state, POLITE, now=NOW, patience=PATIENT)
    assert isinstance(first, Slot)
    assert isinstance(second, Slot)
    assert give_back(first_state, first) == FRESH
    returned = give_back(second_state, first)
    assert returned.next_at == second_state.next_at
    assert returned.in_flight == (second.ticket,)


def test_the_slot_after_the_one_taken_moves_with_what_robots_ask_for() -> None:
    state, _ = reserve(FRESH, POLITE, now=NOW, patience=PATIENT)
    slower = slowed(state, POLITE, 10)
    assert slower.next_at - state.next_at == dt.timedelta(seconds=9)
    assert slowed(slower, POLITE, 10) == slower
    _, found = reserve(slower, POLITE, now=after(1), patience=PATIENT)
    assert isinstance(found, Slot)
    assert found.at >= after(10)


def test_the_breaker_opens_probes_once_and_closes_or_waits_longer() -> None:
    state = failing(OPENS_AFTER - 1)
    assert state.closed_until is None
    state = failed(state, now=NOW)
    assert state.closed_until == NOW + FIRST_PAUSE
    assert "连续 5 次" in (state.reason or "")
    assert "09:30:30" in (state.reason or "")
    _, refused = reserve(state, POLITE, now=after(29), patience=PATIENT)
    assert refused == NotNow(NOW + FIRST_PAUSE, state.reason)

    half_open, probe = reserve(state, POLITE, now=after(31), patience=PATIENT)
    assert isinstance(probe, Slot)
    assert probe.is_probe
    _, refused = reserve(half_open, POLITE, now=after(32), patience=PATIENT)
    assert refused == NotNow(after(34), state.reason)
    # A probe whose process died blocks nobody for ever.
    _, next_probe = reserve(half_open, POLITE, now=after(31) + LEASE, patience=PATIENT)
    assert isinstance(next_probe, Slot)

    closed = succeeded(answered(half_open, probe.ticket))
    assert (closed.failures, closed.closed_until, closed.reason) == (0, None, None)
    longer = failed(half_open, now=after(35), is_probe=True)
    assert longer.closed_until == after(35) + 2 * FIRST_PAUSE


@given(st.integers(OPENS_AFTER, 60))
def test_pauses_grow_to_a_limit(times: int) -> None:
    state = FRESH
    for _ in range(times):
        state = failed(state, now=NOW, is_probe=True)
    assert state.closed_until is not None
    assert FIRST_PAUSE <= state.closed_until - NOW <= LONGEST_PAUSE


def test_what_was_under_way_when_a_host_was_given_up_says_nothing_new() -> None:
    state = failing(OPENS_AFTER)
    assert failed(state, now=after(1)) == state


def test_a_wish_to_wait_is_kept_for_a_day_at_most_and_forgotten_afterwards() -> None:
    state = asked_to_wait(FRESH, until=after(90), now=NOW)
    assert succeeded(state) == state
    _, refused = reserve(state, POLITE, now=after(89), patience=PATIENT)
    assert refused == NotNow(after(90), state.reason)
    later, slot = reserve(state, POLITE, now=after(90), patience=PATIENT)
    assert isinstance(slot, Slot)
    assert not slot.is_probe
    assert later.reason is None
    far = asked_to_wait(FRESH, until=after(10**6), now=NOW)
    assert far.closed_until == NOW + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sat, 21 Nov 2026 01:32:00 GMT", 120.0),
        ("Sat, 21 Nov 2026 01:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Sat, 99 Nov 2026 01:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s(value, NOW) == seconds
    assert status_failure(503, value, now=NOW).retry_after_s == seconds
