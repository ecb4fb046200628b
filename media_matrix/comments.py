"""Handing what readers wrote below our posts to whoever takes it in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from core.database.models.media import Account, Publication
from core.errors import DeliveryError
from media_matrix.access import PlatformAccess
from media_matrix.accounts import channel_label
from media_matrix.platform_codes import CodeAction, Explanation, explain_reason, reason
from media_matrix.publishers.base import PlatformRefusedError, PostJob, Publisher
from media_matrix.publishers.comments import Comment, CommentMark, CommentPage

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CommentedPost:
    """``url`` is where everybody can see the post."""

    account_id: int
    account_name: str
    channel: str
    channel_label: str
    url: str


class CommentIntake(Protocol):
    """Takes comments in, in the caller's transaction."""

    def wants(self, session: Session, account_id: int) -> bool:
        """Tell whether the comments of an account are to be read at all."""

    def take_in(
        self, session: Session, post: CommentedPost, comments: Sequence[Comment], now: dt.datetime
    ) -> int:
        """Store what is new and give how many that were; the same comments may come again."""

    def missed(
        self, session: Session, post: CommentedPost, *, why: str, is_refusal: bool, now: dt.datetime
    ) -> None:
        """Note that the comments could not be read."""


@dataclass(frozen=True, slots=True)
class CommentVisit:
    """What one look at the comments of a post brought; ``failure`` says in words why it brought nothing."""

    page: CommentPage
    failure: str | None = None
    is_refusal: bool = False


def visit_comments(
    access: PlatformAccess,
    intake: CommentIntake,
    channel: Publisher,
    job: PostJob,
    *,
    counted: int | None,
) -> CommentVisit | None:
    """Read the comments of a post; None where there is nothing to read. A platform that fails costs nothing."""
    # A comment is shown with the address of its post; without one nobody could look at it.
    if job.known("url") is None:
        return None
    with access.sessions() as session:
        if not intake.wants(session, job.account.id):
            return None
        publication = session.get_one(Publication, job.post.publication_id)
        since = CommentMark.read(publication.comments_mark)
    try:
        page = channel.comments(job, since, counted=counted)
    except PlatformRefusedError as error:
        return _refused(job, since, error)
    except DeliveryError as error:
        log.info("comments_read_failed", channel=job.account.channel, reason=type(error).__name__)
        return CommentVisit(CommentPage((), since), str(error))
    if page is None or page.mark.reason is None:
        return None if page is None else CommentVisit(page)
    return CommentVisit(page, str(explain_reason(page.mark.reason)), is_refusal=True)


def _refused(job: PostJob, since: CommentMark, error: PlatformRefusedError) -> CommentVisit | None:
    log.info("comments_refused", channel=job.account.channel, code=error.entry.code)
    if error.entry.action is CodeAction.QUOTA:
        # Our own plan for the day, or the platform's: the next visit catches up.
        return None
    mark = since.failed(reason(error.entry.platform, error.entry.code))
    return CommentVisit(CommentPage((), mark), str(error.entry.explanation), is_refusal=True)


def unread_reason(publication: Publication) -> Explanation | None:
    """Say why the comments below a post could not be read when it was last visited; None when they were."""
    return explain_reason(CommentMark.read(publication.comments_mark).reason)


def hand_over(
    session: Session,
    intake: CommentIntake,
    publication: Publication,
    visit: CommentVisit,
    now: dt.datetime,
) -> None:
    """Let the comments be taken in and remember how far they were read; the caller commits."""
    account = session.get_one(Account, publication.account_id)
    mark = visit.page.mark
    post = CommentedPost(
        account.id, account.name, account.channel, channel_label(account.channel),
        publication.url or "",
    )  # fmt: skip
    if visit.failure is not None:
        intake.missed(session, post, why=visit.failure, is_refusal=visit.is_refusal, now=now)
    elif visit.page.was_asked:
        taken = intake.take_in(session, post, visit.page.comments, now)
        mark = replace(mark, taken=mark.taken + taken, read_at=now)
    publication.comments_mark = mark.stored()
