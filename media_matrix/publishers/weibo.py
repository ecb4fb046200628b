"""Weibo: one post through ``statuses/share``, looked up in our own timeline when in doubt."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from core.database.base import JsonObject
from core.options import FieldKind, FieldSpec
from core.outbound.bodies import FormBody
from media_matrix.access import PlatformAccess
from media_matrix.content import ChannelText
from media_matrix.lint import Finding, channel_findings
from media_matrix.publishers.base import (
    Capability,
    CapabilityCheck,
    ChannelAccount,
    Confirmation,
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
from media_matrix.publishers.weibo_comments import weibo_comments
from media_matrix.publishers.weibo_time import weibo_time
from media_matrix.quota import Quota
from media_matrix.similarity import normalised

BASE_URL = "https://api.weibo.com"
# The whole allowance of an account and application: posts may use what numbers must leave alone.
DAILY = Quota("weibo.calls", 100, reserve=30)
_CLOCK_SKEW = dt.timedelta(minutes=2)
_TIMELINE = 5


def weibo_code(status: int, content: object) -> str | None:
    """Read ``error_code``, which comes as a number or as a string."""
    del status
    if isinstance(content, dict) and content.get("error_code") not in {None, 0, "0"}:
        return str(content["error_code"])
    return None


class WeiboPublisher:
    name: ClassVar[str] = "weibo"
    label: ClassVar[str] = "新浪微博"
    help: ClassVar[str] = (
        "需要微博开放平台应用的授权令牌、应用绑定的安全域名和本单位的公网 IP。"
        "令牌约 30 天到期，到期要由人重新授权。"
    )
    options: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("uid", "微博 UID", required=True, maximum=32),
        FieldSpec("access_token", "授权令牌", FieldKind.SECRET, required=True, maximum=512),
        FieldSpec("safe_domain", "安全域名", required=True, maximum=200),
        FieldSpec("default_link", "默认附带链接", FieldKind.URL),
        FieldSpec("rip", "本单位公网 IP", required=True, maximum=45),
        FieldSpec("base_url", "接口地址", FieldKind.URL, default=BASE_URL),
    )
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)
    probe_delay: ClassVar[dt.timedelta] = dt.timedelta(minutes=3)

    def lint(self, variant: ChannelText, *, digest: str | None = None) -> list[Finding]:
        return channel_findings(variant, digest=digest)

    def submit(self, job: PostJob) -> SubmitResult:
        platform_id = job.known("platform_id")
        if platform_id is None:
            answer = _http(job.access, job.account).write(
                Call(
                    action="statuses/share",
                    method="POST",
                    url=_url(job.account, "statuses/share"),
                    body=FormBody({
                        "access_token": _token(job.account),
                        "status": job.post.variant.text,
                        "rip": job.account.text("rip"),
                    }),
                    summary={"characters": len(job.post.variant.text)},
                    quota=DAILY,
                ),
                job.ledger,
                progress=lambda answer: {
                    "platform_id": answer.text("idstr"),
                    "url": _post_url(job.account, answer.object()),
                },
                passed="post.after_submit",
            )  # fmt: skip
            return _published(job.account, answer.object())
        return SubmitResult(SubmitKind.PUBLISHED, platform_id=platform_id, url=job.known("url"))

    def probe(self, job: PostJob) -> ProbeResult:
        """Compare our newest posts by text and time; the platform shows five at most."""
        began = (job.doubtful_since or job.now) - _CLOCK_SKEW
        answer = self._read(job, "statuses/user_timeline", {"count": str(_TIMELINE)})
        statuses = answer.object().get("statuses")
        newest = (
            [dict(post) for post in statuses or [] if isinstance(post, dict)]
            if isinstance(statuses, list)
            else []
        )
        ours = normalised(job.post.variant.text)
        for post in newest:
            if normalised(str(post.get("text") or "")) == ours and _created(post) >= began:
                return ProbeResult(
                    Verdict.FOUND,
                    proof={"idstr": post.get("idstr"), "seen": len(newest)},
                    result=_published(job.account, post),
                )
        proof: JsonObject = {"seen": [post.get("idstr") for post in newest]}
        if len(newest) < _TIMELINE or _created(newest[-1]) < began:
            return ProbeResult(Verdict.ABSENT, proof=proof)
        # Five newer posts of ours hide whatever lies below them.
        return ProbeResult(Verdict.CANNOT_TELL, proof=proof)

    def confirm(self, job: PostJob) -> Confirmation:
        return Confirmation(Standing.PUBLISHED, job.known("platform_id"), job.known("url"))

    def metrics(self, job: PostJob) -> Numbers | None:
        platform_id = job.known("platform_id")
        if platform_id is None:
            return None
        answer = self._read(job, "statuses/count", {"ids": platform_id})
        for row in answer.list():
            if str(row.get("idstr") or row.get("id")) == platform_id:
                return Numbers(
                    basis="interactions",
                    likes=_number(row.get("attitudes")),
                    reposts=_number(row.get("reposts")),
                    comments=_number(row.get("comments")),
                )
        return None

    def metrics_due(self, published_at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
        return next_reading(FREQUENT, published_at, now)

    def comments(
        self, job: PostJob, since: CommentMark, *, counted: int | None
    ) -> CommentPage | None:
        platform_id = job.known("platform_id")
        if platform_id is None:
            return None
        return weibo_comments(
            lambda asked: self._read(job, "comments/show", {"id": platform_id, **asked}),
            since,
            counted=counted,
            own=job.account.text("uid"),
        )

    def withdraw(self, job: PostJob) -> None:
        _http(job.access, job.account).write(
            Call(
                action="statuses/destroy",
                method="POST",
                url=_url(job.account, "statuses/destroy"),
                body=FormBody({
                    "access_token": _token(job.account),
                    "id": job.known("platform_id") or "",
                    "rip": job.account.text("rip"),
                }),
                summary={"id": job.known("platform_id")},
                quota=DAILY,
            ),
            job.ledger,
            progress=lambda _: {},
        )  # fmt: skip

    def check(self, access: PlatformAccess, account: ChannelAccount) -> list[CapabilityCheck]:
        _http(access, account).read(
            Call(
                action="users/show",
                method="GET",
                url=_url(account, "users/show"),
                params={"access_token": _token(account), "uid": account.text("uid")},
                quota=DAILY,
            )
        )
        return [
            CapabilityCheck("token", "授权令牌", is_ok=True, text="令牌有效。"),
            *(
                CapabilityCheck(
                    capability, label, is_ok=True, text="随授权可用。", capability=capability
                )
                for capability, label in (
                    (Capability.PUBLISH, "发布"),
                    (Capability.METRICS, "数据"),
                    (Capability.WITHDRAW, "撤回"),
                )
            ),
        ]

    def _read(self, job: PostJob, action: str, params: dict[str, str]) -> Answer:
        return _http(job.access, job.account).read(
            Call(
                action=action,
                method="GET",
                url=_url(job.account, action),
                params={"access_token": _token(job.account), **params},
                quota=DAILY,
            )
        )


def _http(access: PlatformAccess, account: ChannelAccount) -> PlatformHTTP:
    return PlatformHTTP("weibo", access, account, weibo_code)


def _url(account: ChannelAccount, action: str) -> str:
    return f"{account.text('base_url', BASE_URL).rstrip('/')}/2/{action}.json"


def _token(account: ChannelAccount) -> str:
    return account.secrets.get("access_token", "")


def _post_url(account: ChannelAccount, post: JsonObject) -> str:
    # The answer of the sandbox names its own page; the real one has none.
    given = post.get("url")
    return str(given) if given else f"https://weibo.com/{account.text('uid')}/{post.get('mid')}"


def _published(account: ChannelAccount, post: JsonObject) -> SubmitResult:
    return SubmitResult(
        SubmitKind.PUBLISHED, platform_id=str(post.get("idstr")), url=_post_url(account, post)
    )


def _created(post: JsonObject) -> dt.datetime:
    created = weibo_time(post.get("created_at"))
    if created is None:
        raise ReadFailedError("微博返回的发布时间看不懂，没有改动任何状态。")
    return created


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
