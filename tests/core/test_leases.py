import pytest
from sqlalchemy import text

from core import leases
from core.clock import FakeClock
from core.database.sessions import Sessions
from core.errors import ConflictError


def lead(sessions: Sessions, owner: str) -> leases.Leadership | None:
    with sessions.begin() as session:
        return leases.lead(session, "engine", owner, version="1")


def test_one_leads_and_the_other_waits(sessions: Sessions) -> None:
    first = lead(sessions, "a")
    assert first is not None
    assert first.epoch == 1
    assert lead(sessions, "b") is None
    renewed = lead(sessions, "a")
    assert renewed is not None
    assert renewed.epoch == 1


def test_a_standby_takes_over_with_a_higher_epoch_and_fences_the_old_leader(
    sessions: Sessions, clock: FakeClock
) -> None:
    old = lead(sessions, "a")
    assert old is not None
    with sessions.begin() as session:
        session.execute(text("update module_lease set lease_until = now() - interval '1 second'"))
    new = lead(sessions, "b")
    assert new is not None
    assert new.epoch == 2
    with pytest.raises(ConflictError), sessions.begin() as session:
        leases.save_tick(session, old, clock.now())
    with sessions.begin() as session:
        leases.save_tick(session, new, clock.now())
        assert leases.leader(session, "engine") == "b"


def test_resigning_lets_a_standby_in_at_once(sessions: Sessions) -> None:
    first = lead(sessions, "a")
    assert first is not None
    with sessions.begin() as session:
        leases.resign(session, first)
    assert lead(sessions, "b") is not None
