"""An account without interface: the text is laid out for copying, a person brings back the link."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from core.options import FieldKind, FieldSpec
from media_matrix.access import PlatformAccess
from media_matrix.content import ChannelText
from media_matrix.lint import Finding, channel_findings
from media_matrix.platform_codes import own
from media_matrix.publishers.base import (
    Capability,
    CapabilityCheck,
    ChannelAccount,
    Confirmation,
    Numbers,
    PostJob,
    ProbeResult,
    Standing,
    SubmitKind,
    SubmitResult,
    Verdict,
)
from media_matrix.publishers.comments import CommentMark, CommentPage
from media_matrix.variants import flat_html


class ManualPublisher:
    name: ClassVar[str] = "manual"
    label: ClassVar[str] = "人工发布"
    help: ClassVar[str] = "用于没有接口权限的账号：系统备好内容，由人发布后贴回链接。"
    options: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("platform", "平台", required=True, maximum=30),
        FieldSpec("backend_url", "平台后台地址", FieldKind.URL),
    )
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.PUBLISH})
    probe_delay: ClassVar[dt.timedelta] = dt.timedelta()

    def lint(self, variant: ChannelText, *, digest: str | None = None) -> list[Finding]:
        return channel_findings(variant, digest=digest)

    def submit(self, job: PostJob) -> SubmitResult:
        post = job.post
        task = {
            "platform": job.account.text("platform"),
            "title": post.variant.title or post.title,
            "digest": post.digest,
            "text": flat_html(post.variant.text),
            "html": post.variant.text,
            "link": post.variant.link,
        }
        return SubmitResult(
            SubmitKind.AWAITS_PERSON, progress={"task": task}, reason=own("manual_task")
        )

    def probe(self, job: PostJob) -> ProbeResult:
        del job
        return ProbeResult(Verdict.CANNOT_TELL, proof={})

    def confirm(self, job: PostJob) -> Confirmation:
        return Confirmation(Standing.PUBLISHED, job.known("platform_id"), job.known("url"))

    def metrics(self, job: PostJob) -> Numbers | None:
        del job
        return None

    def metrics_due(self, published_at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
        del published_at, now
        return None

    def comments(
        self, job: PostJob, since: CommentMark, *, counted: int | None
    ) -> CommentPage | None:
        del job, since, counted
        return None

    def withdraw(self, job: PostJob) -> None:
        """Do nothing here: withdrawal shows the person what to do by hand."""

    def check(self, access: PlatformAccess, account: ChannelAccount) -> list[CapabilityCheck]:
        del access, account
        return [
            CapabilityCheck(
                "publish",
                "人工发布",
                is_ok=True,
                text="由人发布，不需要接口。",
                capability=Capability.PUBLISH,
            )
        ]
