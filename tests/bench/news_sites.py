"""Small news sites on loopback, each with an address of its own, whose posts appear at set moments."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from core.clock import monotonic

PAGE = '<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{title}</title></head><body>{body}</body></html>'


@dataclass(frozen=True, slots=True)
class NewsPost:
    """Shown from ``appears_at`` on, in seconds of the monotonic clock."""

    number: int
    title: str
    text: str
    appears_at: float


class NewsSite(ThreadingHTTPServer):
    """A list page at ``/`` and a page for each post; robots may come."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.posts: Sequence[NewsPost] = ()

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/"

    def page(self, path: str) -> str | None:
        shown = [post for post in self.posts if post.appears_at <= monotonic()]
        if path == "/":
            items = "".join(
                f'<li><a href="/post/{post.number}.html">{escape(post.title)}</a></li>'
                for post in reversed(shown)
            )
            first = '<li><a href="/post/0.html">欢迎来到本站新闻列表</a></li>'
            return PAGE.format(title="新闻", body=f'<ul class="news">{items}{first}</ul>')
        for post in shown:
            if path == f"/post/{post.number}.html":
                return _article(post.title, post.text)
        return (
            _article("欢迎来到本站新闻列表", "这里每天更新。" * 20)
            if path == "/post/0.html"
            else None
        )


def _article(title: str, text: str) -> str:
    body = f"<article><h1>{escape(title)}</h1><p>{escape(text)}</p></article>"
    return PAGE.format(title=escape(title), body=body)


class _Handler(BaseHTTPRequestHandler):
    server: NewsSite

    def do_GET(self) -> None:
        if self.path == "/robots.txt":
            self._answer(200, "User-agent: *\nAllow: /\n", "text/plain")
            return
        page = self.server.page(self.path)
        self._answer(200 if page else 404, page or "", "text/html; charset=utf-8")

    def _answer(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: requests are no news here."""


@contextmanager
def news_sites(count: int) -> Iterator[list[NewsSite]]:
    """Serve on 127.0.0.11 and up, so that each site has its own pace of politeness."""
    with ExitStack() as stack:
        sites = []
        for number in range(count):
            site = NewsSite(f"127.0.0.{11 + number}")
            stack.callback(site.server_close)
            stack.callback(site.shutdown)
            threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True).start()
            sites.append(site)
        yield sites
