"""A crawl process as a role would run it; started by the tests, ended by SIGTERM."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from core import faults
from core.clock import SystemClock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.sessions import create_database_engine, create_sessions
from core.outbound.address_policy import AddressPolicy, Resolver, system_addresses
from crawlers.process import CrawlContext, run_crawler


def scripted_names(answers: dict[str, list[str]]) -> Resolver:
    """Answer the names of a test, one answer after the other and the last for ever; *.test is loopback."""
    lists = {
        name: itertools.chain(given, itertools.repeat(given[-1])) for name, given in answers.items()
    }
    lock = threading.Lock()

    def resolve(host: str, port: int) -> Sequence[str]:
        with lock:
            if host in lists:
                return [next(lists[host])]
        return ["127.0.0.1"] if host.endswith(".test") else system_addresses(host, port)

    return resolve


def main() -> None:
    url, home, owner, allowed = sys.argv[1:5]
    folder = Path(home)
    faults.arm(os.environ.get("ZHISHENG_FAULT"), folder)
    keyring = Keyring.open(folder / "master.key", create=True)
    sessions = create_sessions(create_database_engine(url))
    level = os.environ.get("LOG_LEVEL", "INFO")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    context = CrawlContext(
        sessions=sessions,
        clock=SystemClock(),
        policy=AddressPolicy.allowing(
            allowed.split(",") if allowed else [],
            ports=[int(port) for port in os.environ.get("PORTS", "80,443").split(",")],
            resolver=scripted_names(json.loads(os.environ.get("NAMES", "{}"))),
        ),
        user_agent="Zhisheng/test (tests; test@example.org)",
        hasher=AuthorHasher(sessions, keyring),
        keyring=keyring,
        owner=owner,
        poll_s=0.1,
        host_delay_s=float(os.environ.get("HOST_DELAY_S", "0")),
        host_at_once=int(os.environ.get("HOST_AT_ONCE", "2")),
        most_source_visits=int(os.environ.get("SOURCE_VISITS", "32")),
        most_page_visits=int(os.environ.get("PAGE_VISITS", "32")),
        extraction_workers=int(os.environ.get("WORKERS", "1")),
        lease_s=float(os.environ.get("LEASE_S", "2")),
        timeout_s=float(os.environ.get("TIMEOUT_S", "5")),
        browser_timeout_s=float(os.environ.get("BROWSER_TIMEOUT_S", "20")),
        replay_folder=folder / "replay",
    )
    run_crawler(context, stop)


if __name__ == "__main__":
    main()
