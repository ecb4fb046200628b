"""``zhisheng serve`` as a process of its own, empty or as the demo, for browsers to visit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import update

from config.settings import load_settings
from core.database.models.media import Publication, PublicationState
from tests.installation import Installation, free_port, wait_until
from zhisheng.services import open_services

START_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running installation and the address of its console."""

    base: str
    installation: Installation

    def ingest(self, posts: Sequence[Mapping[str, object]]) -> None:
        """Bring posts in by the command line, as an operator would."""
        file = self.installation.home / "posts.jsonl"
        lines = [json.dumps(post, ensure_ascii=False) for post in posts]
        file.write_text("\n".join(lines), encoding="utf-8")
        outcome = self.installation.run("ingest", str(file))
        assert outcome.returncode == 0, outcome.stderr
        assert json.loads(outcome.stdout)["accepted"] == len(posts)

    def make_numbers_due(self) -> None:
        """Have the numbers of all published posts read now: the first minute is not waited for."""
        settings = load_settings(self.installation.environment())
        with (
            open_services(settings, start_database=False) as services,
            services.sessions.begin() as session,
        ):
            session.execute(
                update(Publication)
                .where(Publication.state == PublicationState.PUBLISHED)
                .values(due_at=services.clock.now())
            )


@contextmanager
def served(home: Path, *, is_demo: bool) -> Iterator[Served]:
    """Start everything on one home, wait for the console, and stop it in order at the end."""
    port = free_port()
    settings = {"ZHISHENG_DEMO": str(int(is_demo)), "ZHISHENG_PORT": str(port)}
    installation = Installation(home, settings)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "zhisheng", "serve"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=installation.environment(),
        start_new_session=True,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until(
            lambda: _answers(base) or process.poll() is not None,
            limit_s=START_LIMIT_S,
            what="the console answers",
        )
        assert process.poll() is None, "serve ended before its console answered"
        yield Served(base, installation)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)
        installation.remove()


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/healthz", trust_env=False, timeout=2.0).is_success
    except httpx.TransportError:
        return False
