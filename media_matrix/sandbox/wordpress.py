"""A WordPress-shaped website: posts over REST, slugs that never repeat, drafts nobody sees."""

from __future__ import annotations

import datetime as dt
from html import escape

from flask import Blueprint, Response, request

from core.clock import SHANGHAI, parse_time
from core.database.base import JsonObject
from media_matrix.sandbox.readers import add_readers, shown_comments
from media_matrix.sandbox.state import SandboxComment, SandboxState, WordPressPost
from media_matrix.sandbox.writes import Reply, read, write

_SOON = dt.timedelta(seconds=60)
_LARGEST_PAGE = 100
_EDITOR = 2
_CHANGEABLE = ("title", "content", "excerpt", "status")


def refusal(code: str, message: str, status: int) -> Reply:
    body = {"code": code, "message": message, "data": {"status": status}}
    return Reply(body, status=status, is_done=False)


def wordpress_blueprint(state: SandboxState) -> Blueprint:
    """Serve ``/wp-json/wp/v2``."""
    blueprint = Blueprint("sandbox_wordpress", __name__)
    platform = WordPressPlatform(state)
    root = "/wp-json/wp/v2"

    @blueprint.get(f"{root}/users/me")
    def me() -> Response:
        return read(state, "wordpress", "users/me", platform.me)

    @blueprint.get(f"{root}/posts")
    def posts() -> Response:
        return read(state, "wordpress", "posts", platform.posts)

    @blueprint.post(f"{root}/posts")
    def create() -> Response:
        return write(state, "wordpress", "posts", platform.create)

    @blueprint.post(f"{root}/posts/<int:post_id>")
    def change(post_id: int) -> Response:
        return write(state, "wordpress", "posts/update", lambda: platform.change(post_id))

    @blueprint.delete(f"{root}/posts/<int:post_id>")
    def trash(post_id: int) -> Response:
        return write(state, "wordpress", "posts/delete", lambda: platform.trash(post_id))

    @blueprint.get(f"{root}/comments")
    def comments() -> Response:
        return read(state, "wordpress", "comments", platform.comments)

    return blueprint


