"""Fills the search index anew while the system works, and switches to it in one step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine, exists, func, select, update

from core import claims
from core.clock import Clock
from core.database.models.collecting import Document
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.errors import StorageError
from core.faults import fault_point
from core.index_changes import forget_changes, rebuilder, take_changes
from core.indexing import all_documents, load_documents
from core.search.base import DocumentSearch, IndexDraft, SearchDocument
from core.search.index_draft import filling

log = structlog.get_logger(__name__)

FEW = 500
"""So many noted changes are brought over while the workers wait."""
_AT_ONCE = 5_000


class RebuildStoppedError(StorageError):
    """The process was told to stop before the new index was complete."""

    def __init__(self) -> None:
        super().__init__("重建检索索引中途停止；旧索引照常应答，可以重新开始。")


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """How many of the documents were read; `is_catching_up` once only later changes are left."""

    done: int
    total: int
    is_catching_up: bool = False


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """`caught_up` counts documents that changed meanwhile; `failed` ones were left to the index worker."""

    indexed: int
    caught_up: int
    failed: int


def _silent(_progress: RebuildProgress) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRebuild:
    """What a rebuild works with; `progress` hears of every batch, `stop` ends it between two."""

    engine: Engine
    sessions: Sessions
    clock: Clock
    search: DocumentSearch
    progress: Callable[[RebuildProgress], None] = _silent
    stop: threading.Event | None = None

    def run(self) -> RebuildResult:
        """Rebuild; until the last moment the old index answers.

        Raises ConflictError while another rebuild runs, and RebuildStoppedError.
        """
        with rebuilder(self.engine) as alone:
            with self.sessions.begin() as session:
                forget_changes(session)
            with self.search.draft() as draft:
                filled = _Filling(self, draft)
                filled.walk()
                fault_point("rebuild.before_switch")
                alone.exclude_writers()
                filled.catch_up(until=0)
                with self.sessions.begin() as session:
                    claims.enqueue(session, Queue.INDEX, sorted(filled.failed), self.clock.now())
                # Whatever was noted until here has been brought over, if the locks held so far.
                alone.check()
                draft.publish()
                fault_point("rebuild.after_switch")
        while self._mark_some():
            pass
        result = RebuildResult(filled.indexed, filled.caught_up, len(filled.failed))
        log.info(
            "index_rebuilt",
            engine=self.search.name,
            documents=result.indexed,
            caught_up=result.caught_up,
            failures=result.failed,
        )
        return result

    def _mark_some(self) -> int:
        """Mark documents that the index holds now and nobody is going to index; gives how many."""
        waits = exists().where(
            WorkItem.queue == Queue.INDEX.value, WorkItem.subject_id == Document.id
        )
        unmarked = (
            select(Document.id)
            .where(
                Document.analysed_at.is_not(None),
                Document.indexed_revision.is_distinct_from(Document.revision),
                ~waits,
            )
            .order_by(Document.id)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        with self.sessions.begin() as session:
            marked = session.execute(
                update(Document)
                .where(Document.id.in_(unmarked.scalar_subquery()))
                .values(indexed_revision=Document.revision, indexed_at=self.clock.now())
                .returning(Document.id)
                .execution_options(synchronize_session=False)
            )
            return len(marked.all())


class _Filling:
    """One draft on its way to hold what the database holds."""

    def __init__(self, rebuild: IndexRebuild, draft: IndexDraft) -> None:
        self._rebuild = rebuild
        self._draft = draft
        self.indexed = 0
        self.caught_up = 0
        self.failed: set[int] = set()

    def walk(self) -> None:
        """Index every document, then what changed meanwhile until only a few changes are left."""
        total = self._total()
        done = 0
        for result in filling(self._draft, self._documents()):
            self.indexed += result.indexed
            self.failed |= {failure.id for failure in result.failures}
            done += result.indexed + result.stale + len(result.failures)
            self._rebuild.progress(RebuildProgress(done, max(total, done)))
            fault_point("rebuild.after_batch")
        self._draft.settle()
        self._rebuild.progress(RebuildProgress(done, done, is_catching_up=True))
        self.catch_up(until=FEW)
        self._draft.settle()

    def catch_up(self, *, until: int) -> None:
        """Bring over what was noted, until so few came at once that the rest is quickly done."""
        while changed := take_changes(self._rebuild.sessions, _AT_ONCE):
            self._refuse_if_stopped()
            with self._rebuild.sessions() as session:
                documents = load_documents(session, changed)
            result = self._draft.index(documents)
            there = {document.id for document in documents}
            self._draft.delete([one for one in changed if one not in there])
            self.failed -= set(changed)
            self.failed |= {failure.id for failure in result.failures}
            self.caught_up += len(changed)
            if len(changed) <= until:
                return

    def _documents(self) -> Iterator[SearchDocument]:
        for document in all_documents(self._rebuild.sessions):
            self._refuse_if_stopped()
            yield document

    def _refuse_if_stopped(self) -> None:
        if self._rebuild.stop is not None and self._rebuild.stop.is_set():
            raise RebuildStoppedError

    def _total(self) -> int:
        with self._rebuild.sessions() as session:
            count = session.scalar(
                select(func.count()).select_from(Document).where(Document.analysed_at.is_not(None))
            )
        return count or 0
