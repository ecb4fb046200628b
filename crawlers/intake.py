"""Taking a collected text in: masked, its author hashed, once, with the work that it causes."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import claims
from core.crypto.author_hash import AuthorHash, AuthorHasher
from core.database.models.collecting import Engagement, Source
from core.database.models.operations import Queue
from core.masking import mask
from crawlers.collected_document import (
    AnswerState,
    CollectedDocument,
    cleaned,
    content_hash,
    document_url,
    stored_text,
    stored_title,
)
from crawlers.visiting.known_documents import (
    KnownDocuments,
    as_known,
    document_key,
    known_documents,
    numbers_of,
    revisit,
)

__all__ = [
    "AnswerState",
    "CollectedDocument",
    "StoreOutcome",
    "StoreStatus",
    "believable_time",
    "cleaned",
    "content_hash",
    "document_url",
    "store",
]

EARLIEST = dt.datetime(1995, 1, 1, tzinfo=dt.UTC)
CLOCK_TOLERANCE = dt.timedelta(minutes=10)


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
    known: KnownDocuments | None = None,
    wakes: bool = True,
) -> StoreOutcome:
    """Store a text and queue its analysis in the caller's transaction; a known text stays one row.

    The title and text are masked here; ``content_hash`` covers them as fetched. ``known`` is what
    ``known_documents`` found for this and others, and learns of this one; without it the text is looked up.
    Without ``wakes`` the caller wakes the analysis, once for many texts.
    """
    key = document_key(collected)
    if known is None:
        known = known_documents(session, source.id, [collected])
    before = known.get(key)
    if before is None:
        document_id = _insert(
            session, source, collected, now=now, hasher=hasher, collected_by=collected_by,
            thread_id=thread_id,
        )  # fmt: skip
        if document_id is not None:
            known[key] = as_known(document_id, collected)
            if wakes:
                claims.notify(session, Queue.ANALYSE.value)
            return StoreOutcome(StoreStatus.NEW, document_id)
        # Somebody else stored it a moment ago.
        known |= known_documents(session, source.id, [collected])
        before = known[key]
    is_changed = revisit(session, before, collected, now)
    if is_changed:
        known[key] = as_known(before.id, collected)
    return StoreOutcome(StoreStatus.UPDATED if is_changed else StoreStatus.DUPLICATE, before.id)


def _insert(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    source: Source,
    collected: CollectedDocument,
    *,
    now: dt.datetime,
    hasher: AuthorHasher,
    collected_by: str,
    thread_id: int | None,
) -> int | None:
    """Store document, body and the work they cause in one statement; None when they are there already."""
    title, text = stored_title(collected), stored_text(collected)
    published_at, is_bad = believable_time(collected.published_at, now)
    platform = collected.platform or source.platform
    author = _author_hash(hasher, platform, collected.author, now)
    columns: dict[str, object] = {
        "source_id": source.id, "canonical_url": document_url(collected),
        "content_hash": content_hash(title, text), "platform": platform,
        "level": collected.level or source.level, "kind": collected.kind,
        "published_at": published_at, "ingested_at": now, "has_bad_time": is_bad,
        "author_hash": author.digest if author else None,
        "author_epoch": author.epoch if author else None,
        "outlet": collected.outlet, "original_source": collected.original_source,
        "thread_id": thread_id, "views": collected.views, "reposts": collected.reposts,
        "comments": collected.comments, "likes": collected.likes,
        "answer_state": collected.answer_state and collected.answer_state.value,
        "answered_at": collected.answered_at, "collected_by": collected_by,
        "is_demo": source.is_demo, "extractor": collected.extractor,
        "extraction_score": collected.extraction_score,
    }  # fmt: skip
    document_id: int | None = session.connection().scalar(
        _STORE, {**columns, **_masked(title, text), "queue": Queue.ANALYSE.value}
    )
    if document_id is not None and collected.rank is not None:
        session.execute(insert(Engagement).values(numbers_of(document_id, collected, now)))
    return document_id


def _masked(title: str, text: str) -> dict[str, object]:
    masked_title, masked_text = mask(title), mask(text)
    counts: Counter[str] = Counter()
    for part in (masked_title, masked_text):
        counts.update({kind.value: count for kind, count in part.counts.items()})
    return {"title": masked_title.text, "text": masked_text.text, "masked": json.dumps(counts)}


_COLUMNS = (
    "source_id", "canonical_url", "content_hash", "platform", "level", "kind", "published_at",
    "ingested_at", "has_bad_time", "author_hash", "author_epoch", "outlet", "original_source",
    "thread_id", "views", "reposts", "comments", "likes", "answer_state", "answered_at",
    "collected_by", "is_demo", "extractor", "extraction_score",
)  # fmt: skip
# Written out, because it runs for every text: putting it together anew cost more than running it.
_STORE = sql(
    f"""
    WITH stored AS (
        INSERT INTO document ({", ".join(_COLUMNS)})
        VALUES ({", ".join(f":{name}" for name in _COLUMNS)})
        ON CONFLICT (source_id, canonical_url, content_hash) DO NOTHING
        RETURNING id
    ), body AS (
        INSERT INTO document_body (document_id, ingested_at, title, text, masked)
        SELECT id, :ingested_at, cast(:title AS text), cast(:text AS text), cast(:masked AS jsonb)
        FROM stored
    ), work AS (
        INSERT INTO work_item (queue, subject_id, due_at, queued_at)
        SELECT cast(:queue AS text), id, :ingested_at, :ingested_at FROM stored
    )
    SELECT id FROM stored
    """  # noqa: S608 (names of our own)
)


def believable_time(published_at: dt.datetime | None, now: dt.datetime) -> tuple[dt.datetime, bool]:
    """Replace an unknown or impossible time by the time of ingest; the flag tells that it was."""
    if published_at is None or not EARLIEST <= published_at <= now + CLOCK_TOLERANCE:
        return now, True
    return published_at, False


def _author_hash(
    hasher: AuthorHasher, platform: str, author: str | None, now: dt.datetime
) -> AuthorHash | None:
    name = cleaned(author or "")
    return hasher.hash(platform, name, now) if name else None