class WordPressPlatform:
    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def me(self) -> Reply:
        refused = self._login_refusal()
        if refused is not None:
            return refused
        rights = {"publish_posts": True, "edit_posts": True, "delete_posts": True}
        return Reply({"id": _EDITOR, "name": "网站编辑", "capabilities": rights})

    def posts(self) -> Reply:
        slug, status = request.args.get("slug"), request.args.get("status", "publish")
        if status != "publish":
            refused = self._login_refusal()
            if refused is not None:
                return refused
        self._release_due()
        found = [
            post
            for post in self._state.data.wordpress_posts
            if slug in {None, post.slug}
            and (post.status == "publish" or (status == "any" and post.status != "trash"))
        ]
        total = str(len(found))
        headers = (("X-WP-Total", total), ("X-WP-TotalPages", "1" if found else "0"))
        return Reply([_shown(post) for post in found[:100]], headers=headers)

    def create(self) -> Reply:
        refused = self._login_refusal()
        if refused is not None:
            return refused
        body = _body()
        title, content = str(body.get("title") or ""), str(body.get("content") or "")
        if not title and not content:
            return refusal("empty_content", "内容、标题及摘要均为空。", 400)
        now = self._state.clock.now()
        planned = parse_time(f"{body['date_gmt']}+00:00") if body.get("date_gmt") else now
        post = WordPressPost(
            id=1000 + self._state.number(),
            slug=self._free_slug(str(body.get("slug") or title)),
            title=title,
            content=content,
            excerpt=str(body.get("excerpt") or ""),
            status=_settled_status(str(body.get("status") or "draft"), planned, now),
            published_at=planned,
        )
        self._state.data.wordpress_posts.append(post)
        add_readers(self._state, "wordpress", str(post.id), planned, own_id=str(_EDITOR))
        location = (("Location", f"{request.base_url}/{post.id}"),)
        return Reply(_shown(post), status=201, headers=location)

    def change(self, post_id: int) -> Reply:
        found = self._own_post(post_id)
        if isinstance(found, Reply):
            return found
        for name in _CHANGEABLE:
            if name in _body():
                setattr(found, name, str(_body()[name]))
        return Reply(_shown(found))

    def trash(self, post_id: int) -> Reply:
        found = self._own_post(post_id)
        if isinstance(found, Reply):
            return found
        found.status = "trash"
        return Reply(_shown(found))

    def comments(self) -> Reply:
        wanted = request.args.get("post", "")
        post = next((p for p in self._state.data.wordpress_posts if str(p.id) == wanted), None)
        if post is None:
            return refusal("rest_post_invalid_id", "无效的文章 ID。", 404)
        after = request.args.get("after")
        shown = [
            comment
            for comment in shown_comments(self._state, "wordpress", wanted)
            if after is None or comment.created_at > parse_time(after)
        ]
        if request.args.get("order", "desc") == "asc":
            shown.reverse()
        size, page = request.args.get("per_page", 10, int), request.args.get("page", 1, int)
        if not 1 <= size <= _LARGEST_PAGE:
            return refusal("rest_invalid_param", "无效的参数：per_page", 400)
        pages = -(-len(shown) // size)
        if page > max(pages, 1):
            return refusal("rest_post_invalid_page_number", "请求的页码大于总页数。", 400)
        headers = (("X-WP-Total", str(len(shown))), ("X-WP-TotalPages", str(pages)))
        found = shown[size * (page - 1) : size * page]
        return Reply([_comment(comment, post) for comment in found], headers=headers)

    def _login_refusal(self) -> Reply | None:
        given = request.authorization
        if given is None or self._state.data.switches.wordpress_strips_authorization:
            return refusal("rest_not_logged_in", "您目前没有登录。", 401)
        password = self._state.data.wordpress_users.get(str(given.username))
        if password is None:
            return refusal("invalid_username", "未知的用户名。", 401)
        if str(given.password).replace(" ", "") != password.replace(" ", ""):
            return refusal("incorrect_password", "应用密码不正确。", 401)
        return None

    def _own_post(self, post_id: int) -> WordPressPost | Reply:
        refused = self._login_refusal()
        if refused is not None:
            return refused
        for post in self._state.data.wordpress_posts:
            if post.id == post_id:
                if post.status == "trash":
                    return refusal("rest_already_trashed", "文章已在回收站。", 410)
                return post
        return refusal("rest_post_invalid_id", "无效的文章 ID。", 404)

    def _free_slug(self, wanted: str) -> str:
        """Make "slug-2" of a taken slug, as WordPress does: a duplicate that looks fine."""
        taken = {post.slug for post in self._state.data.wordpress_posts}
        slug, number = wanted, 2
        while slug in taken:
            slug, number = f"{wanted}-{number}", number + 1
        return slug

    def _release_due(self) -> None:
        # WP-Cron runs when somebody visits, not when the time comes.
        now = self._state.clock.now()
        for post in self._state.data.wordpress_posts:
            if post.status == "future" and post.published_at <= now:
                post.status = "publish"


def _settled_status(asked: str, planned: dt.datetime, now: dt.datetime) -> str:
    """Apply the 60-second rule of wp_insert_post."""
    if asked == "publish" and planned - now >= _SOON:
        return "future"
    if asked == "future" and planned - now < _SOON:
        return "publish"
    return asked


def _body() -> JsonObject:
    body = request.get_json(force=True, silent=True)
    return dict(body) if isinstance(body, dict) else {}


def _shown(post: WordPressPost) -> JsonObject:
    return {
        "id": post.id, "slug": post.slug, "status": post.status,
        "link": f"{request.host_url}site/{post.slug}",
        "date": post.published_at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S"),
        "date_gmt": post.published_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "title": {"rendered": post.title, "raw": post.title},
        "content": {"rendered": post.content, "raw": post.content},
    }  # fmt: skip


def _comment(comment: SandboxComment, post: WordPressPost) -> JsonObject:
    # Visitors have no account at a site: their id is 0, the editor's is the one of "users/me".
    author = _EDITOR if comment.author_id == str(_EDITOR) else 0
    return {
        "id": comment.id, "post": post.id, "parent": comment.in_reply_to or 0, "author": author,
        "author_name": comment.author_name, "status": "approved", "type": "comment",
        "date_gmt": comment.created_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "content": {"rendered": f"<p>{escape(comment.text)}</p>\n"},
        "link": f"{request.host_url}site/{post.slug}#comment-{comment.id}",
    }  # fmt: skip
