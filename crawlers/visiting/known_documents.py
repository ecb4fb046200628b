"""Documents that a source has brought before, and what another look at them adds: numbers and answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.collecting import Document, Engagement
from crawlers.collected_document import (
    AnswerState,
    CollectedDocument,
    content_hash,
    document_url,
    stored_text,
    stored_title,
)
from crawlers.visiting.page_identity import page_key, spellings

COUNTS = ("views", "reposts", "comments", "likes")

# The page's identity and the hash of what it says: an edited page is a new version, a twin is not.
DocumentKey: TypeAlias = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """What was last seen of it."""

    id: int
    url: str
    counts: Mapping[str, int | None] = field(default_factory=dict)
    rank: int | None = None
    answer_state: str | None = None
    answered_at: dt.datetime | None = None


KnownDocuments: TypeAlias = dict[DocumentKey, KnownDocument]


def document_key(collected: CollectedDocument) -> DocumentKey:
    digest = content_hash(stored_title(collected), stored_text(collected))
    return _key(document_url(collected), digest)


def known_documents(
    session: Session, source_id: int, documents: Iterable[CollectedDocument]
) -> KnownDocuments:
    """Look all of them up at once, also under the spellings that their addresses may have had before."""
    return known_of_sources(session, [(source_id, documents)])[source_id]


def known_of_sources(
    session: Session, brought: Iterable[tuple[int, Iterable[CollectedDocument]]]
) -> dict[int, KnownDocuments]:
    """Look up what several sources have brought, in one question."""
    found: dict[int, KnownDocuments] = {}
    urls: set[str] = set()
    for source_id, documents in brought:
        found.setdefault(source_id, {})
        for collected in documents:
            urls.update(_spellings(document_url(collected)))
    if not urls:
        return found
    rows = session.execute(_KNOWN, {"source_ids": sorted(found), "urls": sorted(urls)})
    for row in rows:
        found[row.source_id][_key(row.canonical_url, row.content_hash)] = KnownDocument(
            row.id, row.canonical_url, {name: getattr(row, name) for name in COUNTS}, row.rank,
            row.answer_state, row.answered_at,
        )  # fmt: skip
    return found


_LAST_RANK = (
    select(Engagement.rank)
    .where(Engagement.document_id == Document.id)
    .order_by(Engagement.seen_at.desc())
    .limit(1)
    .scalar_subquery()
)
# Made once, because putting it together costs as much as running it.
_KNOWN = (
    select(
        Document.source_id, Document.id, Document.canonical_url, Document.content_hash, Document.views,
        Document.reposts, Document.comments, Document.likes, Document.answer_state,
        Document.answered_at, _LAST_RANK.label("rank"),
    )
    .where(
        Document.source_id == any_(bindparam("source_ids", type_=ARRAY(BigInteger))),
        Document.canonical_url == any_(bindparam("urls", type_=ARRAY(Text))),
    )
    .order_by(Document.id.desc())
)  # fmt: skip


def revisit(
    session: Session, known: KnownDocument, collected: CollectedDocument, now: dt.datetime
) -> bool:
    """Write what has changed since it was last seen; False when nothing has."""
    seen = {name: value for name in COUNTS if (value := getattr(collected, name)) is not None}
    has_numbers = collected.rank != known.rank or any(
        known.counts.get(name) != value for name, value in seen.items()
    )
    has_answer = _is_answer(known, collected)
    if not has_numbers and not has_answer:
        return False
    document = session.get_one(Document, known.id, with_for_update=True)
    if has_answer and collected.answer_state is not None:
        document.answer_state = collected.answer_state.value
        document.answered_at = collected.answered_at
    if has_numbers:
        for name, value in seen.items():
            setattr(document, name, value)
        numbers = numbers_of(known.id, collected, now)
        session.execute(
            insert(Engagement)
            .values(numbers)
            .on_conflict_do_update(index_elements=["document_id", "seen_at"], set_=numbers)
        )
    session.flush()
    return True


def as_known(document_id: int, collected: CollectedDocument) -> KnownDocument:
    return KnownDocument(
        document_id, document_url(collected), {name: getattr(collected, name) for name in COUNTS},
        collected.rank, collected.answer_state, collected.answered_at,
    )  # fmt: skip


def numbers_of(
    document_id: int, collected: CollectedDocument, now: dt.datetime
) -> dict[str, object]:
    counts = {name: getattr(collected, name) for name in COUNTS}
    return {"document_id": document_id, "seen_at": now, **counts, "rank": collected.rank}


def _is_answer(known: KnownDocument, collected: CollectedDocument) -> bool:
    """Tell whether an answer is news; one that was seen once is never taken back."""
    state = collected.answer_state
    is_news = state is not None and known.answer_state not in {state, AnswerState.REPLIED}
    is_dated = known.answered_at is None and collected.answered_at is not None
    return is_news or (is_dated and state is AnswerState.REPLIED)


def _key(url: str, digest: bytes) -> DocumentKey:
    # The anchor of a reply is part of what it is, whatever it looks like.
    page, hash_sign, anchor = url.partition("#")
    return page_key(page) + hash_sign + anchor, digest


def _spellings(url: str) -> list[str]:
    page, hash_sign, anchor = url.partition("#")
    return [spelling + hash_sign + anchor for spelling in spellings(page)]
