"""The WeChat Official Account interface, as its documentation describes it."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable

from flask import Blueprint, Response, request

from core.clock import SHANGHAI, parse_time
from core.database.base import JsonObject
from media_matrix.channel_rules import channel_rules
from media_matrix.sandbox.growth import grown
from media_matrix.sandbox.readers import add_readers, shown_comments
from media_matrix.sandbox.state import (
    SandboxComment,
    SandboxState,
    WeChatApp,
    WeChatDraft,
    WeChatJob,
)
from media_matrix.sandbox.wechat_comments import listed_comments, written_on
from media_matrix.sandbox.writes import Reply, read, write

TOKEN_LIFE = dt.timedelta(seconds=7200)
_LIMITS = {
    "draft/add": 1000, "draft/batchget": 1000, "draft/delete": 1000, "draft/count": 1000,
    "freepublish/submit": 100, "freepublish/get": 100, "freepublish/delete": 10,
    "freepublish/batchget": 100,
}  # fmt: skip
_SCRIPT = re.compile(
    r"<script\b.*?</script>|\s(?:class|id|on\w+)\s*=\s*\"[^\"]*\"", re.IGNORECASE | re.DOTALL
)
_IMAGE = re.compile(r"<img\b[^>]*\bsrc=\"([^\"]+)\"[^>]*>", re.IGNORECASE)
_FIRST_DAY = "2025-11-01"
_DIGEST = 54
_PAGE = 20

Action = Callable[[str], Reply]


def refusal(code: int, message: str) -> Reply:
    text = f"{message} rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}"
    return Reply({"errcode": code, "errmsg": text}, is_done=False)


def wechat_blueprint(state: SandboxState) -> Blueprint:
    """Serve the calls below ``/cgi-bin`` and ``/datacube``."""
    blueprint = Blueprint("sandbox_wechat", __name__)
    platform = WeChatPlatform(state)

    @blueprint.post("/cgi-bin/stable_token")
    def stable_token() -> Response:
        return read(state, "wechat", "stable_token", platform.stable_token)

    @blueprint.get("/cgi-bin/token")
    def token() -> Response:
        return read(state, "wechat", "token", platform.rotating_token)

    @blueprint.post("/cgi-bin/material/add_material")
    def add_material() -> Response:
        return platform.written("material/add_material", platform.add_material)

    @blueprint.post("/cgi-bin/media/uploadimg")
    def upload_image() -> Response:
        return platform.written("media/uploadimg", platform.upload_image)

    @blueprint.post("/cgi-bin/draft/<name>")
    def draft(name: str) -> Response:
        return platform.dispatched(f"draft/{name}")

    @blueprint.post("/cgi-bin/freepublish/<name>")
    def freepublish(name: str) -> Response:
        return platform.dispatched(f"freepublish/{name}")

    @blueprint.post("/cgi-bin/comment/<name>")
    def comment(name: str) -> Response:
        return platform.dispatched(f"comment/{name}")

    @blueprint.post("/datacube/getarticletotaldetail")
    def numbers() -> Response:
        return platform.asked("datacube/getarticletotaldetail", platform.article_numbers)

    return blueprint


class WeChatPlatform:
    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._writes: dict[str, Action] = {
            "draft/add": self.add_draft,
            "draft/delete": self.delete_draft,
            "freepublish/submit": self.submit,
            "freepublish/delete": self.delete_article,
        }
        self._reads: dict[str, Action] = {
            "draft/batchget": self.list_drafts,
            "draft/count": self.count_drafts,
            "freepublish/get": self.job_status,
            "freepublish/batchget": self.list_articles,
            "comment/list": self.list_comments,
        }

    def dispatched(self, action: str) -> Response:
        if action in self._writes:
            return self.written(action, self._writes[action])
        if action in self._reads:
            return self.asked(action, self._reads[action])
        return refusal(48001, "api unauthorized").response()

    def written(self, action: str, act: Action) -> Response:
        return write(self._state, "wechat", action, lambda: self._checked(action, act))

    def asked(self, action: str, look: Action) -> Response:
        return read(self._state, "wechat", action, lambda: self._checked(action, look))

    def _checked(self, action: str, act: Action) -> Reply:
        data, now = self._state.data, self._state.clock.now()
        token = request.args.get("access_token", "")
        appid = next((key for key, app in data.wechat_apps.items() if app.token == token), None)
        if appid is None or data.switches.wechat_refuses_tokens:
            return refusal(40001, "invalid credential, access_token is invalid or not latest")
        app = data.wechat_apps[appid]
        if app.token_until is None or app.token_until <= now:
            return refusal(42001, "access_token expired")
        if not app.is_verified and action.startswith(("freepublish", "draft")):
            return refusal(48001, "api unauthorized")
        limit = _LIMITS.get(action)
        if limit is not None and self._state.count(f"wechat|{appid}|{action}") > limit:
            return refusal(45009, "reach max api daily quota limit")
        self._finish_jobs(now)
        return act(appid)

    def stable_token(self) -> Reply:
        body = _body()
        app = self._known_app(str(body.get("appid")), str(body.get("secret")))
        if isinstance(app, Reply):
            return app
        now = self._state.clock.now()
        is_alive = app.token_until is not None and app.token_until - now > dt.timedelta(minutes=5)
        if app.token is None or not is_alive or body.get("force_refresh") is True:
            _new_token(app, now)
        left = (app.token_until or now) - now
        return Reply({"access_token": app.token, "expires_in": int(left.total_seconds())})

    def rotating_token(self) -> Reply:
        app = self._known_app(request.args.get("appid", ""), request.args.get("secret", ""))
        if isinstance(app, Reply):
            return app
        _new_token(app, self._state.clock.now())
        return Reply({"access_token": app.token, "expires_in": 7200})

    def _known_app(self, appid: str, secret: str) -> WeChatApp | Reply:
        data = self._state.data
        if data.switches.wechat_refuses_caller:
            return refusal(40164, f"invalid ip {request.remote_addr}, not in whitelist")
        app = data.wechat_apps.get(appid)
        if app is None:
            return refusal(40013, "invalid appid")
        return app if app.secret == secret else refusal(40125, "invalid appsecret")

    def add_material(self, appid: str) -> Reply:
        picture = request.files.get("media")
        content = picture.read() if picture is not None else b""
        if not content.startswith((b"\x89PNG", b"\xff\xd8")):
            return refusal(40007, "invalid media_id")
        media_id = f"MATERIAL_{self._state.number():06d}_{secrets.token_hex(8)}"
        self._state.data.wechat_materials[media_id] = appid
        return Reply({"media_id": media_id, "url": f"https://mmbiz.qpic.cn/{media_id}"})

    def upload_image(self, appid: str) -> Reply:
        del appid
        address = f"https://mmbiz.qpic.cn/sandbox/{self._state.number()}.png"
        return Reply({"url": address}, content_type="text/plain")

    def add_draft(self, appid: str) -> Reply:
        articles = _body().get("articles")
        article = articles[0] if isinstance(articles, list) and articles else None
        if not isinstance(article, dict):
            return refusal(44003, "empty news data")
        refused = _article_refusal(article, self._state.data.wechat_materials)
        if refused is not None:
            return refused
        media_id = f"DRAFT_{self._state.number():06d}_{secrets.token_hex(8)}"
        content = _surviving(str(article["content"]))
        digest = article.get("digest") or re.sub(r"<[^>]+>", "", content)[:_DIGEST]
        self._state.data.wechat_drafts[media_id] = WeChatDraft(
            appid, {**article, "content": content, "digest": digest}, self._state.clock.now()
        )
        return Reply({"media_id": media_id})

    def delete_draft(self, appid: str) -> Reply:
        media_id = str(_body().get("media_id"))
        if self._own_draft(appid, media_id) is None:
            return refusal(40007, "invalid media_id")
        del self._state.data.wechat_drafts[media_id]
        return Reply({"errcode": 0, "errmsg": "ok"})

    def list_drafts(self, appid: str) -> Reply:
        drafts = self._state.data.wechat_drafts
        newest = [key for key in reversed(drafts) if drafts[key].appid == appid]
        offset, count = _page()
        items = [
            {
                "media_id": key,
                "content": {"news_item": [drafts[key].article]},
                "update_time": int(drafts[key].updated_at.timestamp()),
            }
            for key in newest[offset : offset + count]
        ]
        return Reply({"total_count": len(newest), "item_count": len(items), "item": items})

    def count_drafts(self, appid: str) -> Reply:
        drafts = self._state.data.wechat_drafts.values()
        return Reply({"total_count": sum(draft.appid == appid for draft in drafts)})

    def submit(self, appid: str) -> Reply:
        media_id = str(_body().get("media_id"))
        draft = self._own_draft(appid, media_id)
        if draft is None:
            return refusal(40007, "invalid media_id")
        number, now = self._state.number(), self._state.clock.now()
        switches = self._state.data.switches
        publish_id, message_id = str(100_000_000 + number), str(2_247_480_000 + number)
        self._state.data.wechat_jobs[publish_id] = WeChatJob(
            appid=appid,
            media_id=media_id,
            message_id=message_id,
            article_id=f"ARTICLE_{number:06d}_{secrets.token_hex(6)}",
            article=draft.article,
            submitted_at=now,
            done_at=now + dt.timedelta(seconds=switches.wechat_publish_s),
            end_status=switches.wechat_end_status,
        )
        done_at = self._state.data.wechat_jobs[publish_id].done_at
        add_readers(self._state, "wechat", message_id, done_at, own_id=appid)
        return Reply({
            "errcode": 0, "errmsg": "ok", "publish_id": publish_id, "msg_data_id": message_id,
        })  # fmt: skip

    def job_status(self, appid: str) -> Reply:
        publish_id = str(_body().get("publish_id"))
        job = self._state.data.wechat_jobs.get(publish_id)
        if job is None or job.appid != appid:
            return refusal(53600, "Article ID 无效")
        answer: JsonObject = {"publish_id": publish_id, "publish_status": self._status(job)}
        if answer["publish_status"] == 0:
            answer["article_id"] = job.article_id
            item = {"idx": 1, "article_url": _article_url(job)}
            answer["article_detail"] = {"count": 1, "item": [item]}
        return Reply({**answer, "fail_idx": []})

    def list_articles(self, appid: str) -> Reply:
        jobs = self._state.data.wechat_jobs
        newest = [
            job for job in reversed(jobs.values()) if job.appid == appid and self._status(job) == 0
        ]
        offset, count = _page()
        items = [
            {
                "article_id": job.article_id,
                "content": {
                    "news_item": [
                        {**job.article, "url": _article_url(job), "is_deleted": job.is_deleted}
                    ]
                },
                "update_time": int(job.done_at.timestamp()),
            }
            for job in newest[offset : offset + count]
        ]
        return Reply({"total_count": len(newest), "item_count": len(items), "item": items})

    def list_comments(self, appid: str) -> Reply:
        return listed_comments(self._state, appid, _body(), refusal)

    def delete_article(self, appid: str) -> Reply:
        article_id = _body().get("article_id")
        for job in self._state.data.wechat_jobs.values():
            if job.appid == appid and job.article_id == article_id:
                job.is_deleted = True
                return Reply({"errcode": 0, "errmsg": "ok"})
        return refusal(53600, "Article ID 无效")

    def article_numbers(self, appid: str) -> Reply:
        """Count people per day, to yesterday and not before 2025-11-01; late before 08:05."""
        body, now = _body(), self._state.clock.now().astimezone(SHANGHAI)
        begin, end = str(body.get("begin_date")), str(body.get("end_date"))
        switches = self._state.data.switches
        last = now.date() - dt.timedelta(days=0 if switches.wechat_counts_today else 1)
        if end > last.isoformat() or begin > end or begin < _FIRST_DAY:
            return refusal(61501, "date range error")
        rows = [
            _numbers(
                job,
                begin,
                end,
                switches.growth,
                shown_comments(self._state, "wechat", job.message_id),
            )
            for job in self._state.data.wechat_jobs.values()
            if job.appid == appid and job.end_status == 0 and job.done_at <= now
        ]
        is_delay = end == last.isoformat() and now.time() < dt.time(8, 5)
        return Reply({"list": [row for row in rows if row["detail_list"]], "is_delay": is_delay})

    def _own_draft(self, appid: str, media_id: str) -> WeChatDraft | None:
        draft = self._state.data.wechat_drafts.get(media_id)
        return draft if draft is not None and draft.appid == appid else None

    def _status(self, job: WeChatJob) -> int:
        if job.done_at > self._state.clock.now():
            return 1
        return 5 if job.is_deleted and job.end_status == 0 else job.end_status

    def _finish_jobs(self, now: dt.datetime) -> None:
        for job in self._state.data.wechat_jobs.values():
            if job.done_at <= now and job.end_status == 0:
                self._state.data.wechat_drafts.pop(job.media_id, None)


def _new_token(app: WeChatApp, now: dt.datetime) -> None:
    app.token = secrets.token_hex(256)
    app.token_until = now + TOKEN_LIFE


def _body() -> JsonObject:
    body = request.get_json(force=True, silent=True)
    return dict(body) if isinstance(body, dict) else {}


def _page() -> tuple[int, int]:
    body = _body()
    offset, count = body.get("offset"), body.get("count")
    return (
        offset if isinstance(offset, int) else 0,
        min(count, _PAGE) if isinstance(count, int) else _PAGE,
    )


def _article_refusal(article: JsonObject, materials: dict[str, str]) -> Reply | None:
    rules = channel_rules("wechat")
    title, content = str(article.get("title") or ""), str(article.get("content") or "")
    if not title or len(title) > (rules.title_maximum or len(title)):
        return refusal(45003, "title size out of limit")
    if len(str(article.get("digest") or "")) > (rules.digest_maximum or 0):
        return refusal(45004, "description size out of limit")
    if not content or len(content) >= (rules.text_maximum or 0):
        return refusal(45166, "invalid content")
    if article.get("thumb_media_id") not in materials:
        return refusal(40007, "invalid media_id")
    return None


def _surviving(html: str) -> str:
    """Drop what the platform drops without a word: scripts, classes, pictures from elsewhere."""
    hosts = channel_rules("wechat").image_hosts or ()
    kept = _SCRIPT.sub("", html)
    return _IMAGE.sub(
        lambda found: found[0] if any(host in found[1] for host in hosts) else "", kept
    )


def _article_url(job: WeChatJob) -> str:
    return f"{request.host_url}wechat/s/{job.article_id}"


def _numbers(
    job: WeChatJob, begin: str, end: str, growth: float, comments: list[SandboxComment]
) -> JsonObject:
    first = job.done_at.astimezone(SHANGHAI).date()
    details: list[JsonObject] = []
    for step in range(8):
        day = (first + dt.timedelta(days=step)).isoformat()
        if not begin <= day <= end:
            continue
        until = parse_time(f"{day} 23:59:59") - job.done_at
        before = until - dt.timedelta(days=1)

        def people(
            what: str, ceiling: int, a: dt.timedelta = before, b: dt.timedelta = until
        ) -> int:
            key = job.article_id + what
            return int(growth * (grown(key, b, ceiling=ceiling) - grown(key, a, ceiling=ceiling)))

        details.append({
            "stat_date": day, "read_user": people("read", 3000), "share_user": people("share", 160),
            "like_user": people("like", 220), "zaikan_user": people("look", 90),
            "comment_count": written_on(day, comments, job.appid),
        })  # fmt: skip
    return {
        "ref_date": first.isoformat(),
        "msgid": f"{job.message_id}_1",
        "publish_type": 1,
        "title": job.article.get("title"),
        "detail_list": details,
    }
