"""Builds the console application."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

import structlog
from flask import Flask, g

from webui import access, first_run, formats, headers, hosts, page, problems, signin
from webui.assets import Assets
from webui.console import EXTENSION, Console, close_reading
from webui.pages import PAGES
from webui.proxies import TrustedProxies
from webui.unstorable import IdConverter, refuse_unstorable

STATIC_FOLDER = Path(__file__).parent / "static"
LARGEST_BODY = 20 * 1024 * 1024


def create_app(
    console: Console, *, static_folder: Path = STATIC_FOLDER, pages: Iterable[str] | None = None
) -> Flask:
    """Make the application, with all pages unless some are named.

    Raises ConfigurationError when a view forgot its permission.
    """
    app = Flask("webui", static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
    )
    app.url_map.converters["int"] = IdConverter
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = console
    app.extensions["assets"] = Assets(static_folder)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    formats.install(app)
    page.install(app)
    problems.install(app)
    app.before_request(_begin)
    app.before_request(headers.make_nonce)
    app.before_request(hosts.check_host)
    app.before_request(refuse_unstorable)
    app.before_request(first_run.lead_to_setup)
    app.before_request(signin.identify)
    app.before_request(signin.guard)
    app.after_request(signin.keep_anonymous_token)
    app.after_request(headers.secure)
    app.teardown_request(close_reading)
    for name in PAGES if pages is None else pages:
        app.register_blueprint(PAGES.load(name))
    access.check_all_marked(app)
    if console.settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(app.wsgi_app, console.settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def _begin() -> None:
    g.request_id = secrets.token_hex(6)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
