"""Writing what came of a visit: documents, links, the ledger and the next due time in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from crawlers.failures import Failure
from crawlers.intake import CollectedDocument, StoreStatus, store
from crawlers.raw_responses import keep_raw
from crawlers.source import PageLink
from crawlers.visit_schedule import asked_for, jittered, next_interval, retry_at, revisit_at
from crawlers.visits import Collected, PageVisit, SourceVisit

COLLECTED_BY = "crawl"
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
            gained, _ = self._store_all(session, source, collected, now)
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
                content_digest=collected.validators.digest,
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
            gained, first_id = self._store_all(session, source, collected, now, hint=visit.hint)
            coverage.record(session, source.id, gained, now)
            values: dict[str, object] = {} if first_id is None else {"document_id": first_id}
            claims.finish(
                session, FrontierURL, visit.claim, due_at=revisit_at(source, visit, now),
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
    ) -> tuple[Yield, int | None]:
        if collected.harvest is None:
            return Yield(visits=int(hint is None)), None
        first_id: int | None = None
        new = 0
        for document in collected.harvest.documents:
            is_reply = collected.harvest.is_thread and first_id is not None
            outcome = store(
                session, source, _completed(document, hint), now=now, hasher=self.hasher,
                collected_by=COLLECTED_BY, thread_id=first_id if is_reply else None,
            )  # fmt: skip
            first_id = first_id or outcome.document_id
            new += outcome.status is StoreStatus.NEW
        if new:
            session.execute(update(Source).where(Source.id == source.id).values(last_item_at=now))
            for page in collected.raw:
                keep_raw(session, self.keyring, page, document_id=first_id)
        seen = len(collected.harvest.documents)
        return Yield(int(hint is None), seen, new, seen - new), first_id

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


def _completed(document: CollectedDocument, hint: PageLink | None) -> CollectedDocument:
    """Let the link's headline and time stand in for what the page does not say."""
    if hint is None or document.anchor is not None:
        return document
    return replace(
        document,
        title=document.title or hint.title or "",
        published_at=document.published_at or hint.published_at,
    )


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
