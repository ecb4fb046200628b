"""A web site on loopback whose pages a test writes, friendly or hostile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=utf-8"),)
    # Bytes to send after the body, piece by piece, without a Content-Length.
    endless: bytes = b""
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    path: str
    headers: dict[str, str]
    at: float
    body: bytes = b""


@dataclass
class Site:
    """``pages`` maps a path to an answer, or to a function of the request's headers."""

    pages: dict[str, Answer | Callable[[dict[str, str]], Answer]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    address: str = ""

    def url(self, path: str) -> str:
        return f"http://{self.address}{path}"

    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]

    def count(self, path: str) -> int:
        return self.paths().count(path)


def html(title: str, body: str, *, extra: str = "") -> Answer:
    page = f"<html><head><title>{title}</title>{extra}</head><body>{body}</body></html>"
    return Answer(page.encode())


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent = self.rfile.read(int(headers.get("content-length", "0")))
            site.seen.append(Seen(self.path, headers, time.monotonic(), sent))
            page = site.pages.get(self.path, Answer(b"", 404))
            answer = page if isinstance(page, Answer) else page(headers)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if answer.pieces:
                self.send_header("Connection", "close")
                self.close_connection = True
            else:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            try:
                self.wfile.write(answer.body)
                for _ in range(answer.pieces):
                    self.wfile.write(answer.endless)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 (http.server asks for this name)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    site.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
