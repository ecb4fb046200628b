"""A whole installation for tests: a home, role processes, a site to crawl, a mailbox."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from config.settings import load_settings
from core.clock import monotonic
from core.database.embedded import EmbeddedServer
from zhisheng.seeding import seed
from zhisheng.services import Services, open_services

PATIENCE_S = 90.0
PAUSE_S = 0.1


def wait_until(
    condition: Callable[[], object],
    *,
    limit_s: float = PATIENCE_S,
    pause_s: float = PAUSE_S,
    what: str = "",
) -> None:
    """Poll until the condition holds; fail with ``what`` when it does not within the limit."""
    deadline = monotonic() + limit_s
    pause = threading.Event()
    while not condition():
        if monotonic() > deadline:
            raise AssertionError(f"not within {limit_s:.0f} s: {what or condition}")
        pause.wait(pause_s)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """Starts roles on one home as processes of their own and knows how to kill them."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "ZHISHENG_HOME": str(self.home),
            "ZHISHENG_DEMO": "0",
            "ZHISHENG_ALLOWED_ADDRESSES": "127.0.0.0/8",
            "ZHISHENG_LOG_LEVEL": "WARNING",
            **self.settings,
            **more,
        }

    def start(self, role: str, **more: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "zhisheng", role, "--stop-with-stdin"],
            stdin=subprocess.PIPE,
            env=self.environment(**more),
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def run(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "zhisheng", *arguments],
            env=self.environment(),
            input=text,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def status(self) -> dict[str, dict[str, object]]:
        """Give what ``zhisheng status --json`` prints; empty while nothing runs."""
        outcome = self.run("status", "--json")
        found: dict[str, dict[str, object]] = (
            json.loads(outcome.stdout) if outcome.returncode == 0 else {}
        )
        return found

    def stop(self) -> None:
        for process in self.processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=5)
        self.processes.clear()

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process the hard way, as a power cut would."""
        process.kill()
        process.wait(timeout=10)

    def process_ids(self) -> dict[int, str]:
        """Give the living processes that were started on this home, with their command lines."""
        mark = f"ZHISHENG_HOME={self.home}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            # A zombie has no command line any more.
            if mark in environment and command:
                found[int(folder.name)] = command
        return found

    def database_is_running(self) -> bool:
        """Tell whether the server of this home still runs, without touching it."""
        try:
            file = EmbeddedServer(self.home).files.process_file
            number = int(file.read_text(encoding="utf-8").splitlines()[0])
            return Path(f"/proc/{number}/cmdline").read_bytes() != b""
        except FileNotFoundError:
            return False

    @contextmanager
    def services(self) -> Iterator[Services]:
        """Open the services of this home in the test's own process, seeded as ``serve`` does."""
        with open_services(load_settings(self.environment())) as services:
            seed(services)
            yield services

    def remove(self) -> None:
        """Stop everything and delete what the home has stored, also outside of it."""
        self.stop()
        for number in self.process_ids():
            os.kill(number, signal.SIGKILL)
        folder = EmbeddedServer(self.home).files.folder
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class QuietHandler(WSGIRequestHandler):
    """A handler that keeps its requests out of the test output."""

    def log(self, type: str, message: str, *args: object) -> None:
        del type, message, args


@dataclass
class LoopbackSite:
    """A news site whose list page grows when a test publishes; counts what was asked of it."""

    pages: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def publish(self, slug: str, title: str, text: str) -> None:
        paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n"))
        self.pages[f"/{slug}.html"] = (
            f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{title}</title></head>'
            f"<body><article><h1>{title}</h1><div class='content'>{paragraphs}</div></article></body></html>"
        )

    def answer(self, request: Request) -> Response:
        self.requests.append(request.path)
        if request.path == "/robots.txt":
            return Response("User-agent: *\nAllow: /\n", mimetype="text/plain")
        if request.path == "/":
            links = "".join(
                f'<li><a href="{path}">{path}</a></li>' for path in reversed(self.pages)
            )
            body = f'<!doctype html><html><body><ul class="list">{links}</ul></body></html>'
            return Response(body, mimetype="text/html")
        page = self.pages.get(request.path)
        return Response(page, mimetype="text/html") if page else Response("没有这一页", status=404)


@contextmanager
def loopback_site() -> Iterator[LoopbackSite]:
    """Serve a site on a free port of loopback."""
    site = LoopbackSite()
    server = make_server(
        "127.0.0.1",
        0,
        Request.application(site.answer),
        threaded=True,
        request_handler=QuietHandler,
    )
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join(timeout=5)
