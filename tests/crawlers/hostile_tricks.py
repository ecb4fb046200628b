"""What hostile sites do to a crawler, and the reason that each of them leaves at its source."""

from __future__ import annotations

import gzip
import socket
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tests.core.outbound.hostile_server import Script, endless_body, redirect, reply

INTERNAL, SCHEME, TOO_LARGE, BOMB = "内部", "地址", "5 MB", "压缩炸弹"
TIMEOUT, CUT, UNREADABLE, HEAD = "限定时间", "中途", "没有读取", "头部"
ROBOTS, NO_ROBOTS, LOGIN = "不允许采集", "暂时取不到", "登录"
# Some tricks may end either way, as long as nothing else happens.
ANYTHING = "*"
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Trick:
    """``reason`` is part of what the source shows afterwards; None where it must be collected all the same.

    The empty reason stands for any.
    """

    name: str
    reason: str | None
    script: Script | None = None
    robots: Script | None = None
    url: str | None = None
    kind: str = "feed"


def feed(*items: str, head: str = "") -> bytes:
    entries = "".join(
        f"<item><title>工地欠薪线索第{n}条</title><link>{link}</link>"
        f"<description>工会已介入{link}</description></item>"
        for n, link in enumerate(items)
    )
    return (
        f"<?xml version='1.0'?>{head}<rss version='2.0'><channel><title>河湾</title>"
        f"{entries}</channel></rss>"
    ).encode()


FEED = feed("/a")


def raw(*pieces: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return script


def body_then_open(pieces: bytes) -> Script:
    """Say all there is to say and keep the connection open."""

    def script(connection: socket.socket) -> None:
        connection.sendall(pieces)
        time.sleep(PATIENCE_S)

    return script


def dripping(head: bytes, drop: bytes) -> Script:
    """Send a piece again and again, each well before any time-out of a single read."""

    def script(connection: socket.socket) -> None:
        connection.sendall(head)
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            connection.sendall(drop)
            time.sleep(0.05)

    return script


def endless(head: bytes, piece: bytes) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)

    return script


def silence(connection: socket.socket) -> None:
    connection.recv(1)


def packed(size: int) -> bytes:
    return gzip.compress(b"\0" * size, 1, mtime=0)


def encoded(body: bytes, *encodings: str) -> Script:
    return reply(body, headers=tuple(f"Content-Encoding: {one}" for one in encodings))


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
LAUGHS = "<!DOCTYPE rss [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(12)
)  # a … m, ten of the one before in each


def spellings(port: int) -> Iterator[Trick]:
    """One internal address, 127.0.0.2, in all the ways to write it, and others that no site may lead us to."""
    hosts = {
        "plain": "127.0.0.2", "decimal": "2130706434", "octal": "0177.0.0.2", "hex": "0x7f000002",
        "hex-parts": "0x7f.0.0.0x2", "short": "127.2", "long-octal": "017700000002",
        "mapped": "[::ffff:127.0.0.2]", "mapped-hex": "[::ffff:7f00:2]", "compatible": "[::127.0.0.2]",
        "nat64": "[64:ff9b::7f00:2]", "sixtofour": "[2002:7f00:2::1]", "loopback6": "[::1]",
        "any6": "[::]", "link-local6": "[fe80::1]", "unique-local": "[fd00::1]",
        "wide-digits": "１２７.0.0.2", "wide-dots": "127。0。0。2", "circled": "①②⑦.0.0.②",
        "trailing-dot": "127.0.0.2.", "zero": "0", "this-network": "0.1.2.3",
        "any": "0.0.0.0",  # noqa: S104 (an address to refuse, not to bind)
        "metadata": "169.254.169.254", "carrier": "100.64.0.1", "ten": "10.0.0.1",
        "seventeen": "172.16.0.1", "home": "192.168.1.1", "multicast": "224.0.0.1",
        "broadcast": "255.255.255.255", "localhost": "localhost", "sub-localhost": "a.localhost",
        "named": "inside.example",
    }  # fmt: skip
    for name, host in hosts.items():
        reason = "" if name == "sub-localhost" else INTERNAL
        yield Trick(f"url-{name}", reason, url=f"http://{host}:{port}/secret-{name}")
        yield Trick(f"to-{name}", reason, redirect(f"http://{host}:{port}/secret-to-{name}"))
    for status in ("301 Moved", "303 See Other", "307 Temporary", "308 Permanent"):
        yield Trick(f"by-{status[:3]}", INTERNAL, redirect(f"//127.0.0.2:{port}/secret", status))
    yield Trick("user-info", "用户名", url=f"http://a.test@127.0.0.2:{port}/secret-user")
    yield Trick("to-user-info", "用户名", redirect(f"http://a.test:80@127.0.0.2:{port}/secret"))
    yield Trick("port", "端口", redirect("http://port.test:22/secret"))
    yield Trick("backslash", "", redirect(f"http://127.0.0.2:{port}\\@a.test/secret-slash"))
    yield Trick("rebound", "连不上", url=f"http://rebound.example:{port}/secret-rebound")
    yield Trick("rebound-later", "", url=f"http://later.example:{port}/secret-later")
    yield Trick("to-rebound", "", redirect(f"http://redirected.example:{port}/secret-rebound"))
    inner = redirect(f"http://127.0.0.2:{port}/secret-robots")
    yield Trick("robots-inside", INTERNAL, reply(FEED), robots=inner)


