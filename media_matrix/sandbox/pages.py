"""Plain pages that show what was published, marked 演练 so that nobody takes them for real."""

from __future__ import annotations

import datetime as dt
from html import escape

import nh3
from flask import Blueprint, Response

from core.clock import SHANGHAI
from media_matrix.sandbox.state import SandboxState

SITE_NAME = "示范市总工会网站"
_STYLE = """
body{margin:0;background:#f4f4f2;color:#1d1d1f;font:16px/1.7 "Noto Sans CJK SC","PingFang SC",sans-serif}
.drill{position:sticky;top:0;background:#8a1c14;color:#fff;text-align:center;padding:6px;letter-spacing:.3em}
main{max-width:680px;margin:24px auto;background:#fff;padding:24px 28px;border:1px solid #ddd}
h1{font-size:24px;line-height:1.35;margin:0 0 .4em}.meta{color:#666;font-size:14px;margin:0 0 1.2em}
img{max-width:100%}a{color:#8a1c14}li{margin:.4em 0}
body::after{content:"演练";position:fixed;inset:0;display:grid;place-items:center;font-size:26vw;
color:rgba(138,28,20,.06);transform:rotate(-24deg);pointer-events:none}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"


def pages_blueprint(state: SandboxState) -> Blueprint:
    blueprint = Blueprint("sandbox_pages", __name__)
    pages = _Pages(state)
    blueprint.add_url_rule("/wechat/s/<article_id>", view_func=pages.article)
    blueprint.add_url_rule("/weibo/<uid>/<post_id>", view_func=pages.status)
    blueprint.add_url_rule("/site/", view_func=pages.home)
    blueprint.add_url_rule("/site/<slug>", view_func=pages.post)
    return blueprint


class _Pages:
    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def article(self, article_id: str) -> Response:
        with self._state.lock:
            for job in self._state.data.wechat_jobs.values():
                is_out = job.done_at <= self._state.clock.now() and job.end_status == 0
                if job.article_id == article_id and is_out and not job.is_deleted:
                    app = self._state.data.wechat_apps[job.appid]
                    content = str(job.article.get("content"))
                    return _page(str(job.article.get("title")), app.name, job.done_at, content)
        return _missing()

    def status(self, uid: str, post_id: str) -> Response:
        with self._state.lock:
            for post in self._state.data.weibo_posts:
                is_out = post.visible_at <= self._state.clock.now() and not post.is_deleted
                if (post.uid, post.id) == (uid, post_id) and is_out:
                    text = f"<p>{escape(post.text)}</p>"
                    return _page("微博正文", f"用户 {uid}", post.created_at, text)
        return _missing()

    def home(self) -> Response:
        with self._state.lock:
            entries = "".join(
                f'<li><a href="/site/{escape(post.slug)}">{escape(post.title)}</a></li>'
                for post in reversed(self._state.data.wordpress_posts)
                if post.status == "publish"
            )
        listed = f"<ul>{entries}</ul>" if entries else "<p>还没有文章。</p>"
        return _page(SITE_NAME, "最新文章", self._state.clock.now(), listed)

    def post(self, slug: str) -> Response:
        with self._state.lock:
            for found in self._state.data.wordpress_posts:
                if found.slug == slug and found.status == "publish":
                    return _page(found.title, SITE_NAME, found.published_at, found.content)
        return _missing()


def _missing() -> Response:
    return Response(
        "没有这个页面，可能已被撤回（演练）。", status=404, content_type="text/plain; charset=utf-8"
    )


def _page(title: str, origin: str, at: dt.datetime, content: str) -> Response:
    shown_at = at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    clean = nh3.clean(content, attributes={"a": {"href"}, "img": {"src", "alt"}})
    html = (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}'
        '（演练）</title><meta name="viewport" content="width=device-width">'
        f'<style>{_STYLE}</style></head><body><div class="drill">演练</div><main>'
        f'<h1>{escape(title)}</h1><p class="meta">{escape(origin)} · {shown_at}</p>{clean}'
        "</main></body></html>"
    )
    return Response(
        html,
        content_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": _POLICY, "X-Robots-Tag": "noindex"},
    )
