"""A union's website on WordPress: one post under a slug that only this delivery can have."""

from __future__ import annotations

import base64
import datetime as dt
from typing import ClassVar

from core.database.base import JsonObject
from core.options import FieldKind, FieldSpec
from core.outbound.bodies import JSONBody
from media_matrix.access import PlatformAccess
from media_matrix.content import ChannelText
from media_matrix.lint import Finding, channel_findings
from media_matrix.platform_codes import reason
from media_matrix.publishers.base import (
    Capability,
    CapabilityCheck,
    ChannelAccount,
    Confirmation,
    NotSentError,
    Numbers,
    PostJob,
    ProbeResult,
    ReadFailedError,
    Standing,
    SubmitKind,
    SubmitResult,
    Verdict,
)
from media_matrix.publishers.comments import CommentMark, CommentPage
from media_matrix.publishers.platform_http import Answer, Call, PlatformHTTP
from media_matrix.publishers.timetable import FREQUENT, next_reading
from media_matrix.publishers.wordpress_comments import wordpress_comments

_ERROR = 400


def wordpress_code(status: int, content: object) -> str | None:
    """Read ``code`` of an error answer; lists and posts have none."""
    if status >= _ERROR and isinstance(content, dict) and content.get("code"):
        return str(content["code"])
    return None


