"""The only way out for the browser: a forward proxy on loopback that judges every connection.

Chromium has a resolver and a cache of names of its own. If we judged an address and then let it connect, a
second DNS answer could lead it inside (rebinding), and redirects, WebSockets, workers and prefetches pass
no hook of ours. Through a proxy it never asks for a name: we resolve, judge, and connect to the very address
that was judged, whatever the request came from. One proxy serves one page, with a password and a budget.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import structlog

from core.outbound.address_policy import AddressPolicy
from core.outbound.errors import AddressRefusedError, ResolutionError

log = structlog.get_logger(__name__)

LARGEST_HEAD = 65_536
HEAD_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 10.0
MOST_BYTES = 30_000_000
MOST_CONNECTIONS = 200
_PIECE = 65_536
_USER = "page"
_HOP_BY_HOP = (b"connection:", b"proxy-", b"keep-alive:", b"upgrade:")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _RefusedError(Exception):
    """Carries the status line that the browser gets."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """``head`` is what to send on; empty for a tunnel."""

    url: str
    head: bytes
    body_length: int = 0


class GuardProxy:
    """Open for the time of one page; ``refused`` counts what the page was not allowed to reach."""

    def __init__(self, policy: AddressPolicy, *, most_bytes: int = MOST_BYTES) -> None:
        self._policy = policy
        self._left = most_bytes
        self._connections = 0
        self._password = secrets.token_urlsafe(24)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LARGEST_HEAD)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def settings(self) -> dict[str, str]:
        """Give what the browser needs to know."""
        assert self._server is not None, "the proxy has not been opened"  # noqa: S101 (for mypy)
        port = self._server.sockets[0].getsockname()[1]
        return {
            "server": f"http://127.0.0.1:{port}",
            "username": _USER,
            "password": self._password,
        }

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            await self._serve((reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            # Either side hung up or sent nonsense; the browser sees a broken connection.
            pass
        except asyncio.CancelledError:
            # Only our own closing cancels; the server would log a traceback of it.
            pass
        finally:
            writer.close()

    async def _serve(self, browser: Streams) -> None:
        reader, writer = browser
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_TIMEOUT_S)
            asked = self._understood(head)
            site = await self._connected(asked.url)
        except _RefusedError as error:
            writer.write(f"HTTP/1.1 {error}\r\n".encode())
            if str(error).startswith("407"):
                writer.write(b'Proxy-Authenticate: Basic realm="page"\r\n')
            writer.write(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        try:
            if asked.head:
                await self._pass_one_request(asked, browser, site)
            else:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await self._pass_both_ways(browser, site)
        finally:
            site[1].close()

    def _understood(self, head: bytes) -> _Asked:
        lines = head[:-4].split(b"\r\n")
        method, _, rest = lines[0].partition(b" ")
        target = rest.rpartition(b" ")[0].decode("latin-1")
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        wanted = base64.b64encode(f"{_USER}:{self._password}".encode())
        given = fields.get(b"proxy-authorization", b"").removeprefix(b"Basic ")
        if not secrets.compare_digest(wanted, given):
            raise _RefusedError("407 Who are you")
        self._connections += 1
        if self._connections > MOST_CONNECTIONS:
            raise _RefusedError("429 Too many requests for one page")
        if method == b"CONNECT":
            return _Asked(f"https://{target}/", b"")
        length = fields.get(b"content-length", b"0")
        if b"transfer-encoding" in fields or not length.isdigit() or not target.startswith("http:"):
            raise _RefusedError("400 Not understood")
        parts = urlsplit(target)
        path = target.partition("://")[2].removeprefix(parts.netloc) or "/"
        kept = [line for line in lines[1:] if not line.lower().startswith(_HOP_BY_HOP)]
        first = b" ".join((method, path.encode("latin-1"), b"HTTP/1.1"))
        sent = b"\r\n".join([first, *kept, b"Connection: close", b"", b""])
        return _Asked(target, sent, int(length))

    async def _connected(self, url: str) -> Streams:
        try:
            endpoint = self._policy.check_url(url)
            addresses = await asyncio.to_thread(
                self._policy.resolve, endpoint.host, endpoint.port, for_url=True
            )
        except AddressRefusedError as error:
            self.refused += 1
            log.info("browser_request_refused", reason=error.reason.value)
            raise _RefusedError("403 Refused") from error
        except ResolutionError as error:
            raise _RefusedError("502 No such host") from error
        for address in addresses:
            with suppress(OSError, TimeoutError):
                opening = asyncio.open_connection(address, endpoint.port, limit=LARGEST_HEAD)
                return await asyncio.wait_for(opening, CONNECT_TIMEOUT_S)
        raise _RefusedError("502 Unreachable")

    async def _pass_one_request(self, asked: _Asked, browser: Streams, site: Streams) -> None:
        """Answer one request and hang up: the next on this connection might be for another host."""
        site[1].write(asked.head)
        if asked.body_length:
            site[1].write(await browser[0].readexactly(min(asked.body_length, LARGEST_HEAD)))
        await site[1].drain()
        head = await site[0].readuntil(b"\r\n\r\n")
        lines = [line for line in head[:-4].split(b"\r\n") if not _is_hop_by_hop(line)]
        browser[1].write(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        await self._copy(site[0], browser[1])

    async def _pass_both_ways(self, browser: Streams, site: Streams) -> None:
        up = asyncio.ensure_future(self._copy(browser[0], site[1]))
        down = asyncio.ensure_future(self._copy(site[0], browser[1]))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while self._left > 0:
            piece = await source.read(min(_PIECE, self._left))
            if not piece:
                return
            self._left -= len(piece)
            target.write(piece)
            await target.drain()


def _is_hop_by_hop(line: bytes) -> bool:
    return line.lower().startswith(_HOP_BY_HOP)
