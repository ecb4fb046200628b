"""Deadlines never move later."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.deadlines import MARKS, Deadlines, DeadlineTable, earlier, marks_passed
from config.alerting_defaults import load_alerting_defaults
from core.database.models.alerting import Severity
from tests.alerting.world import shanghai

TABLE = DeadlineTable(load_alerting_defaults().deadlines)
T0 = shanghai("2026-11-22 10:00")
severities = st.sampled_from(list(Severity))
minutes = st.integers(min_value=0, max_value=3000)


def _clocks(deadlines: Deadlines) -> list[dt.datetime | None]:
    return [deadlines.acknowledge_by, deadlines.oral_by, deadlines.written_by]


@given(first=severities, changes=st.lists(st.tuples(minutes, severities), max_size=8))
def test_no_change_of_level_ever_moves_a_deadline_later_or_ends_one(
    first: Severity, changes: list[tuple[int, Severity]]
) -> None:
    running, level, now = TABLE.opening(first, T0), first, T0
    for wait, severity in changes:
        now += dt.timedelta(minutes=wait)
        before = _clocks(running)
        running = TABLE.changed(running, was=level, severity=severity, at=now)
        for old, new in zip(before, _clocks(running), strict=True):
            assert old is None or (new is not None and new <= old)
        level = severity


@given(first=severities, then=severities, wait=minutes)
def test_a_rise_leaves_at_most_the_time_that_the_new_level_allows(
    first: Severity, then: Severity, wait: int
) -> None:
    at = T0 + dt.timedelta(minutes=wait)
    running = TABLE.changed(TABLE.opening(first, T0), was=first, severity=then, at=at)
    if then < first:
        for clock, fresh in zip(_clocks(running), _clocks(TABLE.opening(then, at)), strict=True):
            assert fresh is None or (clock is not None and clock <= fresh)
    else:
        assert running == TABLE.opening(first, T0)


@given(length=st.integers(1, 10_000), seconds=st.lists(st.integers(-10, 20_000), min_size=2))
def test_marks_only_grow_and_reach_100_exactly_at_the_deadline(
    length: int, seconds: list[int]
) -> None:
    deadline = T0 + dt.timedelta(seconds=length)
    passed = [marks_passed(T0, deadline, T0 + dt.timedelta(seconds=s)) for s in sorted(seconds)]
    assert passed == sorted(passed)
    assert set(passed) <= {0, *MARKS}
    assert marks_passed(T0, deadline, deadline) == 100
    assert marks_passed(T0, deadline, deadline - dt.timedelta(microseconds=1)) < 100


def test_a_clock_without_length_is_at_100_percent() -> None:
    assert marks_passed(T0, T0, T0) == 100


@pytest.mark.parametrize(
    ("one", "other", "expected"), [(None, None, None), (T0, None, T0), (None, T0, T0)]
)
def test_the_earlier_of_two_clocks_ignores_one_that_does_not_run(
    one: dt.datetime | None, other: dt.datetime | None, expected: dt.datetime | None
) -> None:
    assert earlier(one, other) == expected


def test_final_report_is_counted_from_the_resolution() -> None:
    assert TABLE.final_by(Severity.RED, T0) == T0 + dt.timedelta(hours=24)
    assert TABLE.final_by(Severity.BLUE, T0) is None
