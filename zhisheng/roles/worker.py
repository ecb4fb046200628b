"""The loop around a worker: wake-ups, polling, heartbeats and the error border."""

from __future__ import annotations

import threading
from typing import Protocol, Self

import structlog
from sqlalchemy.exc import OperationalError

from core import heartbeats
from core.database.models.operations import Heartbeat
from core.errors import UnavailableError
from core.wakeup import Wakeup
from zhisheng.services import Services

log = structlog.get_logger(__name__)

BEAT_S = 5.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0


class Worker(Protocol):
    """``step`` handles what is due and tells how much that was; ``topics`` wake it."""

    topics: frozenset[str]

    def step(self) -> int: ...


class Pulse:
    """Beats for one process of a role until it is stopped in order."""

    def __init__(self, services: Services, role: str, stop: threading.Event) -> None:
        self._services = services
        self._stop = stop
        now = services.clock.now()
        self._heartbeat = Heartbeat(
            role=role, owner=services.owner, started_at=now, beaten_at=now, version=services.version
        )
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._beat()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=BEAT_S)
        services = self._services
        try:
            with services.sessions.begin() as session:
                heartbeats.forget(
                    session, self._heartbeat.role, services.owner, services.clock.now()
                )
        except OperationalError:
            log.warning("heartbeat_not_removed", role=self._heartbeat.role)

    def _run(self) -> None:
        while not self._stop.wait(BEAT_S):
            self._beat()

    def _beat(self) -> None:
        try:
            self._services.clock.renew()
            with self._services.sessions.begin() as session:
                heartbeats.beat(session, self._heartbeat, self._services.clock.now())
        except OperationalError as error:
            log.warning("heartbeat_failed", error=type(error.orig).__name__)


def run_worker(
    services: Services, worker: Worker, stop: threading.Event, *, poll_s: float = 1.0
) -> None:
    """Call ``step`` until ``stop``: at once while there is work, else on a wake-up or every ``poll_s``."""
    wakeup = Wakeup(services.database_url, worker.topics)
    wakeup.start()
    pause = FIRST_PAUSE_S
    try:
        while not stop.is_set():
            try:
                handled = worker.step()
            except (OperationalError, UnavailableError) as error:
                log.warning("worker_waits", error=str(error)[:300], pause_s=pause)
            except Exception:
                # The job border: one bad item must not end the role.
                log.exception("worker_step_failed", pause_s=pause)
            else:
                pause = FIRST_PAUSE_S
                if not handled:
                    wakeup.wait(poll_s)
                continue
            stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
    finally:
        wakeup.stop()
