"""A fresh installation in a folder of its own, with real processes."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from config.settings import load_settings
from core.clock import monotonic
from core.database.embedded import EmbeddedServer
from core.database.models.operations import Heartbeat
from tests.installation import free_port
from zhisheng.seeding import seed
from zhisheng.services import Services, open_services
from zhisheng.supervisor import Supervisor

LOOPBACK = "127.0.0.0/8"
START_TIMEOUT_S = 60.0
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Installation:
    """``environment`` is what its processes are started with."""

    services: Services
    environment: Mapping[str, str]


@contextmanager
def fresh_installation() -> Iterator[Installation]:
    """Make an empty one that may reach loopback; what it stored is removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="zhisheng-home-"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZHISHENG_")}
    environment = {
        **kept,
        "ZHISHENG_HOME": str(home),
        "ZHISHENG_DEMO": "0",
        "ZHISHENG_PORT": str(free_port()),
        "ZHISHENG_ALLOWED_ADDRESSES": LOOPBACK,
        "ZHISHENG_LOG_LEVEL": "WARNING",
    }
    try:
        with open_services(load_settings(environment)) as services:
            seed(services)
            yield Installation(services, environment)
    finally:
        shutil.rmtree(EmbeddedServer(home).files.folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running(installation: Installation, roles: Sequence[str]) -> Iterator[None]:
    """Run one process of each role, from its first heartbeat on."""
    stop = threading.Event()
    supervisor = Supervisor(
        roles=[(role, 1) for role in roles], environment=installation.environment, stop=stop
    )
    thread = threading.Thread(target=supervisor.run, name="supervisor")
    thread.start()
    try:
        _wait_for(installation.services, frozenset(roles), stop)
        yield
    finally:
        stop.set()
        thread.join()


def _wait_for(services: Services, roles: frozenset[str], stop: threading.Event) -> None:
    until = monotonic() + START_TIMEOUT_S
    while True:
        with services.sessions() as session:
            beating = set(session.scalars(select(Heartbeat.role)))
        if roles <= beating:
            return
        if monotonic() > until:
            raise TimeoutError(f"did not start: {', '.join(sorted(roles - beating))}")
        stop.wait(LOOK_EVERY_S)
