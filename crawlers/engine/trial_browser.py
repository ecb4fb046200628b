"""Chromium for somebody who tries a source: in a process of its own, ended with the trial whatever it does."""

from __future__ import annotations

import json
import os
import pickle
import selectors
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from core.clock import monotonic
from core.outbound.address_policy import AddressPolicy
from crawlers.engine.chromium import browser_fault, end_below
from crawlers.failures import FailureCause, FetchFailedError, failure

log = structlog.get_logger(__name__)

NOT_STARTED = "浏览器启动不了，没有试成；请管理员用 zhisheng doctor 检查。"
BUSY = "另一个试采正在用浏览器，没有试成；请过半分钟再试。"
TOO_SLOW = "页面在试采的限时内没有在浏览器里打开完，没有试成；请稍后再试。"
# Of the time that is left, so that what was read can still be shown.
LONGEST_PAGE_S = 15.0
WAIT_FOR_OTHER_S = 3.0
_PIECE = 65_536
# A browser takes a core and half a gigabyte: people who try sources take turns.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Start:
    """The first message to the process: what holds for all pages."""

    policy: AddressPolicy
    user_agent: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A page as it was fetched; ``robots`` is the text that decides what else its site may be asked for."""

    url: str
    content_type: str
    body: bytes = field(repr=False)
    robots: str = field(default="", repr=False)
    limit_s: float = LONGEST_PAGE_S


class TrialBrowser:
    """Used with ``with``; starts with the first page. Every method raises FetchFailedError."""

    def __init__(self, policy: AddressPolicy, user_agent: str) -> None:
        self._start = Start(policy, user_agent)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        fault = browser_fault()
        if fault is not None:
            raise FetchFailedError(failure(FailureCause.BROWSER_MISSING, fault))
        if not _ONE_AT_A_TIME.acquire(timeout=WAIT_FOR_OTHER_S):
            raise FetchFailedError(failure(FailureCause.BROWSER_MISSING, BUSY))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._end()
        finally:
            _ONE_AT_A_TIME.release()

    def run(self, asked: Asked, *, limit_s: float) -> bytes:
        """Give the document as it stands when its scripts have settled, within ``limit_s``."""
        ends_at = monotonic() + limit_s
        try:
            process = self._started()
            self._send(process, asked)
            answer = json.loads(self._received(process, ends_at))
        except TimeoutError as error:
            self._end()
            raise FetchFailedError(failure(FailureCause.TIMEOUT, TOO_SLOW)) from error
        except (OSError, EOFError, ValueError) as error:
            self._end()
            log.warning("trial_browser_failed", error=type(error).__name__)
            raise FetchFailedError(failure(FailureCause.BROWSER_MISSING, NOT_STARTED)) from error
        if "html" in answer:
            return str(answer["html"]).encode("utf-8", errors="replace")
        cause = FailureCause(answer["cause"])
        raise FetchFailedError(failure(cause, str(answer.get("reason") or NOT_STARTED)))

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "crawlers.engine.browser_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._send(self._process, self._start)
        return self._process

    def _send(self, process: subprocess.Popen[bytes], message: Start | Asked) -> None:
        assert process.stdin is not None  # noqa: S101 (for mypy: it is a pipe)
        body = pickle.dumps(message)
        process.stdin.write(struct.pack("!I", len(body)) + body)
        process.stdin.flush()

    def _received(self, process: subprocess.Popen[bytes], ends_at: float) -> bytes:
        head = self._read(process, 4, ends_at)
        return self._read(process, struct.unpack("!I", head)[0], ends_at)

    def _read(self, process: subprocess.Popen[bytes], size: int, ends_at: float) -> bytes:
        assert process.stdout is not None  # noqa: S101 (as above)
        found = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while len(found) < size:
                if not selector.select(max(0.0, ends_at - monotonic())):
                    raise TimeoutError
                piece = os.read(process.stdout.fileno(), min(_PIECE, size - len(found)))
                if not piece:
                    raise EOFError
                found += piece
        return found

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # Chromium is started in a group of its own, so it is looked for below the process.
        end_below(process.pid)
        process.kill()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        process.wait()
