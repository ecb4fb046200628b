"""Taking a collected text in: masked, its author hashed, once, with the work that it causes."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import claims
from core.crypto.author_hash import AuthorHash, AuthorHasher
from core.database.models.collecting import Document, DocumentBody, Engagement, Source
from core.database.models.operations import Queue
from core.masking import mask
from crawlers.canonical_url import canonical_url

EARLIEST = dt.datetime(1995, 1, 1, tzinfo=dt.UTC)
CLOCK_TOLERANCE = dt.timedelta(minutes=10)
LONGEST_TITLE = 500
LONGEST_TEXT = 100_000
# PostgreSQL stores no NUL and UTF-8 knows no lone surrogate; the other control characters mean nothing.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class AnswerState(StrEnum):
    """Whether the office that a message was written to has answered it."""

    PENDING = "pending"
    REPLIED = "replied"


@dataclass(frozen=True, slots=True)
class CollectedDocument:
    """A text as it was found. ``author`` is the raw name: it lives in memory only and is stored as a hash.

    ``anchor`` tells apart several documents of one page (replies of a thread). ``thread_url`` is the address of
    the opening post that a reply belongs to. ``platform`` and ``level`` default to those of the source;
    ``published_at`` None means that the page does not say.
    """

    title: str
    text: str
    url: str
    published_at: dt.datetime | None = None
    author: str | None = field(default=None, repr=False)
    platform: str | None = None
    outlet: str | None = None
    level: str | None = None
    kind: str = "post"
    original_source: str | None = None
    views: int | None = None
    reposts: int | None = None
    comments: int | None = None
    likes: int | None = None
    rank: int | None = None
    anchor: str | None = None
    thread_url: str | None = None
    answer_state: AnswerState | None = None
    answered_at: dt.datetime | None = None
    extractor: str | None = None
    extraction_score: float | None = None


class StoreStatus(StrEnum):
    NEW = "new"
    DUPLICATE = "duplicate"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """``UPDATED`` is a known document whose numbers or answer have changed since the last visit."""

    status: StoreStatus
    document_id: int


def store(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    source: Source,
    collected: CollectedDocument,
    *,
    now: dt.datetime,
    hasher: AuthorHasher,
    collected_by: str,
    thread_id: int | None = None,
) -> StoreOutcome:
    """Store a text and queue its analysis in the caller's transaction; a known text stays one row.

    The title and text are masked here; ``content_hash`` covers them as fetched.
    """
    title = cleaned(collected.title)[:LONGEST_TITLE]
    text = cleaned(collected.text)[:LONGEST_TEXT]
    url = document_url(collected)
    digest = content_hash(title, text)
    published_at, is_bad = believable_time(collected.published_at, now)
    platform = collected.platform or source.platform
    author = _author_hash(hasher, platform, collected.author, now)
    statement = (
        insert(Document)
        .values(
            source_id=source.id, canonical_url=url, content_hash=digest, platform=platform,
            level=collected.level or source.level, kind=collected.kind,
            published_at=published_at, ingested_at=now, has_bad_time=is_bad,
            author_hash=author.digest if author else None,
            author_epoch=author.epoch if author else None,
            outlet=collected.outlet, original_source=collected.original_source,
            thread_id=thread_id, views=collected.views, reposts=collected.reposts,
            comments=collected.comments, likes=collected.likes,
            answer_state=collected.answer_state, answered_at=collected.answered_at,
            collected_by=collected_by, is_demo=source.is_demo,
            extractor=collected.extractor, extraction_score=collected.extraction_score,
        )
        .on_conflict_do_nothing(index_elements=["source_id", "canonical_url", "content_hash"])
        .returning(Document.id)
    )  # fmt: skip
    document_id = session.scalar(statement)
    if document_id is None:
        return _revisited(session, (source.id, url, digest), collected, now)
    _add_body(session, document_id, title=title, text=text, now=now)
    if collected.rank is not None:
        session.execute(insert(Engagement).values(_numbers(document_id, collected, now)))
    claims.enqueue(session, Queue.ANALYSE, [document_id], now)
    return StoreOutcome(StoreStatus.NEW, document_id)


def cleaned(text: str) -> str:
    return _UNSTORABLE.sub("", text).strip()


def content_hash(title: str, text: str) -> bytes:
    return hashlib.sha256(f"{title}\0{text}".encode()).digest()


def believable_time(published_at: dt.datetime | None, now: dt.datetime) -> tuple[dt.datetime, bool]:
    """Replace an unknown or impossible time by the time of ingest; the flag tells that it was."""
    if published_at is None or not EARLIEST <= published_at <= now + CLOCK_TOLERANCE:
        return now, True
    return published_at, False


def document_url(collected: CollectedDocument) -> str:
    url = canonical_url(cleaned(collected.url))
    return f"{url}#{collected.anchor}" if collected.anchor else url


def _author_hash(
    hasher: AuthorHasher, platform: str, author: str | None, now: dt.datetime
) -> AuthorHash | None:
    name = cleaned(author or "")
    return hasher.hash(platform, name, now) if name else None


def _add_body(
    session: Session, document_id: int, *, title: str, text: str, now: dt.datetime
) -> None:
    masked_title, masked_text = mask(title), mask(text)
    counts: dict[str, object] = {}
    for part in (masked_title, masked_text):
        for kind, count in part.counts.items():
            found = counts.get(kind.value, 0)
            counts[kind.value] = count + (found if isinstance(found, int) else 0)
    session.execute(
        insert(DocumentBody).values(
            document_id=document_id,
            ingested_at=now,
            title=masked_title.text,
            text=masked_text.text,
            masked=counts,
        )
    )


def _numbers(document_id: int, collected: CollectedDocument, now: dt.datetime) -> dict[str, object]:
    return {
        "document_id": document_id, "seen_at": now, "views": collected.views,
        "reposts": collected.reposts, "comments": collected.comments,
        "likes": collected.likes, "rank": collected.rank,
    }  # fmt: skip


def _revisited(
    session: Session,
    key: tuple[int, str, bytes],
    collected: CollectedDocument,
    now: dt.datetime,
) -> StoreOutcome:
    source_id, url, digest = key
    document = session.scalars(
        select(Document)
        .where(
            Document.source_id == source_id,
            Document.canonical_url == url,
            Document.content_hash == digest,
        )
        .with_for_update()
    ).one()
    seen = {
        name: value
        for name in ("views", "reposts", "comments", "likes")
        if (value := getattr(collected, name)) is not None
    }
    is_changed = any(getattr(document, name) != value for name, value in seen.items())
    is_answered = _take_answer(document, collected)
    if not is_changed and collected.rank == _last_rank(session, document.id):
        session.flush()
        status = StoreStatus.UPDATED if is_answered else StoreStatus.DUPLICATE
        return StoreOutcome(status, document.id)
    for name, value in seen.items():
        setattr(document, name, value)
    numbers = _numbers(document.id, collected, now)
    session.execute(
        insert(Engagement)
        .values(numbers)
        .on_conflict_do_update(index_elements=["document_id", "seen_at"], set_=numbers)
    )
    session.flush()
    return StoreOutcome(StoreStatus.UPDATED, document.id)


def _take_answer(document: Document, collected: CollectedDocument) -> bool:
    """Note that a message was answered; an answer that was seen once is never taken back."""
    state = collected.answer_state
    is_news = state is not None and document.answer_state not in {state, AnswerState.REPLIED}
    is_dated = document.answered_at is None and collected.answered_at is not None
    if state is None or not (is_news or (is_dated and state is AnswerState.REPLIED)):
        return False
    document.answer_state = state.value
    document.answered_at = collected.answered_at
    return True


def _last_rank(session: Session, document_id: int) -> int | None:
    return session.scalar(
        select(Engagement.rank)
        .where(Engagement.document_id == document_id)
        .order_by(Engagement.seen_at.desc())
        .limit(1)
    )
