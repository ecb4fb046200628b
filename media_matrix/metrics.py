"""Numbers and comments read back from the platforms, ever more rarely as a post ages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core import claims
from core.claims import Claim
from core.database.models.media import Account, Draft, Metric, Publication, PublicationState
from core.errors import ConflictError
from media_matrix.access import PlatformAccess
from media_matrix.attempts import opened_job
from media_matrix.comments import CommentIntake, CommentVisit, hand_over, visit_comments
from media_matrix.publishers import publisher
from media_matrix.publishers.base import (
    AccountBrokenError,
    Numbers,
    PlatformRefusedError,
    PostJob,
    Publisher,
    ReadFailedError,
    Standing,
)

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(minutes=2)
BATCH = 8
LATER = dt.timedelta(hours=1)
BASIS_LABELS = {
    "people": "按阅读人数计算，非官方口径",
    "reads": "按打开次数计算",
    "interactions": "平台不提供阅读数，只有互动数",
    "comments": "网站不提供阅读数，只有评论数",
}


@dataclass(frozen=True, slots=True)
class MetricLine:
    publication: Publication
    draft_title: str
    account_name: str
    channel: str
    latest: Metric | None


def latest_metrics(session: Session, publication_ids: Sequence[int]) -> dict[int, Metric]:
    """Give the newest numbers of each post that has any."""
    rows = session.scalars(
        select(Metric)
        .where(Metric.publication_id.in_(list(publication_ids)))
        .ext(distinct_on(Metric.publication_id))
        .order_by(Metric.publication_id, Metric.at.desc())
    )
    return {metric.publication_id: metric for metric in rows}


def metric_series(session: Session, publication_id: int) -> list[Metric]:
    return list(
        session.scalars(
            select(Metric).where(Metric.publication_id == publication_id).order_by(Metric.at)
        )
    )


def overview(
    session: Session, *, since: dt.datetime, channel: str | None = None
) -> list[MetricLine]:
    """List what was published since, newest first, with its newest numbers."""
    query = (
        select(Publication, Draft.title, Account.name, Account.channel)
        .join(Draft, Draft.id == Publication.draft_id)
        .join(Account, Account.id == Publication.account_id)
        .where(Publication.published_at >= since)
        .order_by(Publication.published_at.desc(), Publication.id.desc())
    )
    if channel is not None:
        query = query.where(Account.channel == channel)
    rows = session.execute(query).all()
    latest = latest_metrics(session, [publication.id for publication, *_ in rows])
    return [
        MetricLine(publication, title, name, account_channel, latest.get(publication.id))
        for publication, title, name, account_channel in rows
    ]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one visit of a post brought."""

    numbers: Numbers | None
    taken_down: str | None
    comments: CommentVisit | None


class MetricsWorker:
    """Reads the numbers of published posts when they are due, and their comments where somebody takes them in."""

    topics = frozenset({"publication"})

    def __init__(
        self, access: PlatformAccess, *, owner: str, comments: CommentIntake | None = None
    ) -> None:
        self._access = access
        self._owner = owner
        self._comments = comments

    def step(self) -> int:
        now = self._access.clock.now()
        with self._access.sessions.begin() as session:
            taken = claims.take(
                session,
                Publication,
                owner=self._owner,
                now=now,
                lease=LEASE,
                limit=BATCH,
                where=[Publication.state == PublicationState.PUBLISHED],
            )
        for claim in taken:
            self._read(claim, now)
        return len(taken)

    def _read(self, claim: Claim, now: dt.datetime) -> None:
        job = opened_job(self._access, claim, now)
        channel = publisher(job.account.channel)
        try:
            numbers = channel.metrics(job)
            taken_down = self._taken_down(channel, job)
        except (ReadFailedError, PlatformRefusedError, AccountBrokenError) as error:
            log.info("metrics_read_failed", publication_id=claim.id, reason=type(error).__name__)
            self._put_off(claim, now, str(error))
            return
        outcome = _Outcome(numbers, taken_down, self._visited(channel, job, numbers, taken_down))
        try:
            self._save(claim, channel, outcome, now)
        except ConflictError:
            log.info("metrics_claim_lost", publication_id=claim.id)

    def _taken_down(self, channel: Publisher, job: PostJob) -> str | None:
        confirmation = channel.confirm(job)
        if confirmation.standing is Standing.TAKEN_DOWN:
            return confirmation.reason or "taken_down"
        return None

    def _visited(
        self, channel: Publisher, job: PostJob, numbers: Numbers | None, taken_down: str | None
    ) -> CommentVisit | None:
        if self._comments is None or taken_down is not None:
            return None
        counted = None if numbers is None else numbers.comments
        return visit_comments(self._access, self._comments, channel, job, counted=counted)

    def _put_off(self, claim: Claim, now: dt.datetime, error: str) -> None:
        with self._access.sessions.begin() as session:
            due_at = now + LATER
            claims.retry(
                session, Publication, claim, due_at=due_at, error=error, metrics_due_at=due_at
            )

    def _save(self, claim: Claim, channel: Publisher, outcome: _Outcome, now: dt.datetime) -> None:
        numbers = outcome.numbers
        with self._access.sessions.begin() as session:
            publication = session.get_one(Publication, claim.id)
            published_at = publication.published_at or publication.planned_at
            due_at = channel.metrics_due(published_at, now)
            if numbers is not None:
                session.merge(_metric(claim.id, numbers, now, is_final=due_at is None))
            if outcome.taken_down is not None:
                claims.finish(
                    session,
                    Publication,
                    claim,
                    state=PublicationState.TAKEN_DOWN,
                    state_reason=outcome.taken_down,
                    metrics_due_at=None,
                )
                return
            if self._comments is not None and outcome.comments is not None:
                hand_over(session, self._comments, publication, outcome.comments, now)
            # Whoever lost the claim writes neither numbers nor comments.
            claims.finish(session, Publication, claim, due_at=due_at, metrics_due_at=due_at)
        log.info("metrics_read", publication_id=claim.id, has_numbers=numbers is not None)


def _metric(publication_id: int, numbers: Numbers, now: dt.datetime, *, is_final: bool) -> Metric:
    return Metric(
        publication_id=publication_id,
        at=now,
        basis=numbers.basis,
        reads=numbers.reads,
        likes=numbers.likes,
        reposts=numbers.reposts,
        comments=numbers.comments,
        is_final=is_final or numbers.is_final,
        raw=numbers.raw,
    )
