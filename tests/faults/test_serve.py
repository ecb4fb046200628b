"""``zhisheng serve`` on an empty home: started, hurt, killed, started again, stopped in order."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from config.settings import load_settings
from core.database.models.operations import Heartbeat
from tests.installation import Installation, free_port, wait_until
from zhisheng.services import open_services

pytestmark = pytest.mark.faults

ROLES = {"web", "index", "engine", "send", "publish", "understand", "crawl"}
STOP_LIMIT_S = 20.0


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path / "home", {"ZHISHENG_PORT": str(free_port())})
    yield installation
    installation.remove()


def serve(installation: Installation) -> subprocess.Popen[bytes]:
    """Start everything; return when the console answers and every role beats."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "zhisheng", "serve"],
        env=installation.environment(),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: answers(installation), what="/healthz")
    wait_until(lambda: running(installation) >= ROLES, what="every role")
    return process


def answers(installation: Installation) -> bool:
    address = f"http://127.0.0.1:{installation.settings['ZHISHENG_PORT']}/healthz"
    try:
        return httpx.get(address, trust_env=False).is_success
    except httpx.TransportError:
        return False


def running(installation: Installation) -> set[str]:
    """Name the roles of which a living process has beaten."""
    settings = load_settings(installation.environment())
    alive = {str(number) for number in installation.process_ids()}
    with (
        open_services(settings, start_database=False) as services,
        services.sessions() as session,
    ):
        beats = session.execute(select(Heartbeat.role, Heartbeat.owner)).all()
    return {role for role, owner in beats if owner.rpartition(":")[2] in alive}


def role_process(installation: Installation, role: str) -> int | None:
    mark = f"zhisheng {role} "
    return next(
        (number for number, line in installation.process_ids().items() if mark in line), None
    )


def is_gone(installation: Installation) -> bool:
    return not installation.process_ids() and not installation.database_is_running()


def test_serve_survives_a_killed_role_and_a_kill_of_its_own_and_stops_in_order(
    installation: Installation,
) -> None:
    process = serve(installation)
    killed = role_process(installation, "index")
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until(
        lambda: role_process(installation, "index") not in {None, killed}, what="a new index role"
    )

    process.kill()
    process.wait()
    wait_until(lambda: is_gone(installation), what="the roles ending with their supervisor")

    process = serve(installation)
    process.terminate()
    assert process.wait(timeout=STOP_LIMIT_S) == 0
    assert is_gone(installation)

    stopped = installation.run("status", "--json")
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert "没有运行" in stopped.stderr
    assert not installation.database_is_running()
