"""Requests to a sandbox platform, with whatever the next fault does to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, jsonify

from core.database.base import JsonObject
from media_matrix.sandbox.state import Fault, FaultKind, SandboxState

_PAGE = "<html><body><h1>502 Bad Gateway</h1><p>nginx（演练）</p></body></html>"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a platform answers; ``is_done`` tells whether a write took effect."""

    content: object
    status: int = 200
    is_done: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json; charset=utf-8"

    def response(self) -> Response:
        answer = jsonify(self.content)
        answer.status_code = self.status
        answer.content_type = self.content_type
        for name, value in self.headers:
            answer.headers[name] = value
        return answer


def write(
    state: SandboxState,
    platform: str,
    action: str,
    act: Callable[[], Reply],
    *,
    detail: JsonObject | None = None,
) -> Response:
    """Carry a write out once, under the lock, and let the next fault have its way with the answer."""
    fault = state.take_fault(platform, action)
    if fault is not None and fault.kind in {FaultKind.DROP_BEFORE, FaultKind.HTML}:
        state.note(platform, action, detail or {}, is_write=True, is_done=False)
        return _broken(fault)
    with state.lock:
        reply = act()
        state.note(platform, action, detail or {}, is_write=True, is_done=reply.is_done)
    if fault is None:
        return reply.response()
    if fault.kind is FaultKind.SLOW:
        time.sleep(fault.seconds)
        return reply.response()
    return _broken(fault)


def read(
    state: SandboxState,
    platform: str,
    action: str,
    look: Callable[[], Reply],
    *,
    detail: JsonObject | None = None,
) -> Response:
    fault = state.take_fault(platform, action, is_write=False)
    with state.lock:
        reply = look()
        state.note(platform, action, detail or {}, is_write=False, is_done=False)
    return reply.response() if fault is None else _broken(fault)


def _broken(fault: Fault) -> Response:
    if fault.kind is FaultKind.BAD_GATEWAY:
        return Response(_PAGE, status=502, content_type="text/html; charset=utf-8")
    if fault.kind in {FaultKind.HTML, FaultKind.HTML_AFTER}:
        return Response(_PAGE, status=200, content_type="text/html; charset=utf-8")
    # A length without its bytes: the server closes the connection before the answer is whole.
    lost = Response(status=200, content_type="application/json")
    lost.headers["Content-Length"] = "1000"
    return lost