def schemes() -> Iterator[Trick]:
    for url in (
        "file:///etc/passwd", "data:text/xml,<rss/>", "ftp://a.test/x", "s3://bucket/key",
        "gopher://a.test:70/_x", "javascript:alert(1)", "view-source:http://a.test/", "FILE:///etc/passwd",
        "blob:http://a.test/1", "jar:http://a.test/!/", "ldap://a.test/", "dict://a.test:11211/stat",
    ):  # fmt: skip
        name = url.partition(":")[0]
        yield Trick(f"url-{name}", SCHEME, url=url)
        yield Trick(f"to-{name}", SCHEME, redirect(url))
        yield Trick(f"robots-to-{name}", "", reply(FEED), robots=redirect(url))


def bombs() -> Iterator[Trick]:
    yield Trick("gzip", BOMB, encoded(packed(300_000_000), "gzip"))
    yield Trick("x-gzip", BOMB, encoded(packed(20_000_000), "x-gzip"))
    yield Trick("deflate", BOMB, encoded(zlib.compress(b"\0" * 50_000_000, 1), "deflate"))
    yield Trick("members", UNREADABLE, encoded(gzip.compress(b"", mtime=0) * 200_000, "gzip"))
    yield Trick("nested", UNREADABLE, encoded(gzip.compress(packed(9_000_000)), "gzip, gzip"))
    yield Trick("nested-headers", "", encoded(gzip.compress(packed(9_000_000)), "gzip", "gzip"))
    yield Trick("brotli", UNREADABLE, encoded(b"\xcf\xff\xff\x7f\xf8" * 9, "br"))
    yield Trick("zstd", UNREADABLE, encoded(b"\x28\xb5\x2f\xfd" * 9, "zstd"))
    yield Trick("broken-gzip", "损坏", encoded(packed(1000)[:-9], "gzip"))
    yield Trick("no-gzip", "损坏", encoded(FEED, "gzip"))
    yield Trick("laughs", None, reply(feed("/laugh", head=f"{LAUGHS}]>")))
    late = "<!--" + "x" * 30_000 + "-->"
    yield Trick("late-laughs", ANYTHING, reply(feed("/&m;", head=f"{LAUGHS}{late}]>")))
    outside = "<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
    yield Trick("external-entity", None, reply(feed("/&x;", head=outside)))


