"""Our own mobile feed: the post is a row of ours, so sending it again changes nothing."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from core.database.models.media import FeedItem
from core.faults import fault_point
from core.options import FieldSpec
from media_matrix.access import PlatformAccess
from media_matrix.content import ChannelText
from media_matrix.feed import item_url
from media_matrix.lint import Finding, channel_findings
from media_matrix.publishers.base import (
    AttemptOutcome,
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
from media_matrix.publishers.timetable import FREQUENT, next_reading


class FeedPublisher:
    name: ClassVar[str] = "feed"
    label: ClassVar[str] = "移动端资讯（JSON Feed / RSS）"
    help: ClassVar[str] = "本系统自己提供的资讯流，手机客户端按地址订阅，不需要口令。"
    options: ClassVar[tuple[FieldSpec, ...]] = (FieldSpec("column", "栏目", maximum=30),)
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)
    probe_delay: ClassVar[dt.timedelta] = dt.timedelta()

    def lint(self, variant: ChannelText, *, digest: str | None = None) -> list[Finding]:
        return channel_findings(variant, digest=digest)

    def submit(self, job: PostJob) -> SubmitResult:
        post = job.post
        attempt = job.ledger.begin("feed_item", {"key": post.key})
        now = job.access.clock.now()
        with job.access.sessions.begin() as session:
            session.execute(
                insert(FeedItem)
                .values(
                    account_id=job.account.id,
                    publication_id=post.publication_id,
                    key=post.key,
                    title=post.variant.title or post.title,
                    summary=post.digest,
                    content_html=post.variant.text,
                    published_at=now,
                    modified_at=now,
                )
                .on_conflict_do_nothing()
            )
        fault_point("post.after_submit")
        result = self._result(job)
        job.ledger.end(
            attempt,
            AttemptOutcome.DONE,
            {"key": post.key},
            {"platform_id": result.platform_id, "url": result.url},
        )
        return result

    def probe(self, job: PostJob) -> ProbeResult:
        with job.access.sessions() as session:
            found = session.scalar(select(FeedItem.id).where(FeedItem.key == job.post.key))
        if found is None:
            return ProbeResult(Verdict.ABSENT, proof={"key": job.post.key, "items": 0})
        return ProbeResult(Verdict.FOUND, proof={"item": str(found)}, result=self._result(job))

    def confirm(self, job: PostJob) -> Confirmation:
        return Confirmation(Standing.PUBLISHED, job.known("platform_id"), job.known("url"))

    def metrics(self, job: PostJob) -> Numbers | None:
        with job.access.sessions() as session:
            reads = session.scalar(select(FeedItem.reads).where(FeedItem.key == job.post.key))
        return None if reads is None else Numbers(basis="reads", reads=reads)

    def metrics_due(self, published_at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
        return next_reading(FREQUENT, published_at, now)

    def comments(
        self, job: PostJob, since: CommentMark, *, counted: int | None
    ) -> CommentPage | None:
        del job, since, counted
        return None

    def withdraw(self, job: PostJob) -> None:
        attempt = job.ledger.begin("feed_withdraw", {"key": job.post.key})
        now = job.access.clock.now()
        with job.access.sessions.begin() as session:
            session.execute(
                update(FeedItem)
                .where(FeedItem.key == job.post.key, FeedItem.withdrawn_at.is_(None))
                .values(withdrawn_at=now, modified_at=now)
            )
        job.ledger.end(attempt, AttemptOutcome.DONE, {}, {})

    def check(self, access: PlatformAccess, account: ChannelAccount) -> list[CapabilityCheck]:
        del access, account
        return [
            CapabilityCheck(
                capability, label, is_ok=True, text="由本系统提供。", capability=capability
            )
            for capability, label in (
                (Capability.PUBLISH, "发布"),
                (Capability.METRICS, "数据"),
                (Capability.WITHDRAW, "撤回"),
            )
        ]

    def _result(self, job: PostJob) -> SubmitResult:
        return SubmitResult(
            SubmitKind.PUBLISHED,
            platform_id=job.post.key,
            url=item_url(job.access.public_url, job.account.handle, job.post.key),
        )
