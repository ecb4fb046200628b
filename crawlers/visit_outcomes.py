"""Writing what came of a visit: documents, links, the ledger and the next due time in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import claims
from core.clock import Clock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import FrontierURL, Source
from core.database.sessions import Sessions
from core.faults import fault_point
from crawlers import coverage
from crawlers.canonical_url import canonical_url
from crawlers.coverage import Yield
from crawlers.evidence_pages import keep_for_evidence
from crawlers.failures import Failure
from crawlers.harvest_storage import (
    AWAITING_HINT,
    StoredHarvest,
    cursor_after,
    hints_after,
    store_harvest,
)
from crawlers.raw_responses import keep_raw
from crawlers.source import PageLink
from crawlers.visit_schedule import asked_for, jittered, next_interval, retry_at, revisit_at
from crawlers.visits import Collected, PageVisit, SourceVisit

MOST_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class VisitOutcomes:
    """Every method is one transaction, called in a thread.

    Whoever lost its claim gets ConflictError and has written nothing.
    """

    sessions: Sessions
    clock: Clock
    hasher: AuthorHasher
    keyring: Keyring

    def finish_source(self, visit: SourceVisit, collected: Collected) -> Yield:
        """Store what a source's page held and announced, and when it is due again."""
        now = self.clock.now()
        with self.sessions.begin() as session:
            source = session.get_one(Source, visit.claim.id)
            gained, stored = self._store_all(session, source, collected, now)
            cursor = cursor_after(session, source, collected.harvest, stored, now)
            announced = collected.harvest.links if collected.harvest else ()
            new_links = _announce(session, source.id, announced, now)
            coverage.record(session, source.id, gained, now)
            interval = next_interval(source, is_busy=bool(gained.new or new_links))
            # Counted from when the visit was due, so that slow answers do not add up.
            due_at = visit.due_at + interval
            if due_at <= now:
                due_at = now + interval
            claims.finish(
                session, Source, visit.claim, due_at=jittered(due_at, now),
                interval_s=round(interval.total_seconds()), visited_at=now, succeeded_at=now,
                failures=0, failure_reason=None, etag=collected.validators.etag,
                last_modified=collected.validators.last_modified,
                content_digest=collected.validators.digest, cursor=cursor,
            )  # fmt: skip
            if new_links:
                claims.notify(session, "source")
            fault_point("ingest.before_commit")
        fault_point("ingest.after_commit")
        return gained

    def finish_page(self, visit: PageVisit, collected: Collected) -> Yield:
        """Store what a linked page held; a young page that may grow is due again."""
        now = self.clock.now()
        with self.sessions.begin() as session:
            source = session.get_one(Source, visit.source.id)
            gained, stored = self._store_all(session, source, collected, now, hint=visit.hint)
            coverage.record(session, source.id, gained, now)
            values: dict[str, object] = {"document_id": stored.first_id} if stored.ids else {}
            row = session.get_one(FrontierURL, visit.claim.id)
            hints = hints_after(row.hints, collected.harvest)
            awaits_reply = bool(hints.get(AWAITING_HINT))
            claims.finish(
                session, FrontierURL, visit.claim, hints=hints,
                due_at=revisit_at(source, visit, now, awaits_reply=awaits_reply),
                fetched_at=now, etag=collected.validators.etag,
                last_modified=collected.validators.last_modified, **values,
            )  # fmt: skip
            fault_point("ingest.before_commit")
        fault_point("ingest.after_commit")
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

    def fail_source(self, visit: SourceVisit, failure: Failure) -> None:
        """Record why a visit failed and when to try again."""
        now = self.clock.now()
        with self.sessions.begin() as session:
            source = session.get_one(Source, visit.claim.id)
            gained = Yield(visits=1, failure=failure.cause.value)
            coverage.record(session, source.id, gained, now)
            claims.finish(
                session, Source, visit.claim, due_at=retry_at(source, failure, now),
                visited_at=now, failures=source.failures + 1, failure_reason=failure.reason,
            )  # fmt: skip

    def fail_page(self, visit: PageVisit, failure: Failure) -> None:
        """Retry a page whose failure may heal; bury the others, so that they stay listed."""
        now = self.clock.now()
        with self.sessions.begin() as session:
            coverage.record(session, visit.source.id, Yield(failure=failure.cause.value), now)
            if failure.is_retryable and visit.claim.attempt < MOST_ATTEMPTS:
                due_at = claims.backoff(visit.claim.attempt, now)
                if failure.retry_after_s is not None:
                    due_at = max(due_at, asked_for(failure.retry_after_s, now))
                claims.retry(session, FrontierURL, visit.claim, due_at=due_at, error=failure.reason)
            else:
                claims.bury(session, FrontierURL, visit.claim, now=now, error=failure.reason)


def _announce(
    session: Session, source_id: int, announced: Sequence[PageLink], now: dt.datetime
) -> int:
    """Put links that were never seen into the frontier; tell how many there were."""
    if not announced:
        return 0
    rows = {
        canonical_url(link.url): {
            "source_id": source_id,
            "url": canonical_url(link.url),
            "kind": "linked",
            "hints": {
                "title": link.title,
                "published_at": link.published_at.isoformat() if link.published_at else None,
                **({"outlet": link.outlet} if link.outlet else {}),
            },
            "due_at": now,
        }
        for link in announced
    }
    statement = (
        insert(FrontierURL)
        .values(list(rows.values()))
        .on_conflict_do_nothing(index_elements=["source_id", "url"])
        .returning(FrontierURL.id)
    )
    return len(session.scalars(statement).all())
