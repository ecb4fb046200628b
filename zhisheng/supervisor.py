"""Runs all roles of one machine as child processes: restart with backoff, ordered shutdown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from core.clock import monotonic

log = structlog.get_logger(__name__)

CHECK_S = 0.2
SETTLED_AFTER_S = 60.0
LONGEST_PAUSE_S = 30.0
STOP_TIMEOUT_S = 20.0
KILL_WAIT_S = 5.0


@dataclass(slots=True)
class Child:
    """One supervised process; ``fails`` counts quick ends in a row."""

    role: str
    number: int
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    fails: int = 0
    restart_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Children are told to stop through their standard input, so they also end when we are killed."""

    roles: Sequence[tuple[str, int]]
    environment: Mapping[str, str]
    stop: threading.Event = field(default_factory=threading.Event)
    children: list[Child] = field(default_factory=list)

    def run(self) -> None:
        """Start everything and keep it running until ``stop``; then stop in reverse order."""
        self.children = [Child(role, n) for role, copies in self.roles for n in range(copies)]
        for child in self.children:
            self._start(child)
        while not self.stop.wait(CHECK_S):
            for child in self.children:
                self._watch(child)
        self.shut_down()

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "zhisheng", child.role, "--stop-with-stdin"],
            stdin=subprocess.PIPE,
            env=dict(self.environment),
            # Ctrl-C in the terminal reaches us alone: we stop the roles in order.
            start_new_session=True,
        )
        child.started_at = monotonic()
        log.info("role_started", role=child.role, pid=child.process.pid)

    def _watch(self, child: Child) -> None:
        now = monotonic()
        if child.process is None:
            if now >= child.restart_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            if child.fails and now - child.started_at > SETTLED_AFTER_S:
                child.fails = 0
            return
        pause = min(0.5 * 2**child.fails, LONGEST_PAUSE_S)
        child.fails += 1
        child.process = None
        child.restart_at = now + pause
        log.warning("role_ended", role=child.role, code=code, restart_in_s=pause)

    def shut_down(self) -> None:
        """Stop the roles in reverse order of their start; whoever does not answer is killed."""
        for child in reversed(self.children):
            if child.process is not None and child.process.stdin is not None:
                child.process.stdin.close()
        deadline = monotonic() + STOP_TIMEOUT_S
        for child in reversed(self.children):
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("role_killed", role=child.role)
                child.process.kill()
                child.process.wait(KILL_WAIT_S)
        log.info("roles_stopped")


def stop_on_signals(stop: threading.Event) -> None:
    """Set ``stop`` on SIGTERM and SIGINT.

    The handler only writes to a pipe: it runs inside the main thread, and setting the event there would
    deadlock when the signal arrives while that thread holds the event's lock.
    """
    reader, writer = os.pipe()

    def ask(_number: int, _frame: object) -> None:
        os.write(writer, b"!")

    def watch() -> None:
        os.read(reader, 1)
        stop.set()

    threading.Thread(target=watch, name="signal-watch", daemon=True).start()
    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)


def stop_with_stdin(stop: threading.Event) -> None:
    """Set ``stop`` when standard input closes: the parent ended or asks us to."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        stop.set()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
