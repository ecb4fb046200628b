"""Writing what came of a visit: documents, links, the ledger and the next due time in one transaction."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import structlog
from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import claims
from core.clock import Clock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import FrontierURL, Source
from core.database.models.operations import Queue
from core.database.sessions import Sessions
from core.errors import ConflictError
from core.faults import fault_point
from crawlers.coverage import ledger as coverage
from crawlers.coverage.ledger import Yield
from crawlers.evidence.pages import Awaited, awaited_pages
from crawlers.evidence.raw_responses import SealedRow, keep_all, sealed
from crawlers.failures import Failure, FailureCause
from crawlers.visiting.frontier import announce
from crawlers.visiting.harvest_storage import (
    AWAITING_HINT,
    StoredHarvest,
    cursor_after,
    hints_after,
    store_harvest,
)
from crawlers.visiting.known_documents import KnownDocuments, known_of_sources
from crawlers.visiting.rhythm import Rhythm, rhythms
from crawlers.visiting.schedule import (
    asked_for,
    next_interval,
    next_visit,
    publishing_rate,
    retry_at,
    revisit_at,
)
from crawlers.visiting.visits import Collected, Ended, PageVisit, SourceVisit, Visit

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 6
MOST_TRIES = 4
# PostgreSQL ends one of two transactions that wait for each other, and asks to try again.
_TRY_AGAIN = frozenset({"40P01", "40001"})

Outcome: TypeAlias = Yield | ConflictError


@dataclass(frozen=True, slots=True)
class VisitOutcomes:
    """Called in threads."""

    sessions: Sessions
    clock: Clock
    hasher: AuthorHasher
    keyring: Keyring

    def commit(self, ended: Sequence[Ended]) -> list[Outcome]:
        """Write several visits in one transaction; whoever lost its claim gets ConflictError and writes nothing.

        Raises what the database refuses, and has written nothing then.
        """
        for attempt in range(1, MOST_TRIES + 1):
            try:
                return self._commit(ended)
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state not in _TRY_AGAIN or attempt == MOST_TRIES:
                    raise
                log.info("visits_committed_again", visits=len(ended), sqlstate=state)
        raise AssertionError("the last try returns or raises")

    def _commit(self, ended: Sequence[Ended]) -> list[Outcome]:
        now = self.clock.now()
        outcomes: list[Outcome] = []
        # What visits change is gathered and written at the end, many rows at once.
        with self.sessions(autoflush=False) as session, session.begin():
            rows = _locked_rows(session, ended, now)
            for one in ended:
                if rows.is_held(one.visit):
                    outcomes.append(self._write(session, rows, one, now))
                else:
                    outcomes.append(ConflictError(f"row {one.visit.claim.id}: its lease was lost"))
            _record(session, ended, outcomes, now)
            keep_all(session, rows.raw)
            session.flush()
            for _ in ended:
                fault_point("ingest.before_commit")
        for _ in ended:
            fault_point("ingest.after_commit")
        return outcomes

    def _write(self, session: Session, rows: _Rows, one: Ended, now: dt.datetime) -> Yield:
        visit, found = one.visit, one.found
        source = rows.sources[visit.source.id]
        if isinstance(visit, SourceVisit):
            if isinstance(found, Failure):
                return _fail_source(session, source, visit, found, now)
            return self._finish_source(session, rows, visit, found, now)
        if isinstance(found, Failure):
            return _fail_page(session, visit, found, now)
        page = rows.pages[visit.claim.id]
        gained, stored = self._store_all(session, rows, visit, found, now)
        _finish_page(source, page, visit, found, stored, now)
        return gained

    def _finish_source(
        self,
        session: Session,
        rows: _Rows,
        visit: SourceVisit,
        collected: Collected,
        now: dt.datetime,
    ) -> Yield:
        """Store what a source's page held and announced, and when it is due again."""
        source = rows.sources[visit.source.id]
        gained, stored = self._store_all(session, rows, visit, collected, now)
        source.cursor = cursor_after(session, source, collected.harvest, stored, now)
        announced = collected.harvest.links if collected.harvest else ()
        new_links = announce(session, source.id, announced, now)
        rhythm = rows.rhythms.get(source.id)
        rate = publishing_rate(source, gained.new + new_links, now, rhythm)
        interval = next_interval(source, rate)
        claims.let_go(source, due_at=next_visit(source, visit.due_at, interval, now, rhythm))
        source.publishing_rate, source.interval_s = rate, round(interval.total_seconds())
        source.visited_at = source.succeeded_at = now
        source.failures, source.failure_reason = 0, None
        source.etag = collected.validators.etag
        source.last_modified = collected.validators.last_modified
        source.content_digest = collected.validators.digest
        if new_links:
            claims.notify(session, "source")
        return gained

    def _store_all(
        self,
        session: Session,
        rows: _Rows,
        visit: Visit,
        collected: Collected,
        now: dt.datetime,
    ) -> tuple[Yield, StoredHarvest]:
        source = rows.sources[visit.source.id]
        hint = visit.hint if isinstance(visit, PageVisit) else None
        if collected.harvest is None:
            return Yield(visits=int(hint is None)), StoredHarvest()
        stored = store_harvest(
            session, source, collected.harvest, now=now, hasher=self.hasher, hint=hint,
            known=rows.known[source.id],
        )  # fmt: skip
        if stored.new:
            source.last_item_at = now
            self._keep(rows, collected, stored.first_new_id)
        if hint is not None and collected.raw:
            page = (source.id, hint.url)
            awaited = [one.document_id for one in rows.awaited if one.is_on(page)]
            for document_id in awaited:
                self._keep(rows, collected, document_id)
            claims.enqueue(session, Queue.EVIDENCE, awaited, now)
        seen = len(stored.ids)
        scores = [document.extraction_score for document in collected.harvest.documents]
        read = [score for score in scores if score is not None]
        gained = Yield(
            int(hint is None), seen, stored.new, seen - stored.new,
            pages=len(read), quality=sum(read),
        )  # fmt: skip
        return gained, stored

    def _keep(self, rows: _Rows, collected: Collected, document_id: int | None) -> None:
        rows.raw.extend(
            sealed(self.keyring, answer, document_id=document_id) for answer in collected.raw
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The locked rows of a transaction; ``held`` and ``pages`` are those whose claim still holds.

    ``known`` has the documents of each source that its visits have brought before, ``rhythms`` when it publishes,
    ``awaited`` the documents whose pages are fetched once more for evidence. ``raw`` gathers the answers to keep.
    """

    sources: dict[int, Source]
    held: dict[int, Source]
    pages: dict[int, FrontierURL]
    known: dict[int, KnownDocuments]
    rhythms: dict[int, Rhythm]
    awaited: tuple[Awaited, ...]
    raw: list[SealedRow] = field(default_factory=list)

    def is_held(self, visit: Visit) -> bool:
        if visit.source.id not in self.sources:
            return False
        return visit.claim.id in (self.held if isinstance(visit, SourceVisit) else self.pages)


def _locked_rows(session: Session, ended: Sequence[Ended], now: dt.datetime) -> _Rows:
    """Lock every source before any page, in the order of their ids: two crawlers never wait for each other."""
    ids = {one.visit.source.id for one in ended}
    sources = {source.id: source for source in session.scalars(_SOURCES, {"ids": sorted(ids)})}
    visits = [one.visit for one in ended]
    return _Rows(
        sources,
        claims.lock_held(
            session, Source, [visit.claim for visit in visits if isinstance(visit, SourceVisit)]
        ),
        claims.lock_held(
            session, FrontierURL, [visit.claim for visit in visits if isinstance(visit, PageVisit)]
        ),
        # Nobody else stores for a locked source, so this holds to the end.
        known_of_sources(
            session,
            [
                (one.visit.source.id, one.found.harvest.documents)
                for one in ended
                if isinstance(one.found, Collected) and one.found.harvest is not None
            ],
        ),
        rhythms(session, _adapting(sources, ended), now),
        awaited_pages(session, ids),
    )


# Made once, because every commit runs it.
_SOURCES = (
    select(Source)
    .where(Source.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
    .order_by(Source.id)
    .with_for_update(key_share=True)
)


def _adapting(sources: dict[int, Source], ended: Sequence[Ended]) -> set[int]:
    """Give the sources whose next visit is now to be set, at an interval that may change."""
    visited = {
        one.visit.source.id
        for one in ended
        if isinstance(one.visit, SourceVisit) and isinstance(one.found, Collected)
    }
    return {
        source.id
        for source in sources.values()
        if source.id in visited and source.interval_floor_s != source.interval_ceiling_s
    }


def _record(
    session: Session, ended: Sequence[Ended], outcomes: Sequence[Outcome], now: dt.datetime
) -> None:
    """Add to the ledger once for each source, in the order of their ids, and once for each failure."""
    sums: dict[int, Yield] = {}
    for one, gained in zip(ended, outcomes, strict=True):
        source_id = one.visit.source.id
        if isinstance(gained, ConflictError) or gained == Yield():
            continue
        if gained.failure is None:
            sums[source_id] = sums.get(source_id, Yield()) + gained
        else:
            coverage.record(session, source_id, gained, now)
    if sums:
        coverage.record_many(session, sums, now)
    if any(gained.new for gained in sums.values()):
        claims.notify(session, Queue.ANALYSE.value)


def _finish_page(
    source: Source,
    page: FrontierURL,
    visit: PageVisit,
    collected: Collected,
    stored: StoredHarvest,
    now: dt.datetime,
) -> None:
    """Note what a linked page held; a young page that may grow is due again."""
    hints = hints_after(page.hints, collected.harvest)
    due_at = revisit_at(
        source, visit, now,
        published_at=_published_at(collected), awaits_reply=bool(hints.get(AWAITING_HINT)),
    )  # fmt: skip
    claims.let_go(page, due_at=due_at)
    page.hints, page.fetched_at, page.visits = hints, now, page.visits + 1
    page.etag = collected.validators.etag
    page.last_modified = collected.validators.last_modified
    if stored.ids:
        page.document_id = stored.first_id


def _published_at(collected: Collected) -> dt.datetime | None:
    documents = collected.harvest.documents if collected.harvest else ()
    return documents[0].published_at if documents else None


def _fail_source(
    session: Session, source: Source, visit: SourceVisit, failure: Failure, now: dt.datetime
) -> Yield:
    """Record why a visit failed and when to try again; one that had to wait its turn has not failed."""
    due_at = now + dt.timedelta(seconds=failure.retry_after_s or 0)
    if failure.cause is FailureCause.WAITING:
        claims.postpone(session, Source, visit.claim, due_at=due_at)
        return Yield()
    is_resting = failure.cause is FailureCause.RESTING
    gained = Yield(visits=int(not is_resting), failure=failure.cause.value)
    claims.finish(
        session, Source, visit.claim,
        due_at=_after_rest(due_at, now) if is_resting else retry_at(source, failure, now),
        visited_at=source.visited_at if is_resting else now,
        # Whoever cannot be asked is not well, although this visit was none.
        failures=max(1, source.failures) if is_resting else source.failures + 1,
        failure_reason=failure.reason,
    )  # fmt: skip
    return gained


def _fail_page(session: Session, visit: PageVisit, failure: Failure, now: dt.datetime) -> Yield:
    """Retry a page whose failure may heal; bury the others, so that they stay listed."""
    if failure.cause in {FailureCause.WAITING, FailureCause.RESTING}:
        due_at = now + dt.timedelta(seconds=failure.retry_after_s or 0)
        claims.postpone(session, FrontierURL, visit.claim, due_at=due_at)
        return Yield()
    gained = Yield(failure=failure.cause.value)
    if failure.is_retryable and visit.claim.attempt < MOST_ATTEMPTS:
        due_at = claims.backoff(visit.claim.attempt, now)
        if failure.retry_after_s is not None:
            due_at = max(due_at, asked_for(failure.retry_after_s, now))
        claims.retry(session, FrontierURL, visit.claim, due_at=due_at, error=failure.reason)
    else:
        claims.bury(session, FrontierURL, visit.claim, now=now, error=failure.reason)
    return gained


def _after_rest(due_at: dt.datetime, now: dt.datetime) -> dt.datetime:
    """Not all sources of a host at the very moment when it may be asked again: one of them tries it."""
    return due_at + (due_at - now) * random.uniform(0, 0.1)  # noqa: S311 (spreads load, guards nothing)
