import datetime as dt

import pytest
from sqlalchemy import update

from core import claims
from core.clock import FakeClock
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.search_lag import index_lag, lag_notice

MINUTE = dt.timedelta(minutes=1)


def lag(sessions: Sessions, clock: FakeClock) -> dt.timedelta | None:
    with sessions() as session:
        return index_lag(session, clock.now())


def test_the_lag_is_that_of_the_oldest_change_even_when_it_is_asked_for_or_tried_again(
    sessions: Sessions, clock: FakeClock
) -> None:
    assert lag(sessions, clock) is None
    with sessions.begin() as session:
        claims.enqueue(session, Queue.INDEX, [1], clock.now())
    clock.advance(2 * MINUTE)
    with sessions.begin() as session:
        claims.enqueue(session, Queue.INDEX, [1, 2], clock.now())
        claims.enqueue(session, Queue.EVALUATE, [1], clock.now())
    clock.advance(MINUTE)
    with sessions.begin() as session:
        session.execute(update(WorkItem).values(due_at=clock.now() + MINUTE))
    assert lag(sessions, clock) == 3 * MINUTE


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        (Queue.ANALYSE, MINUTE),
        (Queue.INDEX, MINUTE),
        (Queue.UNINDEX, MINUTE),
        (Queue.EVALUATE, None),
    ],
)
def test_only_work_that_leads_to_the_index_counts(
    sessions: Sessions, clock: FakeClock, queue: Queue, expected: dt.timedelta | None
) -> None:
    with sessions.begin() as session:
        claims.enqueue(session, queue, [1], clock.now())
    clock.advance(MINUTE)
    assert lag(sessions, clock) == expected


def test_what_was_given_up_is_waited_for_only_from_when_it_is_asked_for_again(
    sessions: Sessions, clock: FakeClock
) -> None:
    with sessions.begin() as session:
        claims.enqueue(session, Queue.INDEX, [1], clock.now())
        session.execute(update(WorkItem).values(dead_at=clock.now()))
    clock.advance(9 * MINUTE)
    assert lag(sessions, clock) is None
    with sessions.begin() as session:
        claims.enqueue(session, Queue.INDEX, [1], clock.now())
    assert lag(sessions, clock) == dt.timedelta()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, None),
        (59, None),
        (60, "索引延迟 1 分钟"),
        (59 * 60 + 59, "索引延迟 59 分钟"),
        (3 * 3600, "索引延迟 3 小时"),
        (49 * 3600, "索引延迟 2 天"),
    ],
)
def test_readers_are_told_of_a_lag_from_a_minute_on(
    seconds: int | None, expected: str | None
) -> None:
    notice = lag_notice(None if seconds is None else dt.timedelta(seconds=seconds))
    assert notice == expected or (notice or "").startswith(f"{expected}：")
