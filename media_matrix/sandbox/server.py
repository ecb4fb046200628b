"""The sandbox as a web application and as a server on loopback."""

from __future__ import annotations

from pathlib import Path

import structlog
import waitress
from flask import Flask

from core.clock import Clock, SystemClock
from media_matrix.sandbox.cast import add_cast
from media_matrix.sandbox.control import control_blueprint
from media_matrix.sandbox.pages import pages_blueprint
from media_matrix.sandbox.state import SandboxState
from media_matrix.sandbox.wechat import wechat_blueprint
from media_matrix.sandbox.weibo import weibo_blueprint
from media_matrix.sandbox.wordpress import wordpress_blueprint

log = structlog.get_logger(__name__)

_LARGEST = 12_000_000
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def create_sandbox(state: SandboxState, clock: Clock) -> Flask:
    """Make the application: ``/wechat``, ``/weibo``, ``/site``, their pages and ``/_control``.

    The made-up accounts of ``cast`` are known to it.
    """
    state.clock = clock
    add_cast(state)
    application = Flask("media_matrix.sandbox", static_folder=None, template_folder=None)
    application.config["MAX_CONTENT_LENGTH"] = _LARGEST
    application.register_blueprint(wechat_blueprint(state), url_prefix="/wechat")
    application.register_blueprint(weibo_blueprint(state), url_prefix="/weibo")
    application.register_blueprint(wordpress_blueprint(state), url_prefix="/site")
    application.register_blueprint(pages_blueprint(state))
    application.register_blueprint(control_blueprint(state))
    return application


def serve_sandbox(
    host: str, port: int, state_file: Path | None, *, clock: Clock | None = None
) -> None:
    """Serve until the process is told to stop; only on loopback, with the demo's accounts known."""
    if host not in _LOOPBACK:
        raise ValueError(f"the sandbox has no passwords of its own and must not listen on {host}")
    clock = clock or SystemClock()
    state = SandboxState(clock, file=state_file)
    log.info("sandbox_started", host=host, port=port)
    waitress.serve(create_sandbox(state, clock), host=host, port=port, threads=8, _quiet=True)
