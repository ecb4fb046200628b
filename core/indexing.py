"""Fills the search engine from the outbox of changed documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from core import claims, leases
from core.clock import Clock
from core.database.models.collecting import Document, DocumentBody, Source
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.document_heat import WEIGHTS, document_heat
from core.errors import ConflictError, StorageError, UnavailableError
from core.faults import fault_point
from core.index_changes import Turn, turn
from core.search.base import DocumentSearch, IndexFailure, IndexOutdatedError, SearchDocument

log = structlog.get_logger(__name__)

BATCH = 500
LEASE = dt.timedelta(seconds=120)
LEADER_LEASE = dt.timedelta(seconds=15)
RENEW_AFTER = dt.timedelta(seconds=4)
GIVE_UP_AFTER = 8
_READ = 1_000
BUSY_PAUSE = dt.timedelta(seconds=10)
_MARK = (
    update(Document)
    .where(Document.id == bindparam("b_id"))
    .values(indexed_revision=bindparam("b_revision"), indexed_at=bindparam("b_at"))
)
_COLUMNS = (
    Document.id,
    Document.revision,
    Document.platform,
    Document.source_id,
    Document.level,
    Document.regions,
    Document.topics,
    Document.polarity,
    Document.relevant,
    Document.our_union,
    Document.employers,
    Document.event_id,
    Document.story_id,
    Document.published_at,
    Document.ingested_at,
    *(getattr(Document, name) for name in WEIGHTS),
    DocumentBody.title,
    DocumentBody.text,
    DocumentBody.annotations["keywords"].label("keywords"),
    Source.name.label("source_name"),
)
_INDEXED = (
    select(*_COLUMNS)
    .join(
        DocumentBody,
        (DocumentBody.document_id == Document.id)
        & (DocumentBody.ingested_at == Document.ingested_at),
    )
    .join(Source, Source.id == Document.source_id)
)
"""All that is indexed of a document; nothing of the annotations but the keywords is read."""


@dataclass(frozen=True, slots=True)
class _Batch:
    handled: int = 0
    postponed: int = 0


class IndexWorker:
    """Claims index work in batches; with ``is_exclusive`` only the leader writes, others stand by.

    ``rebuild`` is called when an older release has written the index.
    """

    topics = frozenset({Queue.INDEX.value, Queue.UNINDEX.value})

    def __init__(  # noqa: PLR0913 (all by name)
        self,
        *,
        sessions: Sessions,
        clock: Clock,
        open_writer: Callable[[], DocumentSearch],
        owner: str,
        version: str,
        is_exclusive: bool,
        rebuild: Callable[[DocumentSearch], None] | None = None,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._open_writer = open_writer
        self._owner = owner
        self._version = version
        self._is_exclusive = is_exclusive
        self._rebuild = rebuild
        self._search: DocumentSearch | None = None
        self._leadership: leases.Leadership | None = None
        self._led_at: dt.datetime | None = None

    def close(self) -> None:
        if self._search is not None:
            self._search.close()
            self._search = None
        if self._leadership is not None:
            with self._sessions.begin() as session:
                leases.resign(session, self._leadership)

    def step(self) -> int:
        """Index one batch and forget one; 0 when there is nothing or another process leads.

        Raises UnavailableError when the engine is away or too busy: whoever calls this then waits. The work stays
        queued, and no attempt is counted against a document for what is wrong with the engine.
        """
        with turn(self._sessions) as mine:
            if mine is None or (self._is_exclusive and not self._lead()):
                return 0
            if not self._must_rebuild():
                indexed = self._index_batch(mine)
                forgotten = self._forget_batch(mine)
                if indexed.postponed:
                    raise UnavailableError(
                        f"检索引擎正忙，{indexed.postponed} 条内容稍后自动再试。"
                    )
                return indexed.handled + forgotten
        return self._rebuild_now()

    def _must_rebuild(self) -> bool:
        """Tell whether an older release wrote the index; asked once for each writer that is opened."""
        if self._search is not None or self._rebuild is None:
            return False
        return self._writer().health().is_outdated

    def _rebuild_now(self) -> int:
        writer = self._writer()
        self._search = None
        try:
            if self._rebuild is not None:
                self._rebuild(writer)
        except ConflictError:
            # Another process is at it; the next step looks again.
            return 0
        finally:
            writer.close()
        return 1

    def _lead(self) -> bool:
        now = self._clock.now()
        if (
            self._leadership is not None
            and self._led_at is not None
            and now - self._led_at < RENEW_AFTER
        ):
            return True
        with self._sessions.begin() as session:
            self._leadership = leases.lead(
                session, "index", self._owner, version=self._version, lease=LEADER_LEASE
            )
        if self._leadership is None and self._search is not None:
            self._search.close()
            self._search = None
        self._led_at = now
        return self._leadership is not None

    def _writer(self) -> DocumentSearch:
        if self._search is None:
            self._search = self._open_writer()
        return self._search

    def _take(self, queue: Queue) -> list[claims.Claim]:
        with self._sessions.begin() as session:
            return claims.take(
                session,
                WorkItem,
                owner=self._owner,
                now=self._clock.now(),
                lease=LEASE,
                limit=BATCH,
                where=[WorkItem.queue == queue.value],
            )

    @contextmanager
    def _handing_back(self, claimed: Sequence[claims.Claim]) -> Iterator[None]:
        """Let go of the work when the engine takes none of it, so that it is due again at once."""
        try:
            yield
        except StorageError as error:
            with self._sessions.begin() as session:
                claims.hand_back(session, WorkItem, claimed)
            if isinstance(error, IndexOutdatedError) and self._search is not None:
                # Somebody put another index there; the next step asks whether it has to be rebuilt.
                self._search.close()
                self._search = None
            raise

    def _index_batch(self, mine: Turn) -> _Batch:
        claimed = self._take(Queue.INDEX)
        if not claimed:
            return _Batch()
        with self._sessions() as session:
            subjects = dict(
                session.execute(
                    select(WorkItem.id, WorkItem.subject_id).where(
                        WorkItem.id.in_([c.id for c in claimed])
                    )
                ).all()
            )
            documents = load_documents(session, list(subjects.values()))
        fault_point("index.before_bulk")
        with self._handing_back(claimed):
            result = self._writer().index(documents)
        fault_point("index.after_bulk")
        failures = {failure.id: failure for failure in result.failures}
        revisions = {document.id: document.revision for document in documents}
        fault_point("index.before_mark")
        now = self._clock.now()
        with self._sessions.begin() as session:
            done = [claim for claim in claimed if subjects.get(claim.id) not in failures]
            # What changed again meanwhile has a new epoch: it stays queued and is not marked.
            removed = claims.remove_many(session, WorkItem, done)
            marks = [
                {"b_id": subjects[row_id], "b_revision": revisions[subjects[row_id]], "b_at": now}
                for row_id in removed
                if subjects[row_id] in revisions
            ]
            if marks:
                session.connection().execute(_MARK, marks)
            mine.note(session, subjects.values())
            # What was deleted while it was written may have been deleted from the index before.
            claims.enqueue(session, Queue.UNINDEX, _gone(session, list(revisions)), now)
        self._record_failures(
            [claim for claim in claimed if subjects.get(claim.id) in failures], subjects, failures
        )
        postponed = sum(failure.is_engine_busy for failure in result.failures)
        return _Batch(len(claimed), postponed)

    def _record_failures(
        self,
        failed: Sequence[claims.Claim],
        subjects: Mapping[int, int],
        failures: Mapping[int, IndexFailure],
    ) -> None:
        now = self._clock.now()
        for claim in failed:
            try:
                with self._sessions.begin() as session:
                    _record_failure(session, claim, failures[subjects[claim.id]], now)
            except ConflictError:
                log.info("index_work_superseded", document_id=subjects[claim.id])

    def _forget_batch(self, mine: Turn) -> int:
        claimed = self._take(Queue.UNINDEX)
        if not claimed:
            return 0
        ids = [claim.id for claim in claimed]
        with self._sessions() as session:
            subjects = list(
                session.scalars(select(WorkItem.subject_id).where(WorkItem.id.in_(ids)))
            )
            subjects = _gone(session, subjects)
        with self._handing_back(claimed):
            self._writer().delete(subjects)
        with self._sessions.begin() as session:
            claims.remove_many(session, WorkItem, claimed)
            mine.note(session, subjects)
        return len(claimed)


def _record_failure(
    session: Session, claim: claims.Claim, failure: IndexFailure, now: dt.datetime
) -> None:
    if failure.is_engine_busy:
        claims.retry(
            session,
            WorkItem,
            claim,
            due_at=claims.backoff(1, now, steps=[BUSY_PAUSE]),
            error=failure.reason,
            attempt=claim.attempt - 1,
        )
    elif failure.is_retryable and claim.attempt < GIVE_UP_AFTER:
        claims.retry(
            session,
            WorkItem,
            claim,
            due_at=claims.backoff(claim.attempt, now),
            error=failure.reason,
        )
    else:
        claims.bury(session, WorkItem, claim, now=now, error=failure.reason)


def _gone(session: Session, ids: Sequence[int]) -> list[int]:
    """Keep the ids of documents that the index must not hold."""
    there = set(
        session.scalars(
            select(Document.id).where(Document.id.in_(ids), Document.analysed_at.is_not(None))
        )
    )
    return [document_id for document_id in ids if document_id not in there]


def load_documents(session: Session, ids: Sequence[int]) -> list[SearchDocument]:
    """Build what the engine takes from the rows; one that is deleted or not analysed is simply absent."""
    rows = session.execute(_INDEXED.where(Document.id.in_(ids), Document.analysed_at.is_not(None)))
    return [_search_document(row) for row in rows]


def _search_document(row: Row[tuple[object, ...]]) -> SearchDocument:
    # The row has the columns of _INDEXED; entities would cost several times as much.
    document: Any = row
    keywords = document.keywords
    return SearchDocument(
        id=document.id,
        revision=document.revision,
        title=document.title,
        text=document.text,
        platform=document.platform,
        source_id=document.source_id,
        source_name=document.source_name,
        level=document.level,
        regions=tuple(document.regions),
        topics=tuple(document.topics),
        polarity=document.polarity,
        relevant=document.relevant,
        our_union=document.our_union,
        employers=tuple(document.employers),
        keywords=tuple(map(str, keywords)) if isinstance(keywords, list) else (),
        event_id=document.event_id,
        story_id=document.story_id,
        published_at=document.published_at,
        ingested_at=document.ingested_at,
        reposts=document.reposts,
        comments=document.comments,
        views=document.views,
        hotness=document_heat({name: getattr(document, name) for name in WEIGHTS}),
    )


def all_documents(sessions: Sessions, *, page: int = 1000) -> Iterator[SearchDocument]:
    """Walk all analysed documents by id, for a rebuild; the text of the others is not masked yet."""
    after: int | None = 0
    while after is not None:
        with sessions() as session:
            found = documents_after(session, after, page)
        yield from found.documents
        after = found.end


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """Documents by rising id; `end` is the last id that the page covers, None when nothing is left behind it."""

    documents: list[SearchDocument]
    end: int | None


def documents_after(session: Session, after: int, limit: int) -> DocumentPage:
    """Read the next analysed documents from behind an id."""
    ids = session.scalars(
        select(Document.id)
        .where(Document.id > after, Document.analysed_at.is_not(None))
        .order_by(Document.id)
        .limit(limit)
    ).all()
    documents: list[SearchDocument] = []
    for start in range(0, len(ids), _READ):
        part = ids[start : start + _READ]
        # Bounds on both tables and few rows, or the database reads them whole for every page.
        rows = session.execute(
            _INDEXED.where(
                Document.id.between(part[0], part[-1]),
                DocumentBody.document_id.between(part[0], part[-1]),
                Document.analysed_at.is_not(None),
            ).order_by(Document.id)
        )
        documents += [_search_document(row) for row in rows]
    return DocumentPage(documents, ids[-1] if len(ids) == limit else None)
