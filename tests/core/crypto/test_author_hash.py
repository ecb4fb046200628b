import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import FakeClock
from core.crypto.author_hash import (
    EPOCH_LENGTH,
    AuthorHasher,
    destroy_expired_epochs,
    epoch_start,
)
from core.crypto.keyring import Keyring
from core.database.models.operations import EpochKey
from core.database.sessions import Sessions

KEYRING = Keyring([bytes(range(32))])


@given(st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_every_moment_lies_in_exactly_one_epoch(naive: dt.datetime) -> None:
    now = naive.replace(tzinfo=dt.UTC)
    start = epoch_start(now)
    assert start <= now < start + EPOCH_LENGTH
    assert epoch_start(start) == start


def test_processes_agree_within_an_epoch(sessions: Sessions, clock: FakeClock) -> None:
    first, second = AuthorHasher(sessions, KEYRING), AuthorHasher(sessions, KEYRING)
    earlier = clock.now() - dt.timedelta(seconds=1)
    one = first.hash("weibo", "10086", clock.now())
    assert one == second.hash("weibo", " 10086 ", earlier)
    assert len(one.digest) == 32
    with sessions() as session:
        assert session.scalars(select(EpochKey.id)).all() == [one.epoch]


@pytest.mark.parametrize(
    ("platform", "author"), [("weibo", "2"), ("forum", "1"), ("weib", "o1"), ("weibo1", "")]
)
def test_other_author_or_platform_has_another_hash(
    sessions: Sessions, clock: FakeClock, platform: str, author: str
) -> None:
    hasher = AuthorHasher(sessions, KEYRING)
    other = hasher.hash(platform, author, clock.now())
    assert hasher.hash("weibo", "1", clock.now()).digest != other.digest


def test_next_epoch_cannot_be_linked_and_the_old_key_is_destroyed(
    sessions: Sessions, clock: FakeClock
) -> None:
    hasher = AuthorHasher(sessions, KEYRING)
    old = hasher.hash("weibo", "1", clock.now())
    with sessions.begin() as session:
        assert destroy_expired_epochs(session, clock.now()) == 0
    clock.advance(EPOCH_LENGTH)
    new = hasher.hash("weibo", "1", clock.now())
    assert new.digest != old.digest
    assert new.epoch != old.epoch
    with sessions.begin() as session:
        assert destroy_expired_epochs(session, clock.now()) == 1
        assert destroy_expired_epochs(session, clock.now()) == 0
    with sessions() as session:
        row = session.get_one(EpochKey, old.epoch)
        assert row.sealed_key is None
        assert row.destroyed_at == clock.now()
    assert hasher.hash("weibo", "1", clock.now()) == new
