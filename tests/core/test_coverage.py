"""What the ledger says of a period, and the sentence that every report prints about it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.dialects.postgresql import insert

from core import notices
from core.clock import FakeClock
from core.coverage import LedgerTotals, read_coverage
from core.coverage_statement import MissingReason, coverage_statement
from core.database.models.collecting import Source, SourceHour
from core.database.sessions import Sessions
from core.failure_labels import CAUSE_LABELS
from core.source_ledger import LedgerSpan, alarms_of, daily, hourly, usual_of
from crawlers.failures import FailureCause

HOUR = dt.timedelta(hours=1)
START = dt.datetime(2026, 11, 20, 2, 0, tzinfo=dt.UTC)


def add(sessions: Sessions, name: str, **values: object) -> int:
    given = {"interval_s": 600, "url": "http://127.0.0.1:8/", **values}
    created_at = START - 9 * HOUR
    source = Source(
        name=name, kind="feed", platform="网站", level="city", created_at=created_at, **given
    )
    with sessions.begin() as session:
        session.add(source)
        session.flush()
        return source.id


def fill(sessions: Sessions, source_id: int, hours: range, **values: object) -> None:
    """Write ledger rows for hours counted from START; ordinary ones unless told otherwise."""
    usual: dict[str, object] = {
        "visits": 6, "succeeded": 6, "expected": 2.5, "seen": 20, "new": 2, "duplicates": 18,
        "pages": 2, "quality": 1.8,
    }  # fmt: skip
    rows = [
        {"source_id": source_id, "hour": START + number * HOUR, **usual, **values}
        for number in hours
    ]
    if not rows:
        return
    with sessions.begin() as session:
        session.execute(insert(SourceHour), rows)


def test_a_period_adds_up_and_tells_gaps_from_empty_hours(
    sessions: Sessions, clock: FakeClock
) -> None:
    clock.set(START + 12 * HOUR + HOUR / 2)
    source = add(sessions, "河湾新闻网")
    fill(sessions, source, range(-3, 6))
    fill(sessions, source, range(6, 8), new=0, seen=20, duplicates=20)
    fill(sessions, source, range(8, 10), visits=0, succeeded=0, seen=0, new=0, duplicates=0,
         pages=0, quality=0)  # fmt: skip
    fill(sessions, source, range(10, 12), succeeded=0, seen=0, new=0, duplicates=0, pages=0,
         quality=0, failures={"timeout": 5, "gone": 1})  # fmt: skip
    # The running hour, in which nobody has come yet, is not a gap.
    fill(sessions, source, range(12, 13), visits=0, succeeded=0, new=0, seen=0, pages=0, quality=0)
    with sessions() as session:
        (found,) = read_coverage(session, START, clock.now(), clock.now())
        past = read_coverage(session, START, START + 2 * HOUR, clock.now())
    assert found.totals == LedgerTotals(
        expected=32.5, seen=160, new=12, duplicates=166, visits=60, succeeded=48, pages=16,
        quality=found.totals.quality, gaps_h=4,
    )  # fmt: skip
    assert found.totals.quality == pytest.approx(0.9)
    assert list(found.failures.items()) == [("timeout", 10), ("gone", 2)]
    assert (past[0].totals.new, past[0].totals.gaps_h, past[0].failures) == (4, 0, {})


def test_a_rarely_visited_source_is_covered_between_its_visits(
    sessions: Sessions, clock: FakeClock
) -> None:
    clock.set(START + 20 * HOUR)
    source = add(sessions, "每月通报", interval_s=3 * 3600)
    empty = {"visits": 0, "succeeded": 0, "new": 0, "seen": 0, "pages": 0, "quality": 0}
    fill(sessions, source, range(1))
    fill(sessions, source, range(1, 20), **empty)
    # Two intervals of three hours are borne; a source that was never reached has no cover at all.
    daily = add(sessions, "每日一报", interval_s=86_400, succeeded_at=START)
    fill(sessions, daily, range(6, 20), **empty)
    never = add(sessions, "从未采到", interval_s=86_400)
    fill(sessions, never, range(6, 20), **empty)
    with sessions() as session:
        rows = read_coverage(session, START, clock.now(), clock.now())
    assert {row.name: row.totals.gaps_h for row in rows} == {
        "每月通报": 14, "每日一报": 0, "从未采到": 14,
    }  # fmt: skip


def test_the_statement_names_what_is_missing_and_why(sessions: Sessions, clock: FakeClock) -> None:
    clock.set(START + 24 * HOUR)
    names = ("好好的", "静默论坛", "出错网", "停摆报", "改版站", "短缺站")
    ids = {name: add(sessions, name) for name in names}
    add(sessions, "暂停的", state="paused")
    add(sessions, "导入的文件", url=None)
    broken = {"succeeded": 0, "new": 0, "seen": 0, "pages": 0, "quality": 0}
    for name, bad, values in (
        ("好好的", 0, {}),
        ("静默论坛", 5, {"new": 0}),
        ("出错网", 6, {**broken, "failures": {"server_error": 6}}),
        ("停摆报", 7, {**broken, "visits": 0}),
        ("改版站", 0, {}),
        # Two hours of a day are borne.
        ("短缺站", 2, {**broken, "visits": 0}),
    ):
        fill(sessions, ids[name], range(24 - bad))
        fill(sessions, ids[name], range(24 - bad, 24), **values)
    with sessions.begin() as session:
        at = START + 22 * HOUR
        notices.raise_notice(session, f"source-silent:{ids['静默论坛']}", "静默", at)
        notices.raise_notice(session, f"source-degraded:{ids['改版站']}", "质量", at)
        notices.raise_notice(session, "roster-gap", "无人值班", at)
    with sessions() as session:
        stated = coverage_statement(session, START, clock.now(), clock.now())
        before = coverage_statement(session, START, START + 12 * HOUR, clock.now())
    assert [(one.name, one.reason) for one in stated.missing] == [
        ("停摆报", MissingReason.UNVISITED),
        ("出错网", MissingReason.FAILING),
        ("改版站", MissingReason.DEGRADED),
        ("静默论坛", MissingReason.SILENT),
    ]
    assert stated.text == (
        "覆盖：本期 2/6 个信源正常；缺：停摆报（没有采集 7 小时）、出错网（采集失败 6 小时：网站自身出错）、"
        "改版站（正文提取质量下降）、静默论坛（静默 5 小时）；按平时应有约 360 条，收到 248 条；采集空缺共 15 小时。"
    )
    assert before.is_complete
    assert before.text == "覆盖：本期 6/6 个信源正常；按平时应有约 180 条，收到 144 条。"
    kept = stated.as_json()
    assert (kept["normal"], kept["text"]) == (2, stated.text)


def test_a_cleared_alarm_still_counts_for_the_time_it_stood(
    sessions: Sessions, clock: FakeClock
) -> None:
    clock.set(START + 48 * HOUR)
    source = add(sessions, "静默论坛")
    fill(sessions, source, range(4))
    fill(sessions, source, range(4, 12), new=0)
    fill(sessions, source, range(12, 48))
    with sessions.begin() as session:
        key = f"source-silent:{source}"
        notices.raise_notice(session, key, "静默", START + 9 * HOUR)
        notices.clear_notice(session, key, START + 12 * HOUR)
    with sessions() as session:
        first = coverage_statement(session, START, START + 24 * HOUR, clock.now())
        second = coverage_statement(session, START + 24 * HOUR, clock.now(), clock.now())
    assert [one.said for one in first.missing] == ["静默 8 小时"]
    assert second.is_complete


def test_nothing_to_cover_is_said_and_is_not_complete(sessions: Sessions, clock: FakeClock) -> None:
    with sessions() as session:
        stated = coverage_statement(session, START, clock.now(), clock.now())
    assert (stated.text, stated.is_complete) == ("覆盖：本期没有启用的数据源。", False)


def test_every_cause_of_failure_has_words() -> None:
    assert set(CAUSE_LABELS) == {cause.value for cause in FailureCause}


def test_the_ledger_of_a_source_leaves_nothing_out(sessions: Sessions, clock: FakeClock) -> None:
    clock.set(START + 30 * HOUR + HOUR / 2)
    source = add(sessions, "河湾新闻网")
    fill(sessions, source, range(2, 20))
    fill(sessions, source, range(20, 26), visits=0, succeeded=0, new=0, pages=0, quality=0)
    fill(sessions, source, range(26, 31), failures={"timeout": 2})
    with sessions() as session:
        hours = hourly(session, [source, 9], hours=33, now=clock.now())
        days = daily(session, source, days=3, now=clock.now())
        assert (usual_of(session, source), alarms_of(session, source)) == (None, [])
    assert hours[9] == [LedgerSpan(START + (number - 2) * HOUR) for number in range(33)]
    told = hours[source]
    assert [span.start for span in told] == [span.start for span in hours[9]]
    assert "".join("x" if span.is_gap else str(span.watched_h) for span in told) == (
        "0" * 4 + "1" * 18 + "x" * 6 + "1" * 5
    )
    assert told[-1].failures == {"timeout": 2}
    # Days begin at midnight in Shanghai, which is 16 o'clock in UTC.
    assert [(day.start, day.watched_h, day.gaps_h) for day in days] == [
        (START - 34 * HOUR, 0, 0), (START - 10 * HOUR, 12, 0), (START + 14 * HOUR, 17, 6),
    ]  # fmt: skip
