"""The Weibo open platform: sharing with a safe domain, the short timeline, counts."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, request

from core.clock import SHANGHAI
from core.database.base import JsonObject
from media_matrix.channel_rules import addresses, channel_rules, hashtags, is_under, weibo_length
from media_matrix.sandbox.growth import grown
from media_matrix.sandbox.readers import add_readers, shown_comments
from media_matrix.sandbox.state import SandboxComment, SandboxState, WeiboPost, WeiboToken
from media_matrix.sandbox.writes import Reply, read, write

_PER_DAY = 100
_POSTS_PER_HOUR = 30
_TIMELINE = 5
_COMMENTS = 200
_HOUR = dt.timedelta(hours=1)
_SYNC = dt.timedelta(minutes=2)
_DAY = dt.timedelta(days=1)
_ID_BASE = 5_100_000_000_000_000


def weibo_blueprint(state: SandboxState) -> Blueprint:
    """Serve the calls below ``/2``."""
    blueprint = Blueprint("sandbox_weibo", __name__)
    platform = WeiboPlatform(state)

    @blueprint.post("/2/statuses/share.json")
    def share() -> Response:
        return write(state, "weibo", "statuses/share", platform.share)

    @blueprint.post("/2/statuses/destroy.json")
    def destroy() -> Response:
        return write(state, "weibo", "statuses/destroy", platform.destroy)

    @blueprint.get("/2/statuses/user_timeline.json")
    def timeline() -> Response:
        return read(state, "weibo", "statuses/user_timeline", platform.timeline)

    @blueprint.get("/2/statuses/count.json")
    def count() -> Response:
        return read(state, "weibo", "statuses/count", platform.count)

    @blueprint.get("/2/comments/show.json")
    def comments() -> Response:
        return read(state, "weibo", "comments/show", platform.comments)

    @blueprint.get("/2/users/show.json")
    def user() -> Response:
        return read(state, "weibo", "users/show", platform.user)

    return blueprint


class WeiboPlatform:
    def __init__(self, state: SandboxState) -> None:
        self._state = state

    def refusal(self, code: int, message: str, *, status: int = 400) -> Reply:
        # The documentation prints the code as a string, the live service sends a number.
        shown = str(code) if self._state.data.switches.weibo_codes_are_text else code
        return Reply(
            {"request": request.path, "error_code": shown, "error": message},
            status=status,
            is_done=False,
        )

    def share(self) -> Reply:
        token = self._token()
        if isinstance(token, Reply):
            return token
        text = request.form.get("status", "").strip()
        refused = self._text_refusal(token, text)
        if refused is not None:
            return refused
        now = self._state.clock.now()
        switches = self._state.data.switches
        is_delayed, switches.weibo_delays_next = switches.weibo_delays_next, False
        post = WeiboPost(
            id=str(_ID_BASE + self._state.number()),
            uid=token.uid,
            text=text,
            created_at=now,
            visible_at=now + (_SYNC if is_delayed else dt.timedelta()),
        )
        self._state.data.weibo_posts.append(post)
        add_readers(self._state, "weibo", post.id, post.visible_at, own_id=token.uid)
        if is_delayed:
            late = self.refusal(
                20032, "Update success, while server slow now, please wait 1-2 minutes!"
            )
            return Reply(late.content, status=late.status, is_done=True)
        return Reply(self._status(post))

    def destroy(self) -> Reply:
        token = self._token()
        if isinstance(token, Reply):
            return token
        for post in self._state.data.weibo_posts:
            if post.id == request.form.get("id") and post.uid == token.uid:
                post.is_deleted = True
                return Reply(self._status(post))
        return self.refusal(20101, "target weibo does not exist!")

    def timeline(self) -> Reply:
        token = self._token()
        if isinstance(token, Reply):
            return token
        now = self._state.clock.now()
        newest = [
            post
            for post in reversed(self._state.data.weibo_posts)
            if post.uid == token.uid and not post.is_deleted and post.visible_at <= now
        ]
        statuses = [self._status(post) for post in newest[:_TIMELINE]]
        return Reply({"statuses": statuses, "total_number": len(newest)})

    def count(self) -> Reply:
        token = self._token()
        if isinstance(token, Reply):
            return token
        wanted = request.args.get("ids", "").split(",")
        return Reply([
            {
                "id": int(post.id), "idstr": post.id, "comments": self._commented(post),
                "reposts": self._grown(post, "r", 150), "attitudes": self._grown(post, "a", 400),
            }
            for post in self._state.data.weibo_posts
            if post.id in wanted
        ])  # fmt: skip

    def comments(self) -> Reply:
        """List newest first: ids above since_id, up to max_id, page by page."""
        token = self._token()
        if isinstance(token, Reply):
            return token
        wanted, posts = request.args.get("id", ""), self._state.data.weibo_posts
        if not any(post.id == wanted and not post.is_deleted for post in posts):
            return self.refusal(20101, "target weibo does not exist!")
        above, up_to = request.args.get("since_id", 0, int), request.args.get("max_id", 0, int)
        count = min(request.args.get("count", 50, int), _COMMENTS)
        shown = shown_comments(self._state, "weibo", wanted)
        found = [row for row in shown if row.id > above and (not up_to or row.id <= up_to)]
        start = count * (request.args.get("page", 1, int) - 1)
        page, rest = found[start : start + count], found[start + count :]
        return Reply({
            "comments": [_comment(row) for row in page],
            "previous_cursor": 0, "next_cursor": rest[0].id if rest else 0,
            "total_number": len(shown),
        })  # fmt: skip

    def user(self) -> Reply:
        token = self._token()
        if isinstance(token, Reply):
            return token
        return Reply({"id": token.uid, "screen_name": token.name, "followers_count": 12860})

    def _token(self) -> WeiboToken | Reply:
        given = request.values.get("access_token", "")
        token = self._state.data.weibo_tokens.get(given)
        if token is None:
            return self.refusal(21332, "invalid_access_token", status=403)
        if token.expires_at <= self._state.clock.now():
            return self.refusal(21327, "expired_token", status=403)
        if self._state.count(f"weibo|{token.uid}|calls") > _PER_DAY:
            return self.refusal(10023, "User requests out of rate limit!", status=403)
        return token

    def _text_refusal(self, token: WeiboToken, text: str) -> Reply | None:
        rules = channel_rules("weibo")
        if not request.form.get("rip"):
            return self.refusal(10016, "miss required parameter (rip)")
        if not text:
            return self.refusal(20008, "content is null!")
        if weibo_length(text, link_length=rules.link_length or 0) > (rules.text_maximum or 0):
            return self.refusal(20012, "text too long, please input text less than 140 characters!")
        if not any(is_under(address, token.domain) for address in addresses(text)) or hashtags(
            text
        ):
            return self.refusal(10017, "appkey not bind domain!")
        return self._habit_refusal(token, text)

    def _habit_refusal(self, token: WeiboToken, text: str) -> Reply | None:
        """Refuse what was posted within a day already, and the 31st post within an hour."""
        recent = self._state.clock.now() - _DAY
        if any(
            post.uid == token.uid and post.text == text and post.created_at > recent
            for post in self._state.data.weibo_posts
            if not post.is_deleted
        ):
            return self.refusal(20019, "repeat content!")
        if self._state.count(f"weibo|{token.uid}|posts", _HOUR) > _POSTS_PER_HOUR:
            return self.refusal(20016, "update weibo too fast!")
        return None

    def _status(self, post: WeiboPost) -> JsonObject:
        created = post.created_at.astimezone(SHANGHAI).strftime("%a %b %d %H:%M:%S +0800 %Y")
        return {
            "id": int(post.id), "idstr": post.id, "mid": post.id, "created_at": created,
            "text": post.text, "user": {"id": post.uid},
            "url": f"{request.host_url}weibo/{post.uid}/{post.id}",
            "reposts_count": self._grown(post, "r", 150),
            "comments_count": self._commented(post),
            "attitudes_count": self._grown(post, "a", 400),
        }  # fmt: skip

    def _commented(self, post: WeiboPost) -> int:
        return len(shown_comments(self._state, "weibo", post.id))

    def _grown(self, post: WeiboPost, what: str, ceiling: int) -> int:
        age = self._state.clock.now() - post.created_at
        growth = self._state.data.switches.growth
        return int(growth * grown(post.id + what, age, ceiling=ceiling))


def _comment(comment: SandboxComment) -> JsonObject:
    created = comment.created_at.astimezone(SHANGHAI).strftime("%a %b %d %H:%M:%S +0800 %Y")
    shown: JsonObject = {
        "id": comment.id, "idstr": str(comment.id), "mid": str(comment.id), "created_at": created,
        "text": comment.text, "like_count": comment.likes,
        "user": {"id": int(comment.author_id), "screen_name": comment.author_name},
    }  # fmt: skip
    if comment.in_reply_to is not None:
        shown["reply_comment"] = {"id": comment.in_reply_to, "idstr": str(comment.in_reply_to)}
    return shown
