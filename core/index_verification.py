"""Compares what the search index holds with PostgreSQL, document by document, and mends it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from core import claims
from core.clock import Clock, monotonic
from core.database.models.collecting import Document
from core.database.models.operations import Queue, WorkItem
from core.database.sessions import Sessions
from core.errors import UnavailableError
from core.indexing import documents_after, load_documents
from core.search.base import DocumentSearch, IndexEntry
from core.search.digest import digest

log = structlog.get_logger(__name__)

PAGE = 5_000
PATIENCE = dt.timedelta(minutes=1)
_LOOKS = 3
_STEP = 2
"""A deletion counts one revision up in Elasticsearch, which remembers it for a minute."""


class Fault(StrEnum):
    MISSING = "missing"
    DIFFERENT = "different"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """`checked` counts documents of the index and of the database together.

    Faults were found after a second look. Those `repaired` were seen to be right afterwards, `failed` were refused by
    the engine, and `left` are as they were: not tried, or not done in time.
    """

    checked: int = 0
    missing: int = 0
    different: int = 0
    extra: int = 0
    repaired: int = 0
    failed: int = 0
    left: int = 0

    @property
    def is_right(self) -> bool:
        """Say whether the index now agrees with the database."""
        return not self.failed and not self.left


@dataclass(frozen=True, slots=True)
class _State:
    """A document as the database has it; `digest` None: it must not be in the index."""

    digest: int | None = None
    is_waiting: bool = False


def _silent(_report: VerificationReport) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexVerification:
    """What a verification works with.

    `work` brings queued index work forward or waits for a moment while another process does; without it nothing is
    repaired. Repairs go through the queue, where every change of the index goes, so they never race with it.
    """

    sessions: Sessions
    clock: Clock
    search: DocumentSearch
    work: Callable[[], None] | None = None
    progress: Callable[[VerificationReport], None] = _silent
    page: int = PAGE
    patience: dt.timedelta = PATIENCE

    def run(self) -> VerificationReport:
        """Walk the index and the database side by side, a page at a time."""
        counts: Counter[str] = Counter()
        for checked, suspects in self._suspects():
            counts["checked"] += checked
            if suspects:
                counts.update(self._settle(self._faults(suspects)))
            self.progress(VerificationReport(**counts))
        report = VerificationReport(**counts)
        log.info("index_verified", engine=self.search.name, **counts)
        return report

    def _suspects(self) -> Iterator[tuple[int, list[int]]]:
        """Yield how many documents each page had and which of them differ at first sight."""
        self.search.refresh()
        after = 0
        while True:
            entries = self.search.entries(after=after, limit=self.page)
            with self.sessions() as session:
                found = documents_after(session, after, self.page)
            bounds = []
            if len(entries) == self.page:
                # The other entry of a document that is in the index twice may be on the next page.
                bounds.append(entries[-1].id - 1)
            if found.end is not None:
                bounds.append(found.end)
            end = min(bounds, default=None)
            held = _by_id(entry for entry in entries if end is None or entry.id <= end)
            wanted = {
                document.id: digest(document)
                for document in found.documents
                if end is None or document.id <= end
            }
            ids = sorted({*held, *wanted})
            yield len(ids), [one for one in ids if _fault(wanted.get(one), held.get(one, []))]
            if end is None:
                return
            after = end

    def _faults(self, suspects: Sequence[int]) -> dict[int, Fault]:
        """Look again at documents that may be changing: what still waits to be indexed is no fault."""
        faults: dict[int, Fault] = {}
        open_ids = list(suspects)
        for _ in range(_LOOKS):
            before = self._states(open_ids)
            self.search.refresh()
            held = _by_id(self.search.entries_of(open_ids))
            after = self._states(open_ids)
            for one in open_ids:
                state = after[one]
                fault = _fault(state.digest, held.get(one, []))
                if before[one] == state and not state.is_waiting and fault is not None:
                    faults[one] = fault
            open_ids = [one for one in open_ids if before[one] != after[one]]
            if not open_ids:
                break
        return faults

    def _states(self, ids: Sequence[int]) -> dict[int, _State]:
        with self.sessions() as session:
            # One snapshot for both, so that a document is never seen changed without its work.
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            documents = load_documents(session, ids)
            waiting = set(session.scalars(_work(ids).where(WorkItem.dead_at.is_(None))))
        digests = {document.id: digest(document) for document in documents}
        return {one: _State(digests.get(one), one in waiting) for one in ids}

    def _settle(self, faults: dict[int, Fault]) -> Counter[str]:
        counts = Counter(fault.value for fault in faults.values())
        if not faults:
            return counts
        if self.work is None:
            counts["left"] = len(faults)
            return counts
        self._queue(faults)
        self._wait(self.work, list(faults))
        again = self._faults(list(faults))
        with self.sessions() as session:
            open_ids = set(session.scalars(_work(list(faults))))
            dead = set(session.scalars(_work(list(faults)).where(WorkItem.dead_at.is_not(None))))
        counts["failed"] = len(dead)
        counts["left"] = len((set(again) | open_ids) - dead)
        counts["repaired"] = len(faults) - counts["failed"] - counts["left"]
        log.warning("index_repaired", **counts)
        return counts

    def _queue(self, faults: dict[int, Fault]) -> None:
        """Queue the documents under a revision that is new to the index, and the deletions."""
        held = _by_id(self.search.entries_of(list(faults)))
        now = self.clock.now()
        extra = [one for one, fault in faults.items() if fault is Fault.EXTRA]
        wrong = [one for one in faults if one not in set(extra)]
        with self.sessions.begin() as session:
            for one in wrong:
                known = max((entry.revision for entry in held.get(one, [])), default=0)
                _raise_revision(session, one, known)
            claims.enqueue(session, Queue.INDEX, wrong, now)
            claims.enqueue(session, Queue.UNINDEX, extra, now)

    def _wait(self, work: Callable[[], None], ids: list[int]) -> None:
        """Give the queue time, as long as it gets anywhere."""
        left = len(ids) + 1
        deadline = monotonic()
        while True:
            with self.sessions() as session:
                waiting = len(session.scalars(_work(ids).where(WorkItem.dead_at.is_(None))).all())
            if waiting < left:
                left, deadline = waiting, monotonic() + self.patience.total_seconds()
            if not waiting or monotonic() > deadline:
                return
            try:
                work()
            except UnavailableError as error:
                log.warning("repair_postponed", error=str(error)[:300])
                return


def _raise_revision(session: Session, document_id: int, known: int) -> None:
    session.execute(
        update(Document)
        .where(Document.id == document_id)
        .values(revision=func.greatest(Document.revision, known) + _STEP)
        .execution_options(synchronize_session=False)
    )


def _work(ids: Sequence[int]) -> Select[int]:
    """Select the documents among these that have index work, given up or not."""
    return select(WorkItem.subject_id).where(
        WorkItem.queue.in_([Queue.INDEX.value, Queue.UNINDEX.value]), WorkItem.subject_id.in_(ids)
    )


def _by_id(entries: Iterable[IndexEntry]) -> dict[int, list[IndexEntry]]:
    found: dict[int, list[IndexEntry]] = {}
    for entry in entries:
        found.setdefault(entry.id, []).append(entry)
    return found


def _fault(wanted: int | None, held: Sequence[IndexEntry]) -> Fault | None:
    if wanted is None:
        return Fault.EXTRA if held else None
    if not held:
        return Fault.MISSING
    is_right = [entry.digest for entry in held] == [wanted]
    return None if is_right else Fault.DIFFERENT
