"""A site, a crawl process and a hasher for the tests of the crawlers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import select

from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.sessions import Sessions
from tests.crawlers.site import Site, serving

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path / "master.key", create=True)


@pytest.fixture
def hasher(sessions: Sessions, keyring: Keyring) -> AuthorHasher:
    return AuthorHasher(sessions, keyring)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


@dataclass
class CrawlProcesses:
    """Starts crawl processes and ends each of them by its own id."""

    url: str
    home: Path
    running: list[subprocess.Popen[bytes]]
    allowed: str = "127.0.0.0/8"

    def start(self, owner: str = "one", **environment: str) -> subprocess.Popen[bytes]:
        # The process keeps the file open; this handle is only handed over.
        with (self.home / f"{owner}.log").open("ab") as log:
            process = self._start(owner, environment, log)
        self.running.append(process)
        return process

    def log(self, owner: str) -> str:
        return (self.home / f"{owner}.log").read_text("utf-8", errors="replace")

    def _start(
        self, owner: str, environment: dict[str, str], log: BinaryIO
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.crawlers.crawl_process",
             self.url, str(self.home), owner, self.allowed],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=log,
            stderr=log,
        )  # fmt: skip

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(20)


@pytest.fixture
def crawling(database_url: str, keyring: Keyring, tmp_path: Path) -> Iterator[CrawlProcesses]:
    del keyring  # The process reads the same master key file.
    processes = CrawlProcesses(database_url, tmp_path, [])
    yield processes
    for process in processes.running:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until(condition: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    """Look again and again: other processes work at their own pace."""
    ends = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < ends, "what was waited for did not happen"
        time.sleep(0.05)


def titles(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return sorted(session.scalars(select(DocumentBody.title)))


def documents(sessions: Sessions) -> list[Document]:
    with sessions() as session:
        return list(session.scalars(select(Document).order_by(Document.canonical_url)))


def source_row(sessions: Sessions, source_id: int) -> Source:
    with sessions() as session:
        return session.get_one(Source, source_id)
