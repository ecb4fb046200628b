"""WeChat Official Account: cover, draft, publish without push, poll for the outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import ClassVar

from core.clock import SHANGHAI
from core.database.base import JsonObject
from core.errors import DeliveryError
from core.faults import fault_point
from core.options import FieldKind, FieldSpec
from core.outbound.bodies import FilePart
from media_matrix.access import PlatformAccess
from media_matrix.content import ChannelText
from media_matrix.cover import plain_cover
from media_matrix.lint import Finding, channel_findings
from media_matrix.platform_codes import CodeAction, reason
from media_matrix.publishers.base import (
    Capability,
    CapabilityCheck,
    ChannelAccount,
    Confirmation,
    Numbers,
    PlatformRefusedError,
    PostJob,
    ProbeResult,
    Standing,
    SubmitKind,
    SubmitResult,
    Verdict,
)
from media_matrix.publishers.comments import CommentMark, CommentPage
from media_matrix.publishers.timetable import next_reading
from media_matrix.publishers.wechat_client import BASE_URL, WeChatClient
from media_matrix.publishers.wechat_comments import wechat_comments
from media_matrix.similarity import normalised

# A submitted draft leaves the box when it is published; until then its presence proves nothing.
_SETTLED = dt.timedelta(minutes=5)
_CLOCK_SKEW = dt.timedelta(minutes=5)
_READY_AT = dt.time(8, 10)
_DAYS_OF_NUMBERS = 7
# Numbers come once a day, but whoever asks for help below an article need not wait for them.
_FIRST_DAY = tuple(dt.timedelta(hours=hours) for hours in (1, 3, 6, 12))
_PUBLISHED, _PUBLISHING, _USER_DELETED, _BANNED = 0, 1, 5, 6


class WeChatPublisher:
    name: ClassVar[str] = "wechat"
    label: ClassVar[str] = "微信公众号"
    help: ClassVar[str] = "需要已认证公众号的 AppID 和 AppSecret，并把本机出口 IP 加入白名单。"
    options: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("appid", "AppID", required=True, maximum=64),
        FieldSpec("secret", "AppSecret", FieldKind.SECRET, required=True, maximum=128),
        FieldSpec("author", "署名", maximum=16),
        FieldSpec("default_link", "阅读原文链接", FieldKind.URL),
        FieldSpec("open_comments", "打开留言", FieldKind.BOOLEAN),
        FieldSpec("base_url", "接口地址", FieldKind.URL, default=BASE_URL),
    )
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)
    probe_delay: ClassVar[dt.timedelta] = dt.timedelta(minutes=2)

    def lint(self, variant: ChannelText, *, digest: str | None = None) -> list[Finding]:
        return channel_findings(variant, digest=digest)

    def submit(self, job: PostJob) -> SubmitResult:
        client = WeChatClient(job.access, job.account)
        publish_id = job.known("publish_id")
        if publish_id is None:
            media_id = job.known("media_id") or self._add_draft(client, job)
            publish_id = client.write(
                "freepublish/submit",
                {"media_id": media_id},
                job.ledger,
                summary={"media_id": media_id},
                progress=lambda answer: _kept(answer.object(), "publish_id", "msg_data_id"),
                passed="post.after_submit",
            ).text("publish_id")
        return SubmitResult(SubmitKind.ACCEPTED, progress={"publish_id": publish_id})

    def probe(self, job: PostJob) -> ProbeResult:
        """Look among the published articles first, then among the drafts."""
        client = WeChatClient(job.access, job.account)
        published = list(client.published())
        found = _matching(published, job)
        if found is not None:
            article = _first_article(found)
            url = article.get("url")
            return ProbeResult(
                Verdict.FOUND,
                proof={"article_id": found.get("article_id"), "url": url},
                result=SubmitResult(
                    SubmitKind.PUBLISHED,
                    platform_id=str(found.get("article_id")),
                    url=None if url is None else str(url),
                ),
            )
        return self._probe_drafts(job, list(client.drafts()), len(published))

    def _probe_drafts(self, job: PostJob, drafts: list[JsonObject], published: int) -> ProbeResult:
        proof: JsonObject = {"published_seen": published, "drafts_seen": len(drafts)}
        media_id = job.known("media_id")
        if media_id is None:
            found = _matching(drafts, job)
            if found is None:
                return ProbeResult(Verdict.ABSENT, proof=proof)
            media_id = str(found.get("media_id"))
            return ProbeResult(
                Verdict.FOUND,
                proof={**proof, "media_id": media_id},
                progress={"media_id": media_id},
            )
        is_still_there = any(str(draft.get("media_id")) == media_id for draft in drafts)
        began = job.doubtful_since or job.now
        if is_still_there and job.now - began >= _SETTLED:
            return ProbeResult(Verdict.ABSENT, proof={**proof, "draft_still_there": True})
        return ProbeResult(
            Verdict.CANNOT_TELL, proof={**proof, "draft_still_there": is_still_there}
        )

    def confirm(self, job: PostJob) -> Confirmation:
        publish_id = job.known("publish_id")
        if publish_id is None:
            return Confirmation(Standing.PENDING)
        answer = WeChatClient(job.access, job.account).read(
            "freepublish/get", {"publish_id": publish_id}
        )
        status = answer.object().get("publish_status")
        if status == _PUBLISHED:
            return Confirmation(
                Standing.PUBLISHED, answer.text("article_id"), _article_url(answer.object())
            )
        if status == _PUBLISHING:
            return Confirmation(Standing.PENDING)
        standing = Standing.TAKEN_DOWN if status in {_USER_DELETED, _BANNED} else Standing.REFUSED
        return Confirmation(standing, reason=reason(self.name, f"publish_status_{status}"))

    def metrics(self, job: PostJob) -> Numbers | None:
        """Add up the days so far. The platform counts people, not reads, and answers to yesterday."""
        message = job.known("msg_data_id")
        local = job.now.astimezone(SHANGHAI)
        yesterday = (local - dt.timedelta(days=1)).date()
        if message is None:
            return None
        first = yesterday - dt.timedelta(days=_DAYS_OF_NUMBERS - 1)
        answer = WeChatClient(job.access, job.account).read(
            "datacube/getarticletotaldetail",
            {"begin_date": first.isoformat(), "end_date": yesterday.isoformat()},
        )
        # Articles are numbered from 1 here, from 0 in the calls about comments.
        wanted = f"{message}_1"
        rows = answer.object().get("list")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and row.get("msgid") == wanted:
                return _people(dict(row), is_delayed=bool(answer.object().get("is_delay")))
        return None

    def metrics_due(self, published_at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
        """Look once a day after the platform has counted the day before, for a week.

        On the first day the comments are worth a look before that.
        """
        day = published_at.astimezone(SHANGHAI).date()
        soon = next_reading(_FIRST_DAY, published_at, now)
        for step in range(1, _DAYS_OF_NUMBERS + 1):
            due = dt.datetime.combine(day + dt.timedelta(days=step), _READY_AT, SHANGHAI)
            if due > now:
                due = due.astimezone(dt.UTC)
                return due if soon is None else min(soon, due)
        return None

    def comments(
        self, job: PostJob, since: CommentMark, *, counted: int | None
    ) -> CommentPage | None:
        if not job.account.options.get("open_comments"):
            return None
        client = WeChatClient(job.access, job.account)
        return wechat_comments(
            lambda asked: client.read("comment/list", asked),
            since,
            message_id=job.known("msg_data_id"),
            counted=counted,
        )

    def withdraw(self, job: PostJob) -> None:
        WeChatClient(job.access, job.account).write(
            "freepublish/delete",
            {"article_id": job.known("platform_id"), "index": 0},
            job.ledger,
            summary={"article_id": job.known("platform_id")},
            progress=lambda _: {},
        )

    def check(self, access: PlatformAccess, account: ChannelAccount) -> list[CapabilityCheck]:
        client = WeChatClient(access, account)
        client.tokens.token()
        checks = [
            CapabilityCheck("token", "访问令牌", is_ok=True, text="AppID 和 AppSecret 有效。")
        ]
        yesterday = (access.clock.now().astimezone(SHANGHAI) - dt.timedelta(days=1)).date()
        day = yesterday.isoformat()
        page: JsonObject = {"offset": 0, "count": 1, "no_content": 1}
        span: JsonObject = {"begin_date": day, "end_date": day}
        for capability, label, action, value in (
            (Capability.PUBLISH, "发布", "freepublish/batchget", page),
            (Capability.METRICS, "数据", "datacube/getarticletotaldetail",
             span),
        ):  # fmt: skip
            checks.append(_tried(client, capability, label, action, value))
        if checks[1].is_ok:
            checks.append(
                CapabilityCheck(
                    "withdraw",
                    "撤回",
                    is_ok=True,
                    text="随发布权限可用。",
                    capability=Capability.WITHDRAW,
                )
            )
        return checks

    def _add_draft(self, client: WeChatClient, job: PostJob) -> str:
        thumb = job.known("thumb_media_id") or self._upload_cover(client, job)
        variant, author = job.post.variant, job.account.text("author")
        article: JsonObject = {
            "article_type": "news",
            "title": variant.title or job.post.title,
            "author": str(variant.options.get("author") or author),
            "digest": job.post.digest or "",
            "content": variant.text,
            "content_source_url": variant.link or "",
            "thumb_media_id": thumb,
            "need_open_comment": int(bool(job.account.options.get("open_comments"))),
            "only_fans_can_comment": 0,
        }
        answer = client.write(
            "draft/add",
            {"articles": [article]},
            job.ledger,
            summary={"title": article["title"], "thumb_media_id": thumb},
            progress=lambda answer: _kept(answer.object(), "media_id"),
        )
        return str(answer.text("media_id"))

    def _upload_cover(self, client: WeChatClient, job: PostJob) -> str:
        cover = job.post.cover
        content = plain_cover() if cover is None else cover.content
        content_type = "image/png" if cover is None else cover.content_type
        ending = "png" if content_type == "image/png" else "jpg"
        answer = client.upload_cover(
            FilePart("media", f"cover.{ending}", content, content_type),
            job.ledger,
            progress=lambda answer: {"thumb_media_id": answer.text("media_id")},
        )
        fault_point("post.after_upload_media")
        return str(answer.text("media_id"))


def _kept(answer: JsonObject, *names: str) -> JsonObject:
    return {name: str(answer[name]) for name in names if name in answer}


def _first_article(item: JsonObject) -> JsonObject:
    content = item.get("content")
    articles = content.get("news_item") if isinstance(content, dict) else None
    first = articles[0] if isinstance(articles, list) and articles else {}
    return dict(first) if isinstance(first, dict) else {}


def _matching(items: Iterable[JsonObject], job: PostJob) -> JsonObject | None:
    """Find our article by title, digest and text among what is newer than our first try."""
    variant = job.post.variant
    mark = (variant.title or job.post.title, job.post.digest or "", normalised(variant.text))
    oldest = (job.doubtful_since or job.now) - _CLOCK_SKEW
    for item in items:
        article = _first_article(item)
        updated = item.get("update_time")
        is_old = isinstance(updated, int) and updated < oldest.timestamp()
        theirs = (
            article.get("title"),
            article.get("digest") or "",
            normalised(str(article.get("content") or "")),
        )
        if theirs == mark and not is_old and not article.get("is_deleted"):
            return item
    return None


def _article_url(answer: JsonObject) -> str | None:
    detail = answer.get("article_detail")
    items = detail.get("item") if isinstance(detail, dict) else None
    first = items[0] if isinstance(items, list) and items else None
    return str(first["article_url"]) if isinstance(first, dict) else None


def _people(row: JsonObject, *, is_delayed: bool) -> Numbers:
    details = row.get("detail_list")
    days = [day for day in details if isinstance(day, dict)] if isinstance(details, list) else []

    def total(name: str) -> int:
        return sum(int(day.get(name) or 0) for day in days)

    return Numbers(
        basis="people",
        reads=total("read_user"),
        likes=total("like_user"),
        reposts=total("share_user"),
        comments=total("comment_count"),
        raw={"days": len(days), "is_delay": is_delayed},
    )


def _tried(
    client: WeChatClient, capability: Capability, label: str, action: str, value: JsonObject
) -> CapabilityCheck:
    try:
        client.read(action, value)
    except PlatformRefusedError as error:
        if error.entry.action is not CodeAction.PERMISSION:
            raise
        return CapabilityCheck(
            capability, label, is_ok=False, text=str(error), capability=capability
        )
    except DeliveryError as error:
        return CapabilityCheck(capability, label, is_ok=False, text=str(error))
    return CapabilityCheck(capability, label, is_ok=True, text="可用。", capability=capability)
