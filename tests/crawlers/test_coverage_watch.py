"""The ledger over days of a fake clock: opened, learned, watched, with the operators' notices that follow."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.clock import FakeClock
from core.database.models.collecting import Source, SourceHour, SourceUsual
from core.database.models.operations import OperatorNotice
from core.database.sessions import Sessions
from core.source_health import SourceHealth, health, health_column, source_counts
from crawlers.coverage import ledger as coverage
from crawlers.coverage.hours import open_hours
from crawlers.coverage.learning import learn_usual
from crawlers.coverage.ledger import Yield, hour_of
from crawlers.coverage.watch import watch
from crawlers.sources import pause_source
from tests.crawlers.sources import add_source

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def with_history(sessions: Sessions, clock: FakeClock, *names: str) -> list[int]:
    """Add sources that gave two items of good quality in every hour of the last three weeks."""
    ids = []
    before = clock.now() - dt.timedelta(days=60)
    for number, name in enumerate(names):
        url = f"http://127.0.0.1:8/{number}"
        ids.append(add_source(sessions, url, interval_s=600, name=name, now=before).id)
    hours = [hour_of(clock.now()) - number * HOUR for number in range(1, 21 * 24)]
    rows = [
        {"source_id": id_, "hour": hour, "visits": 6, "succeeded": 6, "seen": 40, "new": 2,
         "duplicates": 38, "pages": 2, "quality": 1.8}
        for id_ in ids for hour in hours
    ]  # fmt: skip
    with sessions.begin() as session:
        session.execute(insert(SourceHour), rows)
        session.execute(update(Source).values(created_at=before))
    return ids


def visit(
    session: Session, id_: int, now: dt.datetime, *, new: int = 0, score: float | None = 0.9
) -> None:
    pages = new if score is not None else 0
    gained = Yield(visits=1, seen=20, new=new, pages=pages, quality=pages * (score or 0))
    coverage.record(session, id_, gained, now)
    source = session.get_one(Source, id_)
    source.visited_at = source.succeeded_at = now
    source.failures, source.failure_reason = 0, None
    source.due_at = now + 10 * MINUTE
    if new:
        source.last_item_at = now


def live(session: Session) -> list[str]:
    return list(
        session.scalars(
            select(OperatorNotice.key)
            .where(OperatorNotice.cleared_at.is_(None))
            .order_by(OperatorNotice.key)
        )
    )


def hours_of(session: Session, id_: int, since: dt.datetime) -> list[SourceHour]:
    found = select(SourceHour).where(SourceHour.source_id == id_, SourceHour.hour >= since)
    return list(session.scalars(found.order_by(SourceHour.hour)))


def healths(session: Session, now: dt.datetime) -> list[SourceHealth]:
    """Judge every source in Python and in SQL, which must agree."""
    rows = session.execute(select(Source, health_column(now)).order_by(Source.id)).all()
    assert [health(source, now).value for source, _ in rows] == [judged for _, judged in rows]
    return [SourceHealth(judged) for _, judged in rows]


class Day:
    """Lets time pass in steps of ten minutes, with visits as told and the watch after each."""

    def __init__(self, sessions: Sessions, clock: FakeClock) -> None:
        self._sessions, self._clock = sessions, clock
        self.told: list[list[str]] = []

    def passes(self, hours: float, gives: dict[int, int], *, score: float = 0.9) -> list[str]:
        """Visit the sources of ``gives``, which give so many items each time; list what stands at the end."""
        for _ in range(round(hours * 6)):
            self._clock.advance(10 * MINUTE)
            now = self._clock.now()
            with self._sessions.begin() as session:
                open_hours(session, now)
                for id_, new in gives.items():
                    visit(session, id_, now, new=new, score=score)
            watch(self._sessions, now)
            with self._sessions() as session:
                self.told.append(live(session))
        return self.told[-1]


def test_silence_failure_and_a_redesign_are_told_once_and_clear_themselves(
    sessions: Sessions, clock: FakeClock
) -> None:
    steady, fading = with_history(sessions, clock, "河湾新闻网", "江口论坛")
    assert learn_usual(sessions, clock.now()) == 2
    assert learn_usual(sessions, clock.now()) == 0
    day = Day(sessions, clock)
    assert day.passes(3, {steady: 1, fading: 1}) == []
    # Two items an hour were usual: ten hours without any are far beyond chance.
    quiet_from = clock.now()
    assert day.passes(8, {steady: 1, fading: 0}) == [f"source-silent:{fading}"]
    with sessions() as session:
        assert session.get_one(Source, fading).silent_since == quiet_from
        assert healths(session, clock.now()) == [SourceHealth.OK, SourceHealth.SILENT]
        assert source_counts(session, clock.now())["silent"] == 1
        notice = session.scalars(select(OperatorNotice)).one()
        assert "江口论坛" in notice.text
    assert day.passes(0.2, {steady: 1, fading: 1}) == []
    # A redesign: pages still come, but hardly anything can be read from them.
    assert day.passes(8, {steady: 1, fading: 1}, score=0.2) == [
        f"source-degraded:{steady}", f"source-degraded:{fading}",
    ]  # fmt: skip
    with sessions() as session:
        assert healths(session, clock.now()) == [SourceHealth.DEGRADED, SourceHealth.DEGRADED]
    assert day.passes(8, {steady: 1, fading: 1}) == []
    with sessions.begin() as session:
        failing = session.get_one(Source, fading)
        failing.failures, failing.failure_reason = 4, "网站自身出错，稍后自动重试。"
        failing.due_at = clock.now() + 9 * HOUR
    assert day.passes(2, {steady: 1}) == [f"source-failing:{fading}"]
    with sessions() as session:
        assert healths(session, clock.now()) == [SourceHealth.OK, SourceHealth.FAILING]
    assert day.passes(0.2, {steady: 1, fading: 1}) == []
    with sessions() as session:
        raised = session.scalars(select(OperatorNotice.key).order_by(OperatorNotice.id)).all()
    assert sorted(raised) == sorted(
        [f"source-silent:{fading}", f"source-degraded:{steady}", f"source-degraded:{fading}",
         f"source-failing:{fading}"]
    )  # fmt: skip


def test_hours_without_any_crawler_are_gaps_and_one_alarm(
    sessions: Sessions, clock: FakeClock
) -> None:
    first, second = with_history(sessions, clock, "河湾新闻网", "江口论坛")
    learn_usual(sessions, clock.now())
    day, began = Day(sessions, clock), hour_of(clock.now()) + HOUR
    day.passes(1, {first: 1, second: 1})
    assert day.passes(1, {}) == ["collecting-stopped"]
    # The whole system is off for hours, and makes up for them when it is back.
    clock.advance(5 * HOUR)
    assert day.passes(0.2, {first: 3, second: 1}) == []
    with sessions() as session:
        rows = hours_of(session, first, began)
        assert [row.hour for row in rows] == [began + number * HOUR for number in range(len(rows))]
        assert [bool(row.visits) for row in rows] == [True, *[False] * (len(rows) - 2), True]
        assert all(row.expected == pytest.approx(2, abs=0.4) for row in rows)


def test_what_was_expected_of_an_hour_is_never_rewritten(
    sessions: Sessions, clock: FakeClock
) -> None:
    (source,) = with_history(sessions, clock, "河湾新闻网")
    now = clock.now()
    with sessions.begin() as session:
        # Visited before anything was learned: what is usual is filled in once.
        visit(session, source, now, new=1)
        assert open_hours(session, now) == 0
    learn_usual(sessions, now)
    with sessions.begin() as session:
        assert open_hours(session, now) == 1
        written = hours_of(session, source, hour_of(now))[0].expected
        changed = {"week": [9.0] * 168, "workday": [9.0] * 24, "rest": [9.0] * 24}
        session.execute(update(SourceUsual).values(hours=changed))
        assert open_hours(session, now) == 0
        session.expire_all()
        assert hours_of(session, source, hour_of(now))[0].expected == written
        assert open_hours(session, now + HOUR) == 1
        assert hours_of(session, source, hour_of(now))[1].expected == 9


def test_paused_sources_are_not_waited_for_and_a_silent_one_teaches_nothing(
    sessions: Sessions, clock: FakeClock
) -> None:
    silent, paused = with_history(sessions, clock, "河湾新闻网", "江口论坛")
    with sessions.begin() as session:
        pause_source(session, paused, now=clock.now(), actor="system")
        session.execute(update(Source).values(silent_since=clock.now(), last_item_at=clock.now()))
    assert learn_usual(sessions, clock.now()) == 0
    with sessions.begin() as session:
        assert open_hours(session, clock.now()) == 1
    watch(sessions, clock.now())
    with sessions() as session:
        assert session.get_one(Source, paused).silent_since is None
        assert session.scalar(select(func.count()).select_from(SourceUsual)) == 0
        assert healths(session, clock.now())[1] is SourceHealth.PAUSED
    del silent
