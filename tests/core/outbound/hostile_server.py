"""A real loopback server that answers each path by a script and remembers what it received."""

import re
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self, TypeAlias

Script: TypeAlias = Callable[[socket.socket], None]

ENDLESS = b"x" * 65536


def reply(
    body: bytes = b"", *, status: str = "200 OK", headers: tuple[str, ...] = (), length: bool = True
) -> Script:
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    raw = "\r\n".join([*lines, "", ""]).encode() + body

    def script(connection: socket.socket) -> None:
        connection.sendall(raw)

    return script


def redirect(location: str, status: str = "302 Found") -> Script:
    return reply(status=status, headers=(f"Location: {location}",))


def endless_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(ENDLESS)


def drop_after_request(connection: socket.socket) -> None:
    connection.close()


def cut_in_the_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


class HostileServer:
    """``scripts`` are found by host and path (``a.test/list``), else by path alone."""

    def __init__(
        self,
        ssl_context: ssl.SSLContext | None = None,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.scripts: dict[str, Script] = {}
        self.requests: list[bytes] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._ssl_context = ssl_context
        self._listener = socket.create_server((address, port), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._listener.close()

    def url(self, path: str, *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def drip(self, connection: socket.socket) -> None:
        """Send one byte again and again, each well before any time-out of a single read."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self.stopping.wait(0.02):
            connection.sendall(b".")

    def silence(self, connection: socket.socket) -> None:
        del connection
        self.stopping.wait(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        # A client that gives up is what most of these scripts provoke.
        try:
            if self._ssl_context is not None:
                connection = self._ssl_context.wrap_socket(connection, server_side=True)
            with connection:
                received = _received(connection)
                if received:
                    self.requests.append(received)
                    path = received.split(b" ", 2)[1].decode("latin-1").split("?", 1)[0]
                    missing = reply(status="404 Not Found")
                    anywhere = self.scripts.get(path, missing)
                    self.scripts.get(f"{host_of(received)}{path}", anywhere)(connection)
        except OSError:
            pass


def host_of(received: bytes) -> str:
    """Give the host that a request names, without its port."""
    found = re.search(rb"(?im)^host:[ \t]*([^\r\n:]+)", received)
    return found[1].decode("latin-1").lower() if found else ""


def _received(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":", 1)[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
