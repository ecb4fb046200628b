"""Sites for the crawl benchmarks: one process, many loopback addresses, and a note of every request."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import NamedTuple

from core.clock import monotonic
from tests.installation import free_port

PATIENCE_S = 30.0
_HEAD_END = b"\r\n\r\n"


class Page(NamedTuple):
    body: bytes
    content_type: str = "text/html"


class Seen(NamedTuple):
    """When a request arrived, by the clock that all processes of a machine share."""

    at: float
    host: str
    path: str


# Gives the page at a path of a host, by the monotonic clock; None is a 404.
Pages = Callable[[str, str, float], Page | None]


@dataclass(slots=True)
class FreshFeeds:
    """Every request finds a feed with one item that was never there before."""

    number: int = 0

    def __call__(self, host: str, path: str, now: float) -> Page | None:
        del host, now
        if path == "/robots.txt":
            return None
        self.number += 1
        item = {
            "id": str(self.number),
            "url": f"http://feeds.invalid/post/{self.number}",
            "title": f"第{self.number}则职工来信：高温津贴从几月开始发",
            "content_text": f"来信编号{self.number}："
            + "夏季考勤怎样算，露天岗位的津贴由谁发放。" * 8,
        }
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": "来信", "items": [item]}
        return Page(json.dumps(feed, ensure_ascii=False).encode(), "application/feed+json")


@dataclass(frozen=True, slots=True)
class FixedPages:
    pages: Mapping[str, bytes]

    def __call__(self, host: str, path: str, now: float) -> Page | None:
        del host, now
        body = self.pages.get(path)
        return None if body is None else Page(body)


@dataclass(frozen=True, slots=True)
class Site:
    """``seen`` is complete after the site has stopped."""

    port: int
    seen: list[Seen] = field(default_factory=list)

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"


@contextmanager
def serving(pages: Pages, hosts: Sequence[str] = ("127.0.0.1",)) -> Iterator[Site]:
    """Serve in a process of its own, so that neither side waits for the other's interpreter."""
    site = Site(free_port())
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_run, args=(theirs, pages, list(hosts), site.port), daemon=True
    )
    process.start()
    try:
        if not ours.poll(PATIENCE_S):
            raise TimeoutError("the site did not start")
        ours.recv()
        yield site
        ours.send("stop")
        site.seen.extend(ours.recv())
    finally:
        process.kill()
        process.join()


def _run(connection: Connection, pages: Pages, hosts: list[str], port: int) -> None:
    asyncio.run(_serve(connection, pages, hosts, port))


async def _serve(connection: Connection, pages: Pages, hosts: list[str], port: int) -> None:
    seen: list[Seen] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Talk(pages, seen), hosts, port)
    asked = asyncio.Event()
    loop.add_reader(connection.fileno(), asked.set)
    connection.send("ready")
    await asked.wait()
    server.close()
    connection.send(seen)


class _Talk(asyncio.Protocol):
    """Just enough of HTTP/1.1 for one client: GET, keep-alive."""

    def __init__(self, pages: Pages, seen: list[Seen]) -> None:
        self._pages = pages
        self._seen = seen
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while _HEAD_END in self._got:
            head, _, self._got = self._got.partition(_HEAD_END)
            self._answer(head.decode("latin-1"))

    def _answer(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        path = first.split(" ")[1]
        names = (line.partition(":") for line in lines)
        host = next((value.strip() for name, _, value in names if name.lower() == "host"), "")
        now = monotonic()
        self._seen.append(Seen(now, host, path))
        page = self._pages(host.partition(":")[0], path, now)
        status = "404 Not Found" if page is None else "200 OK"
        page = page or Page(b"")
        self._transport.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {page.content_type}\r\n"
            f"Content-Length: {len(page.body)}\r\n\r\n".encode()
            + page.body
        )
