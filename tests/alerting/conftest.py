"""Fixtures of the alerting tests."""

import pytest

from core.clock import FakeClock
from core.database.sessions import Sessions
from tests.alerting.world import World


@pytest.fixture
def world(sessions: Sessions, clock: FakeClock) -> World:
    return World(sessions, clock)