def endings() -> Iterator[Trick]:
    """Bodies and heads without end, or with another end than they say."""
    yield Trick("endless", "", endless_body)
    yield Trick("endless-chunks", "", endless(CHUNKED, CHUNK))
    yield Trick("endless-tiny-chunks", "", endless(CHUNKED, b"1\r\nx\r\n" * 1000))
    yield Trick("length-lie-high", CUT, raw(OK + b"Content-Length: 9999\r\n\r\n", FEED))
    yield Trick(
        "length-lie-huge", TOO_LARGE, raw(OK + b"Content-Length: 99999999999\r\n\r\n", FEED)
    )
    yield Trick("length-negative", CUT, raw(OK + b"Content-Length: -1\r\n\r\n", FEED))
    yield Trick("length-words", CUT, raw(OK + b"Content-Length: many\r\n\r\n", FEED))
    both = OK + b"Content-Length: 5\r\nContent-Length: 700\r\n\r\n"
    yield Trick("length-twice", CUT, raw(both, FEED))
    yield Trick("chunk-lie", CUT, raw(CHUNKED + b"fffffffff\r\nabc"))
    yield Trick("chunk-words", CUT, raw(CHUNKED + b"zz\r\nabc\r\n"))
    yield Trick("odd-transfer", CUT, raw(OK + b"Transfer-Encoding: rot13\r\n\r\n", FEED))
    yield Trick("silence", TIMEOUT, silence)
    yield Trick("drip-head", TIMEOUT, dripping(b"H", b"x"))
    yield Trick("drip-headers", TIMEOUT, dripping(OK, b"X-A: b\r\n"))
    yield Trick("drip-body", TIMEOUT, dripping(OK + b"Content-Length: 5000\r\n\r\n", b"."))
    yield Trick("drip-chunks", TIMEOUT, dripping(CHUNKED, b"1\r\n.\r\n"))
    yield Trick("never-closed", TIMEOUT, body_then_open(OK + b"\r\n" + FEED))
    yield Trick("endless-headers", HEAD, endless(OK, b"X-Filler: " + b"y" * 8000 + b"\r\n"))
    yield Trick("endless-folded-header", HEAD, endless(OK + b"X-A: 1\r\n", b" more\r\n" * 999))
    yield Trick("endless-continue", "", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99))
    yield Trick("endless-line", CUT, endless(OK + b"X-Long: ", b"z" * 65536))
    yield Trick("endless-status", CUT, endless(b"HTTP/1.1 200 ", b"O" * 65536))
    many = tuple(f"X-{n}: {n}" for n in range(4000))
    yield Trick("many-headers", None, reply(FEED, headers=many))
    cookies = tuple(f"Set-Cookie: c{n}={'v' * 900}; Path=/" for n in range(100))
    yield Trick("cookies", None, reply(FEED, headers=cookies))
    yield Trick(
        "cookie-bomb",
        HEAD,
        reply(FEED, headers=tuple(f"Set-Cookie: c{n}={'v' * 9000}" for n in range(200))),
    )


