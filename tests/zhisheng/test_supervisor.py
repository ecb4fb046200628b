"""The supervisor with real child processes: a role that ends at once is started again, all stop in order."""

import os
import threading
from pathlib import Path

from core.clock import monotonic
from zhisheng.supervisor import Child, Supervisor


def environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ZHISHENG_HOME": str(home),
        "ZHISHENG_DEMO": "0",
        # A database that is not there: the role ends by itself, again and again.
        "ZHISHENG_DATABASE_URL": "postgresql://nobody:x@127.0.0.1:1/none",
    }


def wait_until(condition: object, limit_s: float = 30.0) -> None:
    deadline = monotonic() + limit_s
    pause = threading.Event()
    while not condition():  # type: ignore[operator]
        assert monotonic() < deadline
        pause.wait(0.05)


def test_a_role_that_ends_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    supervisor = Supervisor(roles=[("index", 1)], environment=environment(tmp_path))
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    wait_until(lambda: supervisor.children and supervisor.children[0].fails >= 2)
    supervisor.stop.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
    (child,) = supervisor.children
    assert isinstance(child, Child)
    assert child.process is None or child.process.poll() is not None
