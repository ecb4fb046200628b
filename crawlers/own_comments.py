"""Taking in what people wrote below the union's own posts: masked, their names hashed, each comment once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import Document, Source, SourceLevel, SourceState
from core.errors import InvalidOptionsError
from core.outbound.address_policy import AddressPolicy
from crawlers.coverage import ledger as coverage
from crawlers.coverage.ledger import Yield
from crawlers.failures import FailureCause
from crawlers.intake import CollectedDocument, StoreStatus, cleaned, document_url, store
from crawlers.source_types.own_comments import ACCOUNT, OwnComments
from crawlers.sources import LONGEST_NAME, SourceDraft, create_source, free_name
from crawlers.visiting.known_documents import known_documents

KIND = OwnComments.name
DOCUMENT_KIND = "comment"
LEGAL_BASIS = (
    "本会账号下的公开评论，经平台开放接口以账号所有者身份读取，用于了解职工对工会回应的意见；"
    "不存评论人的昵称、头像和主页，手机号等已遮盖。"
)

# As the platforms are called where others' posts come from.
PLATFORMS = {"weibo": "微博", "wechat": "微信公众号", "wordpress": "工会网站"}


class OwnPost(Protocol):
    """The post of ours that was commented on."""

    @property
    def account_id(self) -> int: ...

    @property
    def account_name(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def channel_label(self) -> str: ...

    @property
    def url(self) -> str: ...


class ReadersComment(Protocol):
    """One comment; ``author`` is the raw id or name, in memory only."""

    @property
    def platform_id(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def created_at(self) -> dt.datetime | None: ...

    @property
    def author(self) -> str | None: ...

    @property
    def likes(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class CommentStore:
    """Makes comments documents of one source per account, which it adds itself; pausing it stops the intake."""

    hasher: AuthorHasher = field(repr=False)
    policy: AddressPolicy
    is_demo: bool = False

    def wants(self, session: Session, account_id: int) -> bool:
        source = find_source(session, account_id)
        return source is None or source.state == SourceState.ACTIVE.value

    def take_in(
        self,
        session: Session,
        post: OwnPost,
        comments: Sequence[ReadersComment],
        now: dt.datetime,
    ) -> int:
        """Store what is new and give how many that were; an edited comment is one more version of it."""
        source = self._source(session, post, now)
        if source.state != SourceState.ACTIVE.value:
            return 0
        found = [_document(post, comment) for comment in comments if cleaned(comment.text)]
        known = known_documents(session, source.id, found)
        new = 0
        for collected in found:
            outcome = store(
                session, source, collected, now=now, hasher=self.hasher, collected_by=KIND,
                known=known,
            )  # fmt: skip
            new += outcome.status is StoreStatus.NEW
        gained = Yield(visits=1, seen=len(found), new=new, duplicates=len(found) - new)
        coverage.record(session, source.id, gained, now)
        source.visited_at = source.succeeded_at = now
        source.failures, source.failure_reason = 0, None
        if new:
            source.last_item_at = now
        return new

    def missed(
        self, session: Session, post: OwnPost, *, why: str, is_refusal: bool, now: dt.datetime
    ) -> None:
        source = self._source(session, post, now)
        cause = FailureCause.REFUSED if is_refusal else FailureCause.UNREACHABLE
        coverage.record(session, source.id, Yield(visits=1, failure=cause.value), now)
        source.visited_at = now
        source.failures += 1
        source.failure_reason = why

    def _source(self, session: Session, post: OwnPost, now: dt.datetime) -> Source:
        found = find_source(session, post.account_id)
        while found is None:
            found = self._created(session, post, now) or find_source(session, post.account_id)
        return found

    def _created(self, session: Session, post: OwnPost, now: dt.datetime) -> Source | None:
        platform = platform_of(post)
        ending = f"的评论（{platform}）"
        name = post.account_name[: LONGEST_NAME - len(ending) - 4] + ending
        draft = SourceDraft(
            name=free_name(session, name),
            kind=KIND,
            url=None,
            platform=platform,
            level=SourceLevel.PUBLIC.value,
            options={ACCOUNT: post.account_id},
            legal_basis=LEGAL_BASIS,
        )
        try:
            return create_source(
                session, draft, policy=self.policy, now=now, actor="system", is_demo=self.is_demo
            )
        except InvalidOptionsError:
            # Another process has made it a moment ago.
            return None


def platform_of(post: OwnPost) -> str:
    return PLATFORMS.get(post.channel, post.channel_label)


def find_source(session: Session, account_id: int) -> Source | None:
    return session.scalars(
        select(Source)
        .where(Source.kind == KIND, Source.options[ACCOUNT].as_integer() == account_id)
        .order_by(Source.id)
        .limit(1)
    ).one_or_none()


@dataclass(frozen=True, slots=True)
class PostComments:
    """What people wrote below one post, and the source where it can be read."""

    source_id: int
    source_name: str
    comments: int


def post_comments(session: Session, account_id: int, url: str) -> PostComments | None:
    """Count the comments below a post of ours; None while nobody has read any of its account."""
    source = find_source(session, account_id)
    if source is None:
        return None
    page = document_url(CollectedDocument(title="", text="", url=url))
    below = func.count(Document.canonical_url.distinct())
    count = session.scalar(
        select(below).where(
            Document.source_id == source.id,
            Document.canonical_url.startswith(f"{page}#", autoescape=True),
        )
    )
    return PostComments(source.id, source.name, count or 0)


def _document(post: OwnPost, comment: ReadersComment) -> CollectedDocument:
    # Without a title: that of our post would make every comment look like what it answers to.
    return CollectedDocument(
        title="",
        text=comment.text,
        url=post.url,
        anchor=comment.platform_id,
        published_at=comment.created_at,
        author=comment.author,
        platform=platform_of(post),
        level=SourceLevel.PUBLIC.value,
        kind=DOCUMENT_KIND,
        likes=comment.likes,
    )
