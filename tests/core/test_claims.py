import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from core import claims
from core.clock import FakeClock
from core.database.models.collecting import FrontierURL, Source
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.errors import ConflictError
from tests.crawlers.sources import add_source

LEASE = dt.timedelta(seconds=30)


def enqueue(sessions: Sessions, clock: FakeClock, *subjects: int) -> None:
    with sessions.begin() as session:
        claims.enqueue(session, Queue.ANALYSE, subjects, clock.now())


def take(sessions: Sessions, clock: FakeClock, owner: str, limit: int = 10) -> list[claims.Claim]:
    with sessions.begin() as session:
        return claims.take(
            session, WorkItem, owner=owner, now=clock.now(), lease=LEASE, limit=limit
        )


def test_two_workers_never_hold_the_same_row(sessions: Sessions, clock: FakeClock) -> None:
    enqueue(sessions, clock, *range(20))
    with sessions.begin() as first, sessions.begin() as second:
        a = claims.take(first, WorkItem, owner="a", now=clock.now(), lease=LEASE, limit=12)
        b = claims.take(second, WorkItem, owner="b", now=clock.now(), lease=LEASE, limit=12)
    assert len(a) == 12
    assert len(b) == 8
    assert not {c.id for c in a} & {c.id for c in b}
    assert take(sessions, clock, "c") == []


def test_a_row_is_not_due_before_its_time(sessions: Sessions, clock: FakeClock) -> None:
    with sessions.begin() as session:
        claims.enqueue(session, Queue.ANALYSE, [1], clock.now() + dt.timedelta(seconds=1))
    assert take(sessions, clock, "a") == []
    clock.advance(dt.timedelta(seconds=1))
    assert len(take(sessions, clock, "a")) == 1


def test_a_worker_that_lost_its_lease_changes_nothing(sessions: Sessions, clock: FakeClock) -> None:
    enqueue(sessions, clock, 1)
    (old,) = take(sessions, clock, "zombie")
    with sessions.begin() as session:
        session.execute(update(WorkItem).values(lease_until=text("now() - interval '1 second'")))
    (new,) = take(sessions, clock, "heir")
    assert new.epoch == old.epoch + 1
    changes: list[Callable[[Session], None]] = [
        lambda s: claims.remove(s, WorkItem, old),
        lambda s: claims.finish(s, WorkItem, old),
        lambda s: claims.retry(s, WorkItem, old, due_at=clock.now(), error="x"),
        lambda s: claims.bury(s, WorkItem, old, now=clock.now(), error="x"),
        lambda s: claims.extend(s, WorkItem, old, LEASE),
    ]
    for change in changes:
        with pytest.raises(ConflictError), sessions.begin() as session:
            change(session)
    with sessions.begin() as session:
        assert claims.extend_many(session, WorkItem, [old], LEASE) == set()
        assert claims.extend_many(session, WorkItem, [new], LEASE) == {new}
        assert claims.lock_held(session, WorkItem, [old]) == {}
        claims.remove(session, WorkItem, new)


def test_an_expired_lease_writes_nothing_even_without_an_heir(
    sessions: Sessions, clock: FakeClock
) -> None:
    enqueue(sessions, clock, 1)
    (claim,) = take(sessions, clock, "paused")
    with sessions.begin() as session:
        session.execute(update(WorkItem).values(lease_until=text("now() - interval '1 second'")))
    with pytest.raises(ConflictError), sessions.begin() as session:
        claims.remove(session, WorkItem, claim)


def test_work_queued_again_while_busy_is_done_again(sessions: Sessions, clock: FakeClock) -> None:
    enqueue(sessions, clock, 1)
    (claim,) = take(sessions, clock, "a")
    enqueue(sessions, clock, 1)
    with pytest.raises(ConflictError), sessions.begin() as session:
        claims.remove(session, WorkItem, claim)
    assert len(take(sessions, clock, "b")) == 1


def test_a_dead_row_stays_listed_until_it_is_revived(sessions: Sessions, clock: FakeClock) -> None:
    enqueue(sessions, clock, 1)
    (claim,) = take(sessions, clock, "a")
    with sessions.begin() as session:
        claims.bury(session, WorkItem, claim, now=clock.now(), error="坏数据")
    assert take(sessions, clock, "b") == []
    with sessions.begin() as session:
        assert session.scalars(select(WorkItem.last_error)).all() == ["坏数据"]
        assert claims.revive(session, WorkItem, claim.id, clock.now())
        assert not claims.revive(session, WorkItem, claim.id, clock.now())
    assert len(take(sessions, clock, "b")) == 1


def test_a_retry_counts_attempts_and_waits(sessions: Sessions, clock: FakeClock) -> None:
    enqueue(sessions, clock, 1)
    for expected in (1, 2, 3):
        (claim,) = take(sessions, clock, "a")
        assert claim.attempt == expected
        due = claims.backoff(claim.attempt, clock.now())
        with sessions.begin() as session:
            claims.retry(session, WorkItem, claim, due_at=due, error="暂时不行")
        assert take(sessions, clock, "a") == []
        clock.advance(due - clock.now())


@pytest.mark.parametrize(("attempt", "seconds"), [(0, 15), (1, 15), (2, 60), (5, 3600), (99, 3600)])
def test_backoff_grows_and_stays_within_a_fifth(
    attempt: int, seconds: int, clock: FakeClock
) -> None:
    for _ in range(20):
        wait = (claims.backoff(attempt, clock.now()) - clock.now()).total_seconds()
        assert 0.8 * seconds <= wait <= 1.2 * seconds


def test_a_locked_row_may_still_be_referred_to(sessions: Sessions, clock: FakeClock) -> None:
    first, second = (
        add_source(sessions, f"http://{name}.example/", name=name, now=clock.now())
        for name in ("news", "forum")
    )
    with sessions.begin() as session:
        claimed = claims.take(session, Source, owner="a", now=clock.now(), lease=LEASE, limit=2)
    with sessions.begin() as visits, sessions.begin() as others:
        for session in (visits, others):
            session.execute(text("set local lock_timeout = '2s'"))
        add_page(others, second, clock.now())
        assert set(claims.lock_held(visits, Source, claimed)) == {first.id, second.id}
        add_page(others, first, clock.now())


def add_page(session: Session, source: Source, now: dt.datetime) -> None:
    url = f"{source.url}1.html"
    session.add(FrontierURL(source_id=source.id, url=url, kind="page", due_at=now))
    session.flush()
