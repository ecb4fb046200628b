"""What operators are told about collecting: judged from facts and a time, without a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.coverage.alarms import (
    SILENT_TIMES,
    Alarm,
    AlarmKind,
    RecentQuality,
    SourceFacts,
    judge,
)

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


def source(number: int = 1, **changes: object) -> SourceFacts:
    """Give a source that is doing well; times are told as they stand at NOW."""
    well = SourceFacts(
        id=number, name=f"河湾新闻网{number}", state="active", interval_s=600,
        created_at=NOW - dt.timedelta(days=90), due_at=NOW + MINUTE, visited_at=NOW - MINUTE,
        succeeded_at=NOW - MINUTE, last_item_at=NOW - 10 * MINUTE, usual_gap=2.5,
        usual_gap_s=7200.0,
    )  # fmt: skip
    # Keyword arguments of a test, checked by the record itself.
    return replace(well, **changes)  # type: ignore[arg-type]


def kinds(*sources: SourceFacts, now: dt.datetime = NOW) -> list[AlarmKind]:
    return [alarm.kind for alarm in judge(sources, now)]


def only(*sources: SourceFacts, now: dt.datetime = NOW) -> Alarm:
    (alarm,) = judge(sources, now)
    return alarm


def test_all_is_well_says_nothing() -> None:
    assert kinds(source(), source(2), source(3, last_item_at=NOW - 30 * MINUTE)) == []
    assert kinds() == []


SILENT = {"last_item_at": NOW - 9 * HOUR, "expected": 11.0}


def test_silence_names_the_source_since_when_how_unusual_and_what_to_do() -> None:
    alarm = only(source(), source(2, **SILENT))
    assert (alarm.kind, alarm.key) == (AlarmKind.SILENT, "source-silent:2")
    assert alarm.since == NOW - 9 * HOUR
    for part in ("河湾新闻网2", "00:30", "9 小时", "2 小时", "约 11 条", "4 倍", "请打开数据源"):
        assert part in alarm.text


@pytest.mark.parametrize(
    "changes",
    [
        {"expected": SILENT_TIMES * 2.5},
        {"usual_gap": None},
        {"last_item_at": NOW - HOUR, "expected": 50.0},
        {"interval_s": 6 * 3600},
    ],
)
def test_no_silence_below_the_threshold_or_without_history(changes: dict[str, object]) -> None:
    assert kinds(source(), source(2, **{**SILENT, **changes})) == []


def test_a_source_that_never_gave_anything_is_told_after_a_day() -> None:
    new = source(created_at=NOW - 30 * HOUR, last_item_at=None, usual_gap=None)
    assert "从未读到任何内容" in only(new).text
    assert kinds(replace(new, created_at=NOW - 20 * HOUR)) == []
    assert kinds(replace(new, succeeded_at=None, failures=1)) == [AlarmKind.FAILING]


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({"failures": 5, "succeeded_at": NOW - 2 * HOUR}, True),
        ({"failures": 2, "succeeded_at": NOW - 2 * HOUR}, False),
        ({"failures": 1, "succeeded_at": NOW - 4 * HOUR}, True),
        ({"failures": 5, "succeeded_at": NOW - 50 * MINUTE}, False),
        ({"failures": 5, "succeeded_at": NOW - 2 * HOUR, "interval_s": 3600}, False),
        ({"state": "blocked"}, True),
        ({"is_dead": True}, True),
    ],
)
def test_failures_are_borne_for_a_while(changes: dict[str, object], *, is_told: bool) -> None:
    found = judge([source(), source(2, failure_reason="网站自身出错。", **changes)], NOW)
    assert [alarm.kind for alarm in found] == [AlarmKind.FAILING] * is_told
    assert all("网站自身出错" in alarm.text for alarm in found)


def test_one_source_that_is_never_reached_is_told_apart_from_a_dead_crawler() -> None:
    late = {"due_at": NOW - 3 * HOUR, "visited_at": NOW - 3 * HOUR, "succeeded_at": NOW - 3 * HOUR}
    assert kinds(source(), source(2, **late)) == [AlarmKind.OVERDUE]
    # Put off again and again, behind a host that everybody wants something of.
    assert kinds(source(), source(2, **{**late, "due_at": NOW + MINUTE})) == [AlarmKind.OVERDUE]
    # The crawler is gone: told once, and nobody else is blamed for it.
    stopped = only(source(1, **late), source(2, **late), source(3, **late, expected=40.0))
    assert (stopped.kind, stopped.since) == (AlarmKind.STOPPED, NOW - 3 * HOUR)
    assert "3 个已经逾期" in stopped.text


def test_what_was_told_before_the_crawler_died_goes_on_standing() -> None:
    late = {"due_at": NOW - 3 * HOUR, "visited_at": NOW - 3 * HOUR, "succeeded_at": NOW - 3 * HOUR}
    silent = source(2, **{**SILENT, **late, "silent_since": SILENT["last_item_at"]})
    assert kinds(source(1, **late), silent) == [AlarmKind.STOPPED, AlarmKind.SILENT]


def test_nothing_from_anywhere_is_one_alarm_for_all() -> None:
    quiet = [
        source(number, last_item_at=NOW - 2 * HOUR, expected=6.0, usual_gap=2.4)
        for number in range(1, 6)
    ]
    found = only(*quiet)
    assert found.kind is AlarmKind.STOPPED
    assert "约 30 条" in found.text
    assert kinds(*quiet, source(9)) == []
    assert kinds(*[replace(one, expected=1.0) for one in quiet]) == []


def worse(mean: float, **changes: object) -> SourceFacts:
    recent = RecentQuality(24, mean, NOW - 5 * HOUR)
    return source(2, recent=recent, usual_quality=0.9, quality_spread=0.02, **changes)


def test_quality_far_below_the_baseline_is_told_until_it_is_well_on_the_way_back() -> None:
    alarm = only(source(), worse(0.5))
    assert (alarm.kind, alarm.since) == (AlarmKind.DEGRADED, NOW - 5 * HOUR)
    assert "最近 24 页平均 0.50，平时 0.90" in alarm.text
    assert kinds(source(), worse(0.8)) == []
    stands = {"degraded_since": NOW - 8 * HOUR}
    assert only(source(), worse(0.8, **stands)).since == NOW - 8 * HOUR
    assert kinds(source(), worse(0.85, **stands)) == []
    assert kinds(source(), replace(worse(0.8, **stands), recent=None)) == [AlarmKind.DEGRADED]
    assert kinds(source(), replace(worse(0.5), usual_quality=None)) == []


@given(
    rate=st.floats(0.02, 30.0),
    gap=st.floats(2.3, 8.0),
    interval_s=st.integers(60, 7200),
    relearned=st.floats(0.5, 4.0),
    lasting=st.integers(1, 40),
)
@settings(max_examples=150, deadline=None)
def test_a_silent_source_is_reported_once_and_cleared_once(
    rate: float, gap: float, interval_s: int, relearned: float, lasting: int
) -> None:
    """Whatever its rhythm; also when what is usual is learned anew meanwhile."""
    begins = NOW
    told_by = begins + max(2 * HOUR, HOUR * (SILENT_TIMES * gap / rate), interval_s * MINUTE / 30)
    ends = told_by + (told_by - begins) * lasting / 10
    one = source(interval_s=interval_s, usual_gap=gap, last_item_at=begins)
    step = (ends - begins) / 97
    told: list[bool] = []
    first_told = None
    for tick in range(110):
        now = begins + tick * step
        if now >= ends:
            one = replace(one, last_item_at=max(ends, now - 30 * MINUTE))
        waited = now - (one.last_item_at or begins)
        one = replace(
            one, due_at=now + MINUTE, visited_at=now, succeeded_at=now,
            expected=rate * (waited / HOUR),
        )  # fmt: skip
        silent = [alarm for alarm in judge([one], now) if alarm.kind is AlarmKind.SILENT]
        told.append(bool(silent))
        if silent and first_told is None:
            first_told = now
            one = replace(one, usual_gap=gap * relearned)
        one = replace(one, silent_since=silent[0].since if silent else None)
    changes = [now for before, now in zip([False, *told], told, strict=False) if before != now]
    assert changes == [True, False]
    assert first_told is not None
    assert first_told <= told_by + 2 * step