def garbage() -> Iterator[Trick]:
    """Answers that are hardly HTTP."""
    yield Trick("no-http", CUT, raw(b"hello, crawler\r\n\r\n"))
    yield Trick("no-status", CUT, raw(b"HTTP/1.1\r\n\r\n", FEED))
    yield Trick("status-words", CUT, raw(b"HTTP/1.1 OK OK\r\n\r\n", FEED))
    yield Trick("status-huge", "", raw(b"HTTP/1.1 99999999999 OK\r\n\r\n", FEED))
    yield Trick("status-negative", "", raw(b"HTTP/1.1 -200 OK\r\n\r\n", FEED))
    yield Trick("version", "", raw(b"HTTP/9.9.9 200 OK\r\n\r\n", FEED))
    yield Trick("nulls", CUT, raw(b"\0" * 9000 + b"\r\n\r\n"))
    yield Trick(
        "null-header", CUT, raw(OK + b"X\0Y: \0\r\nContent-Length: %d\r\n\r\n" % len(FEED), FEED)
    )
    yield Trick("null-body", None, reply(FEED.replace("工会".encode(), "工\0会".encode())))
    yield Trick("tls-alert", CUT, raw(b"\x15\x03\x01\x00\x02\x02\x0a"))
    yield Trick("closed", CUT, lambda connection: connection.close())
    yield Trick(
        "surprise", None, raw(OK + b"Content-Length: %d\r\n\r\n" % len(FEED), FEED, OK, b"\r\n")
    )
    yield Trick("odd-header", ANYTHING, reply(FEED, headers=("X-\xe5: \xe5",)))
    odd = ("Content-Type: text/xml; charset=\xff\xfenonsense",)
    yield Trick("odd-charset", None, reply(FEED, headers=odd))
    for charset in ("utf-7", "rot13", "idna", "zlib", "unicode_escape", "utf-16", "x" * 5000):
        header = (f"Content-Type: text/xml; charset={charset}",)
        yield Trick(f"charset-{charset[:9]}", None, reply(FEED, headers=header))
    yield Trick("loop", "转来转去", redirect("/list"))
    yield Trick("longer-and-longer", "", redirect("/list?" + "a" * 20_000))
    yield Trick("empty-location", "转来转去", redirect(""))
    yield Trick("odd-location", "", redirect("http://[::1"))
    yield Trick("login-page", LOGIN, redirect("/user/login?back=/list"))
    yield Trick("login-host", LOGIN, redirect("https://passport.test/"))
    for status in (401, 402, 403, 407, 451):
        yield Trick(f"wall-{status}", LOGIN, reply(FEED, status=f"{status} No"))
    for line in ("404 None", "410 Gone", "500 Oh"):
        yield Trick(f"status-{line[:3]}", line[:3], reply(status=line))
    yield Trick("empty", "空的", reply(), kind="list_page")
    nothing = "<html><head><title>空</title></head><body><p>这里什么也没有</p></body></html>"
    yield Trick("nothing", "列表", reply(nothing.encode()), kind="list_page")
    for n, wait in enumerate(
        ("1" + "0" * 12, "-5", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "1e999", "NaN")
    ):
        later = reply(status="503 Later", headers=(f"Retry-After: {wait}",))
        yield Trick(f"wait-{n}", "慢一些", later)


def robots() -> Iterator[Trick]:
    page = reply(FEED)
    yield Trick("robots-403", None, page, robots=reply(status="403 No"))
    yield Trick("robots-404", None, page, robots=reply(status="404 None"))
    yield Trick("robots-503", NO_ROBOTS, page, robots=reply(status="503 Later"))
    yield Trick("robots-500", NO_ROBOTS, page, robots=reply(status="500 Oh"))
    yield Trick("robots-429", NO_ROBOTS, page, robots=reply(status="429 Slow"))
    yield Trick("robots-silent", "", page, robots=silence)
    yield Trick("robots-drips", "", page, robots=dripping(OK + b"\r\n", b"#"))
    yield Trick("robots-closed", "连不上", page, robots=lambda connection: connection.close())
    yield Trick("robots-loop", NO_ROBOTS, page, robots=redirect("/robots.txt"))
    deny = b"User-agent: *\nDisallow: /\n"
    yield Trick("robots-deny", ROBOTS, page, robots=reply(deny))
    named = b"\nUser-agent: Zhisheng\nDisallow:\n"
    yield Trick("robots-named", None, page, robots=reply(deny + named))
    filler = b"# filler\n" * 1_200_000
    yield Trick("robots-long-deny", ROBOTS, page, robots=reply(deny + filler))
    yield Trick(
        "robots-long-allow", None, page, robots=reply(b"User-agent: *\nAllow: /\n" + filler)
    )
    yield Trick("robots-endless", ROBOTS, page, robots=endless(OK + b"\r\n" + deny, filler[:9000]))
    yield Trick("robots-bomb", "", page, robots=encoded(packed(30_000_000), "gzip"))
    crowd = b"".join(b"User-agent: a%d\n" % n for n in range(14_000))
    rules = b"".join(b"Disallow: /%d\n" % n for n in range(14_000))
    yield Trick("robots-crowd", NO_ROBOTS, page, robots=reply(crowd + rules))
    stars = b"User-agent: *\nDisallow: /" + b"*a" * 20_000 + b"$\n"
    yield Trick("robots-stars", None, page, robots=reply(stars))
    nulls = reply(b"\xef\xbb\xbfUser-agent\0: *\0\nDisallow: /\n")
    yield Trick("robots-nulls", ROBOTS, page, robots=nulls)
    delay = reply(b"User-agent: *\nCrawl-delay: nan\nCrawl-delay: -1e999\n")
    yield Trick("robots-delay", None, page, robots=delay)


