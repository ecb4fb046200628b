"""The browser's only way out, spoken to directly."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import pytest

from core.outbound.address_policy import AddressPolicy
from crawlers.engine.guard_proxy import GuardProxy
from tests.core.outbound.hostile_server import HostileServer, endless_body, redirect, reply
from tests.crawlers.crawl_process import scripted_names


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        server.scripts |= {"/page": reply(b"hello"), "/endless": endless_body}
        yield server


@pytest.fixture
def inside(server: HostileServer) -> Iterator[HostileServer]:
    with HostileServer(address="127.0.0.2", port=server.port) as inside:
        yield inside


def policy_for(server: HostileServer) -> AddressPolicy:
    names = {"rebound.test": ["127.0.0.1", "127.0.0.2"], "inside.test": ["127.0.0.2"]}
    return AddressPolicy.allowing(
        [f"127.0.0.1:{server.port}"],
        ports=[80, 443, server.port],
        resolver=scripted_names(names),
    )


async def exchange(proxy: GuardProxy, sent: bytes, *, password: str | None = None) -> bytes:
    settings = proxy.settings()
    port = int(settings["server"].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    secret = f"{settings['username']}:{password or settings['password']}"
    head = b"Proxy-Authorization: Basic " + base64.b64encode(secret.encode())
    writer.write(sent.replace(b"\r\n", b"\r\n" + head + b"\r\n", 1))
    try:
        return await asyncio.wait_for(reader.read(-1), 10)
    finally:
        writer.close()


def answers(server: HostileServer, *requests: str, most_bytes: int = 10**6) -> list[bytes]:
    async def all_of_them() -> list[bytes]:
        async with GuardProxy(policy_for(server), most_bytes=most_bytes) as proxy:
            found = []
            for request in requests:
                line = request.format(port=server.port)
                found.append(await exchange(proxy, f"{line} HTTP/1.1\r\nHost: x\r\n\r\n".encode()))
            return found

    return asyncio.run(all_of_them())


def test_a_page_passes_and_the_connection_ends_with_it(server: HostileServer) -> None:
    [answer] = answers(server, "GET http://a.test:{port}/page?q=1")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\nhello")
    [request] = server.requests
    assert request.startswith(b"GET /page?q=1 HTTP/1.1\r\n")
    assert b"Proxy-Authorization" not in request


@pytest.mark.parametrize(
    "request_line",
    [
        "GET http://127.0.0.2:{port}/", "CONNECT 127.0.0.2:{port}", "GET http://inside.test:{port}/",
        "CONNECT inside.test:{port}", "GET http://2130706434:{port}/", "CONNECT 0x7f000002:{port}",
        "GET http://[::ffff:127.0.0.2]:{port}/", "CONNECT [::1]:{port}", "CONNECT a.test:22",
        "GET http://u:p@a.test:{port}/", "CONNECT 169.254.169.254:80",
    ],
)  # fmt: skip
def test_no_inner_address_is_reached(
    server: HostileServer, inside: HostileServer, request_line: str
) -> None:
    [answer] = answers(server, request_line)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert inside.connections == server.connections == 0


@pytest.mark.parametrize(
    "request_line", ["GET ftp://a.test/", "GET file:///etc/passwd", "GET /page", "nonsense"]
)
def test_what_is_no_request_for_a_page_is_refused(server: HostileServer, request_line: str) -> None:
    [answer] = answers(server, request_line)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert server.connections == 0


def test_every_connection_is_judged_by_its_own_answer(
    server: HostileServer, inside: HostileServer
) -> None:
    line = "GET http://rebound.test:{port}/page"
    first, second = answers(server, line, line)
    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 403 ")
    assert inside.connections == 0


def test_a_redirect_is_the_browsers_to_follow(server: HostileServer) -> None:
    server.scripts["/away"] = redirect("http://127.0.0.2/")
    [answer] = answers(server, "GET http://a.test:{port}/away")
    assert answer.startswith(b"HTTP/1.1 302 ")
    assert server.connections == 1


def test_a_page_has_a_budget(server: HostileServer) -> None:
    [answer] = answers(server, "GET http://a.test:{port}/endless", most_bytes=200_000)
    assert 150_000 < len(answer) < 210_000


def test_only_the_browser_of_this_page_knows_the_password(server: HostileServer) -> None:
    async def story() -> bytes:
        async with GuardProxy(policy_for(server)) as proxy:
            line = f"GET http://a.test:{server.port}/page HTTP/1.1\r\nHost: x\r\n\r\n"
            return await exchange(proxy, line.encode(), password="guessed")

    answer = asyncio.run(story())
    assert answer.startswith(b"HTTP/1.1 407 ")
    assert server.connections == 0
