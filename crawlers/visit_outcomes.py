"""Writing what came of a visit: documents, links, the ledger and the next due time in one transaction."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import claims
from core.clock import Clock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.base import Claimable
from core.database.models.collecting import FrontierURL, Source
from core.database.sessions import Sessions
from core.errors import ConflictError
from core.faults import fault_point
from crawlers import coverage
from crawlers.coverage import Yield
from crawlers.evidence_pages import keep_for_evidence
from crawlers.failures import Failure, FailureCause
from crawlers.frontier import announce
from crawlers.harvest_storage import (
    AWAITING_HINT,
    StoredHarvest,
    cursor_after,
    hints_after,
    store_harvest,
)
from crawlers.raw_responses import keep_raw
from crawlers.source import PageLink
from crawlers.visit_schedule import (
    asked_for,
    next_interval,
    next_visit,
    publishing_rate,
    retry_at,
    revisit_at,
)
from crawlers.visits import Collected, Ended, PageVisit, SourceVisit, Visit

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
        with self.sessions.begin() as session:
            sources = _locked_sources(session, ended)
            held = _held(session, ended)
            for one in ended:
                visit = one.visit
                source = sources.get(visit.source.id)
                if source is None or (type(visit), visit.claim.id) not in held:
                    outcomes.append(ConflictError(f"row {visit.claim.id}: its lease was lost"))
                else:
                    outcomes.append(self._write(session, source, one, now))
            for _ in ended:
                fault_point("ingest.before_commit")
        for _ in ended:
            fault_point("ingest.after_commit")
        return outcomes

    def _write(self, session: Session, source: Source, one: Ended, now: dt.datetime) -> Yield:
        visit, found = one.visit, one.found
        if isinstance(visit, SourceVisit):
            if isinstance(found, Failure):
                return _fail_source(session, source, visit, found, now)
            return self._finish_source(session, source, visit, found, now)
        if isinstance(found, Failure):
            return _fail_page(session, visit, found, now)
        return self._finish_page(session, source, visit, found, now)

    def _finish_source(
        self,
        session: Session,
        source: Source,
        visit: SourceVisit,
        collected: Collected,
        now: dt.datetime,
    ) -> Yield:
        """Store what a source's page held and announced, and when it is due again."""
        gained, stored = self._store_all(session, source, collected, now)
        cursor = cursor_after(session, source, collected.harvest, stored, now)
        announced = collected.harvest.links if collected.harvest else ()
        new_links = announce(session, source.id, announced, now)
        coverage.record(session, source.id, gained, now)
        rate = publishing_rate(source, gained.new + new_links, now)
        interval = next_interval(source, rate)
        claims.finish(
            session, Source, visit.claim,
            due_at=next_visit(source, visit.due_at, interval, now),
            interval_s=round(interval.total_seconds()), publishing_rate=rate,
            visited_at=now, succeeded_at=now, failures=0, failure_reason=None,
            etag=collected.validators.etag, last_modified=collected.validators.last_modified,
            content_digest=collected.validators.digest, cursor=cursor,
        )  # fmt: skip
        if new_links:
            claims.notify(session, "source")
        return gained

    def _finish_page(
        self,
        session: Session,
        source: Source,
        visit: PageVisit,
        collected: Collected,
        now: dt.datetime,
    ) -> Yield:
        """Store what a linked page held; a young page that may grow is due again."""
        gained, stored = self._store_all(session, source, collected, now, hint=visit.hint)
        coverage.record(session, source.id, gained, now)
        values: dict[str, object] = {"document_id": stored.first_id} if stored.ids else {}
        hints = hints_after(dict(visit.hints), collected.harvest)
        due_at = revisit_at(
            source, visit, now,
            published_at=_published_at(collected), awaits_reply=bool(hints.get(AWAITING_HINT)),
        )  # fmt: skip
        claims.finish(
            session, FrontierURL, visit.claim, due_at=due_at, hints=hints,
            fetched_at=now, visits=FrontierURL.visits + 1, etag=collected.validators.etag,
            last_modified=collected.validators.last_modified, **values,
        )  # fmt: skip
        return gained

    def _store_all(
        self,
        session: Session,
        source: Source,
        collected: Collected,
        now: dt.datetime,
        *,
        hint: PageLink | None = None,
    ) -> tuple[Yield, StoredHarvest]:
        if collected.harvest is None:
            return Yield(visits=int(hint is None)), StoredHarvest()
        stored = store_harvest(
            session, source, collected.harvest, now=now, hasher=self.hasher, hint=hint
        )
        if stored.new:
            session.execute(update(Source).where(Source.id == source.id).values(last_item_at=now))
            for page in collected.raw:
                keep_raw(session, self.keyring, page, document_id=stored.first_new_id)
        if hint is not None and collected.raw:
            keep_for_evidence(session, self.keyring, (source.id, hint.url), collected.raw, now)
        seen = len(stored.ids)
        return Yield(int(hint is None), seen, stored.new, seen - stored.new), stored


def _locked_sources(session: Session, ended: Sequence[Ended]) -> dict[int, Source]:
    """Lock every source before any page, in the order of their ids: two crawlers never wait for each other."""
    ids = {one.visit.source.id for one in ended}
    rows = session.scalars(
        select(Source).where(Source.id.in_(ids)).order_by(Source.id).with_for_update(key_share=True)
    )
    return {row.id: row for row in rows}


def _held(session: Session, ended: Sequence[Ended]) -> set[tuple[type, int]]:
    """Name the visits whose claim still holds; their rows stay locked, so that it holds to the end."""
    held: set[tuple[type, int]] = set()
    kinds: tuple[tuple[type[Visit], type[Claimable]], ...] = (
        (SourceVisit, Source),
        (PageVisit, FrontierURL),
    )
    for kind, table in kinds:
        claimed = [one.visit.claim for one in ended if isinstance(one.visit, kind)]
        held |= {(kind, id_) for id_ in claims.still_held(session, table, claimed)}
    return held


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
    coverage.record(session, source.id, gained, now)
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
    coverage.record(session, visit.source.id, gained, now)
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