def pages() -> Iterator[Trick]:
    """Pages that are hard to read."""
    html = "Content-Type: text/html; charset=utf-8"
    deep = b"<html><body>" + b"<div>" * 100_000 + "工会".encode()
    yield Trick("deep", "", reply(deep, headers=(html,)), kind="list_page")
    yield Trick("deep-feed", None, reply(b"<rss><channel>" + b"<a>" * 30_000))
    deep_json = b'{"items":' + b"[" * 100_000
    yield Trick("deep-json", "JSON", reply(deep_json))
    many = "".join(f'<li><a href="/n/{n}.html">工地欠薪线索第{n}条</a></li>' for n in range(10_000))
    listed = f"<html><body><ul>{many}</ul></body></html>".encode()
    yield Trick("ten-thousand-links", None, reply(listed, headers=(html,)), kind="list_page")
    wide = b"<p" + b" a" * 300_000 + b">" + b"<b>" * 400_000
    yield Trick("wide", "", reply(wide, headers=(html,)), kind="list_page")
    links = (
        "file:///etc/passwd", "data:text/html,x", "ftp://a.test/x", "s3://b/k", "gopher://a.test/",
        "javascript:alert(1)",
    )  # fmt: skip
    anchors = "".join(
        f"<li><a href='{link}'>工地欠薪线索第{n}条</a></li>" for n, link in enumerate(links)
    )
    odd = f"<html><body><ul>{anchors}</ul></body></html>".encode()
    yield Trick("odd-links", "列表", reply(odd, headers=(html,)), kind="list_page")
    yield Trick("odd-feed-links", None, reply(feed(*links)))
    refresh = "<meta http-equiv=refresh content='0;url=http://127.0.0.2/secret'><p>x</p>"
    yield Trick(
        "meta-refresh", INTERNAL, reply(refresh.encode(), headers=(html,)), kind="list_page"
    )


def sitemaps() -> Iterator[Trick]:
    def listed(*locations: str, head: str = "") -> bytes:
        urls = "".join(f"<url><loc>{location}</loc></url>" for location in locations)
        name = "http://www.sitemaps.org/schemas/sitemap/0.9"
        return f"<?xml version='1.0'?>{head}<urlset xmlns='{name}'>{urls}</urlset>".encode()

    outside = "<!DOCTYPE urlset [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    bodies = {
        "laughs": listed("http://a.test/&m;", head=f"{LAUGHS}]>"),
        "outside": listed("http://a.test/&x;", head=outside),
        "gzip": packed(30_000_000),
        "schemes": listed("file:///etc/passwd", "ftp://a.test/x", "data:text/html,x"),
        "inside": listed("http://127.0.0.2/secret-1.html", "http://169.254.169.254/secret"),
        "deep": b"<urlset>" + b"<a>" * 30_000,
        "itself": b"<sitemapindex><sitemap><loc>/list</loc></sitemap></sitemapindex>",
    }
    for name, body in bodies.items():
        yield Trick(f"sitemap-{name}", ANYTHING, reply(body), kind="sitemap")


def certificates(good: int, expired: int) -> Iterator[Trick]:
    """``good`` and ``expired`` are ports of TLS servers that can prove to be good.test."""
    yield Trick("tls-good", None, url=f"https://good.test:{good}/list")
    yield Trick("tls-wrong-name", "证书", url=f"https://wrong.test:{good}/list")
    yield Trick("tls-by-number", "证书", url=f"https://127.0.0.1:{good}/list")
    yield Trick("tls-expired", "证书", url=f"https://good.test:{expired}/list")
    yield Trick("to-tls-wrong-name", "证书", redirect(f"https://wrong.test:{good}/list"))


def plain_tricks(port: int) -> list[Trick]:
    return [
        *spellings(port), *schemes(), *bombs(), *endings(), *garbage(), *robots(), *pages(), *sitemaps(),
    ]  # fmt: skip
