"""A made-up cluster that answers as it is told, and a proxy that stands before a real one."""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import urlsplit


class StubCluster(ThreadingHTTPServer):
    """Answers bulk requests with the statuses it was told, whole ones first, then with success."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _StubHandler)
        self.whole: list[int] = []
        self.items: list[int] = []
        self.reason = "made up"
        self.sizes: list[int] = []
        self.largest = 1_000
        self.product = "Elasticsearch"
        self.indices: dict[str, object] = {}
        self.places: list[dict[str, object]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _StubHandler(BaseHTTPRequestHandler):
    server: StubCluster

    def do_GET(self) -> None:
        if "_alias" in self.path:
            self._answer(404, {"error": "no alias"})
        else:
            self._answer(200, self.server.indices)

    def do_PUT(self) -> None:
        lines = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
        if self.path.partition("?")[0].endswith("_mget"):
            self._answer(200, {"docs": self.server.places})
            return
        if not self.path.partition("?")[0].endswith("_bulk"):
            self._answer(200, {"acknowledged": True})
            return
        size = len(lines) // 2
        self.server.sizes.append(size)
        if size > self.server.largest:
            self._answer(413, {"error": "too large"})
        elif self.server.whole:
            self._answer(self.server.whole.pop(0), {"error": "busy"})
        else:
            statuses = [self.server.items.pop(0) if self.server.items else 201 for _ in range(size)]
            error = {"type": "t", "reason": self.server.reason}
            items = [{"index": {"status": status, "error": error}} for status in statuses]
            self._answer(200, {"errors": True, "items": items})

    do_POST = do_PUT  # noqa: N815 -- the name the server looks for

    def _answer(self, status: int, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", self.server.product)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def stub_cluster() -> Iterator[StubCluster]:
    with StubCluster() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Proxy:
    """What stands before a cluster. ``lose`` and ``stall`` count bulk answers to lose or to hold back.

    ``ends`` lets held answers go when the test is over.
    """

    upstream: str
    api_key: str | None = None
    lose: int = 0
    stall: int = 0
    forwarded: list[str] = field(default_factory=list)
    ends: Event = field(default_factory=Event)
    url: str = ""


class _ProxyServer(ThreadingHTTPServer):
    def __init__(self, proxy: Proxy, port: int) -> None:
        super().__init__(("127.0.0.1", port), _ProxyHandler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses our certificate hangs up; that is what is tested."""


class _ProxyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _ProxyServer

    def do_GET(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if proxy.api_key is not None:
            given = self.headers.get("Authorization")
            if given is None:
                self._answer(401, b'{"error":{"type":"security_exception"},"status":401}')
                return
            if given != f"ApiKey {proxy.api_key}":
                self._answer(403, b'{"error":{"type":"security_exception"},"status":403}')
                return
        status, content = self._forward(proxy, body)
        proxy.forwarded.append(self.path)
        if "_bulk" in self.path and proxy.lose:
            proxy.lose -= 1
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        if "_bulk" in self.path and proxy.stall:
            proxy.stall -= 1
            proxy.ends.wait(30)
        self._answer(status, content)

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815 -- the names the server looks for

    def _forward(self, proxy: Proxy, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(proxy.upstream)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        headers = {
            name: self.headers[name] for name in ("Content-Type", "Accept") if self.headers[name]
        }
        try:
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def running(proxy: Proxy, tls: ssl.SSLContext | None = None, *, port: int = 0) -> Iterator[Proxy]:
    with _ProxyServer(proxy, port) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        proxy.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
        yield proxy
        proxy.ends.set()
        server.shutdown()
