"""What a visit brought, put into the caller's transaction: documents, threads, ranks and cursors."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.crypto.author_hash import AuthorHasher
from core.database.models.collecting import Document, Engagement, FrontierURL, Source
from crawlers.canonical_url import canonical_url
from crawlers.intake import AnswerState, CollectedDocument, StoreStatus, document_url, store
from crawlers.source import Cursor, Harvest, PageLink
from crawlers.visiting.known_documents import KnownDocuments, known_documents
from crawlers.visiting.page_identity import page_key

COLLECTED_BY = "crawl"
CURSOR_HINT = "cursor"
AWAITING_HINT = "awaits_reply"
_LISTED = "listed"


@dataclass(frozen=True, slots=True)
class StoredHarvest:
    """The documents of a harvest in its order; ``new`` counts those that were never seen."""

    ids: tuple[int, ...] = ()
    new: int = 0
    first_new_id: int | None = None

    @property
    def first_id(self) -> int | None:
        return self.ids[0] if self.ids else None


def store_harvest(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    source: Source,
    harvest: Harvest,
    *,
    now: dt.datetime,
    hasher: AuthorHasher,
    hint: PageLink | None = None,
    known: KnownDocuments | None = None,
) -> StoredHarvest:
    """Store every document; ``hint`` fills what a linked page does not say of itself.

    ``known`` is what was found for them and others of the source; then the caller wakes the analysis.
    """
    ids: list[int] = []
    by_url: dict[str, int] = {}
    new = 0
    first_new_id: int | None = None
    documents = [_completed(collected, hint) for collected in harvest.documents]
    wakes = known is None
    if known is None:
        known = known_documents(session, source.id, documents)
    for document in documents:
        thread_id = None
        if document.thread_url is not None:
            thread_id = _opening_id(session, source.id, document.thread_url, by_url)
        if thread_id is None and harvest.is_thread and ids:
            thread_id = ids[0]
        outcome = store(
            session, source, document, now=now, hasher=hasher, collected_by=COLLECTED_BY,
            thread_id=thread_id, known=known, wakes=wakes,
        )  # fmt: skip
        url = document_url(document)
        if document.answer_state is AnswerState.REPLIED:
            _settle(session, source.id, url, document.answered_at)
        by_url.setdefault(url, outcome.document_id)
        ids.append(outcome.document_id)
        if outcome.status is StoreStatus.NEW:
            new += 1
            first_new_id = first_new_id or outcome.document_id
    return StoredHarvest(tuple(ids), new, first_new_id)


def _completed(document: CollectedDocument, hint: PageLink | None) -> CollectedDocument:
    """Let the link's headline and time stand in for what the page does not say."""
    if hint is None or document.anchor is not None:
        return document
    return replace(
        document,
        title=document.title or hint.title or "",
        published_at=document.published_at or hint.published_at,
        outlet=document.outlet or hint.outlet,
    )


def _opening_id(
    session: Session, source_id: int, thread_url: str, by_url: dict[str, int]
) -> int | None:
    url = canonical_url(thread_url)
    if url in by_url:
        return by_url[url]
    return session.scalar(
        select(func.min(Document.id)).where(
            Document.source_id == source_id, Document.canonical_url == url
        )
    )


def _settle(session: Session, source_id: int, url: str, answered_at: dt.datetime | None) -> None:
    """Mark earlier wordings of an answered message too; they must not look forgotten."""
    session.execute(
        update(Document)
        .where(
            Document.source_id == source_id,
            Document.canonical_url == url,
            Document.answer_state == AnswerState.PENDING.value,
        )
        .values(answer_state=AnswerState.REPLIED.value, answered_at=answered_at)
    )


def cursor_after(
    session: Session,
    source: Source,
    harvest: Harvest | None,
    stored: StoredHarvest,
    now: dt.datetime,
) -> dict[str, object] | None:
    """Give the source's next cursor; a title that has left a ranking gets an empty rank on the way."""
    if harvest is None:
        return source.cursor
    cursor = source.cursor if harvest.cursor is None else dict(harvest.cursor)
    if not harvest.is_ranking:
        return cursor
    before = (source.cursor or {}).get(_LISTED)
    known = {id_ for id_ in before if isinstance(id_, int)} if isinstance(before, list) else set()
    gone = sorted(known - set(stored.ids))
    if gone:
        existing = session.scalars(select(Document.id).where(Document.id.in_(gone))).all()
        rows = [{"document_id": id_, "seen_at": now} for id_ in existing]
        if rows:
            session.execute(insert(Engagement).values(rows).on_conflict_do_nothing())
    return {**(cursor or {}), _LISTED: list(dict.fromkeys(stored.ids))}


def hints_after(hints: dict[str, object], harvest: Harvest | None) -> dict[str, object]:
    """Give what a linked page's row remembers for its next visit."""
    if harvest is None:
        return hints
    changed = {**hints, AWAITING_HINT: harvest.awaits_reply}
    return changed if harvest.cursor is None else {**changed, CURSOR_HINT: dict(harvest.cursor)}


def page_cursor(hints: dict[str, object]) -> Cursor:
    cursor = hints.get(CURSOR_HINT)
    return cursor if isinstance(cursor, dict) else {}


def brings_news(session: Session, source_id: int, harvest: Harvest) -> bool:
    """Tell whether a page names an address that this source has never named before."""
    links = {page_key(link.url) for link in harvest.links}
    documents = {document_url(document) for document in harvest.documents}
    return _unknown(session, source_id, FrontierURL, links) or _unknown(
        session, source_id, Document, documents
    )


def _unknown(
    session: Session, source_id: int, table: type[FrontierURL | Document], names: set[str]
) -> bool:
    if not names:
        return False
    column = FrontierURL.page_key if table is FrontierURL else Document.canonical_url
    known = session.scalar(
        select(func.count(column.distinct())).where(
            table.source_id == source_id, column.in_(sorted(names))
        )
    )
    return (known or 0) < len(names)