class WordPressPublisher:
    name: ClassVar[str] = "wordpress"
    label: ClassVar[str] = "网站（WordPress）"
    help: ClassVar[str] = (
        "需要网站地址、一个“编辑”角色的用户名和它的应用密码（WordPress 5.6 以上）。"
    )
    options: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("site_url", "网站地址", FieldKind.URL, required=True),
        FieldSpec("user", "用户名", required=True, maximum=60),
        FieldSpec("application_password", "应用密码", FieldKind.SECRET, required=True, maximum=128),
    )
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)
    # A slow site may still be writing after we stopped waiting.
    probe_delay: ClassVar[dt.timedelta] = dt.timedelta(minutes=1)

    def lint(self, variant: ChannelText, *, digest: str | None = None) -> list[Finding]:
        return channel_findings(variant, digest=digest)

    def submit(self, job: PostJob) -> SubmitResult:
        if job.known("platform_id") is not None:
            return SubmitResult(
                SubmitKind.PUBLISHED, platform_id=job.known("platform_id"), url=job.known("url")
            )
        # Without this look the site would make a second post under "slug-2".
        try:
            found = self._by_slug(job)
        except ReadFailedError as error:
            raise NotSentError(str(error)) from error
        if found is not None:
            return _result(found)
        variant = job.post.variant
        answer = _http(job.access, job.account).write(
            Call(
                action="posts",
                method="POST",
                url=_url(job.account, "posts"),
                headers=_authorisation(job.account),
                body=JSONBody({
                    "title": variant.title or job.post.title,
                    "content": variant.text,
                    "excerpt": job.post.digest or "",
                    "status": "publish",
                    "slug": _slug(job),
                }),
                summary={"slug": _slug(job)},
            ),
            job.ledger,
            progress=_saved,
            passed="post.after_submit",
        )  # fmt: skip
        return _result(answer.object())

    def probe(self, job: PostJob) -> ProbeResult:
        found = self._by_slug(job)
        if found is None:
            return ProbeResult(Verdict.ABSENT, proof={"slug": _slug(job), "posts": 0})
        proof: JsonObject = {
            "slug": _slug(job), "id": found.get("id"), "status": found.get("status"),
        }  # fmt: skip
        return ProbeResult(Verdict.FOUND, proof=proof, result=_result(found))

    def confirm(self, job: PostJob) -> Confirmation:
        return Confirmation(Standing.PUBLISHED, job.known("platform_id"), job.known("url"))

    def metrics(self, job: PostJob) -> Numbers | None:
        """Count the comments; WordPress itself does not know how often a post was read."""
        platform_id = job.known("platform_id")
        if platform_id is None:
            return None
        answer = self._read(job, "comments", {"post": platform_id, "per_page": "1"})
        total = answer.headers.get("x-wp-total")
        comments = int(total) if total is not None and total.isdecimal() else len(answer.list())
        return Numbers(basis="comments", comments=comments)

    def metrics_due(self, published_at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
        return next_reading(FREQUENT, published_at, now)

    def comments(
        self, job: PostJob, since: CommentMark, *, counted: int | None
    ) -> CommentPage | None:
        platform_id = job.known("platform_id")
        if platform_id is None:
            return None
        own = since.own or self._read(job, "users/me", {}).text("id") or ""
        return wordpress_comments(
            lambda asked: self._read(job, "comments", dict(asked)),
            since,
            post_id=platform_id,
            counted=counted,
            own=own,
        )

    def withdraw(self, job: PostJob) -> None:
        _http(job.access, job.account).write(
            Call(
                action="posts/delete",
                method="DELETE",
                url=_url(job.account, f"posts/{job.known('platform_id')}"),
                headers=_authorisation(job.account),
                summary={"id": job.known("platform_id")},
            ),
            job.ledger,
            progress=lambda _: {},
        )

    def check(self, access: PlatformAccess, account: ChannelAccount) -> list[CapabilityCheck]:
        answer = _http(access, account).read(
            Call(
                action="users/me",
                method="GET",
                url=_url(account, "users/me"),
                params={"context": "edit"},
                headers=_authorisation(account),
            )
        )
        rights = answer.object().get("capabilities")
        can_publish = isinstance(rights, dict) and bool(rights.get("publish_posts"))
        text = "可用。" if can_publish else "这个账户不能发布文章，请网站管理员给它“编辑”角色。"
        return [
            CapabilityCheck("user", "应用密码", is_ok=True, text="用户名和应用密码有效。"),
            CapabilityCheck("publish", "发布", can_publish, text, Capability.PUBLISH),
            CapabilityCheck("withdraw", "撤回", can_publish, text, Capability.WITHDRAW),
            CapabilityCheck("metrics", "评论数", True, "可用。", Capability.METRICS),  # noqa: FBT003 - is_ok
        ]

    def _by_slug(self, job: PostJob) -> JsonObject | None:
        answer = self._read(job, "posts", {"slug": _slug(job), "status": "any", "context": "edit"})
        return next(iter(answer.list()), None)

    def _read(self, job: PostJob, path: str, params: dict[str, str]) -> Answer:
        return _http(job.access, job.account).read(
            Call(
                action=path,
                method="GET",
                url=_url(job.account, path),
                params=params,
                headers=_authorisation(job.account),
            )
        )


def _http(access: PlatformAccess, account: ChannelAccount) -> PlatformHTTP:
    return PlatformHTTP("wordpress", access, account, wordpress_code)


def _slug(job: PostJob) -> str:
    return f"gh-{job.post.key[:12]}"


def _url(account: ChannelAccount, path: str) -> str:
    return f"{account.text('site_url').rstrip('/')}/wp-json/wp/v2/{path}"


def _authorisation(account: ChannelAccount) -> dict[str, str]:
    pair = f"{account.text('user')}:{account.secrets.get('application_password', '')}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _saved(answer: Answer) -> JsonObject:
    post = answer.object()
    if post.get("status") != "publish":
        return {}
    return {"platform_id": str(post.get("id")), "url": post.get("link")}


def _result(post: JsonObject) -> SubmitResult:
    """Believe the status that the site returned, not the one we asked for."""
    platform_id, url = str(post.get("id")), post.get("link")
    link = None if url is None else str(url)
    if post.get("status") == "publish":
        return SubmitResult(SubmitKind.PUBLISHED, platform_id=platform_id, url=link)
    return SubmitResult(
        SubmitKind.AWAITS_PERSON,
        platform_id=platform_id,
        url=link,
        reason=reason("wordpress", f"status_{post.get('status')}"),
    )
