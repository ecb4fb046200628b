"""A crawl process as a role would run it; started by the tests, ended by SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from core import faults
from core.clock import SystemClock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.sessions import create_database_engine, create_sessions
from core.outbound.address_policy import AddressPolicy
from crawlers.process import CrawlContext, run_crawler


def main() -> None:
    url, home, owner, allowed = sys.argv[1:5]
    folder = Path(home)
    faults.arm(os.environ.get("ZHISHENG_FAULT"), folder)
    keyring = Keyring.open(folder / "master.key", create=True)
    sessions = create_sessions(create_database_engine(url))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    context = CrawlContext(
        sessions=sessions,
        clock=SystemClock(),
        policy=AddressPolicy.allowing(allowed.split(",") if allowed else []),
        user_agent="Zhisheng/test (tests; test@example.org)",
        hasher=AuthorHasher(sessions, keyring),
        keyring=keyring,
        owner=owner,
        poll_s=0.1,
        host_delay_s=float(os.environ.get("HOST_DELAY_S", "0")),
        lease_s=float(os.environ.get("LEASE_S", "2")),
        timeout_s=5,
    )
    run_crawler(context, stop)


if __name__ == "__main__":
    main()
