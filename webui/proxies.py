"""Believes what a reverse proxy says of its client, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TrustedProxies:
    """Takes the client's address and scheme from X-Forwarded-* of the named proxies alone.

    Whoever reaches the port directly could otherwise give every wrong password another address.
    """

    def __init__(self, app: WSGIApplication, addresses: Iterable[str]) -> None:
        self._app = app
        self._behind_proxy = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
        self._addresses = frozenset(addresses)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_trusted = environ.get("REMOTE_ADDR") in self._addresses
        return (self._behind_proxy if is_trusted else self._app)(environ, start_response)
