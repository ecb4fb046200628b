"""Due sources and pages: claiming them, and writing what came of it in one transaction each."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import claims
from core.claims import Claim
from core.clock import Clock
from core.crypto.author_hash import AuthorHasher
from core.crypto.keyring import Keyring
from core.database.models.collecting import FrontierURL, Source, SourceState
from core.database.sessions import Sessions
from core.errors import ConflictError, InvalidOptionsError
from core.faults import fault_point
from core.options import parse_options
from crawlers import coverage
from crawlers.canonical_url import canonical_url
from crawlers.coverage import Yield
from crawlers.failures import Failure, FailureCause
from crawlers.intake import CollectedDocument, StoreStatus, store
from crawlers.raw_responses import RawPage, keep_raw
from crawlers.source import Harvest, PageLink, SourceProfile
from crawlers.source_types import SOURCE_TYPES

log = structlog.get_logger(__name__)

COLLECTED_BY = "crawl"
MOST_ATTEMPTS = 6
YOUNG_FOR = dt.timedelta(hours=24)
LONGEST_SOURCE_BACKOFF_S = 6 * 3600
ROBOTS_PATIENCE = dt.timedelta(hours=1)
LONGEST_RETRY_AFTER_S = 86_400
_GROWS, _SHRINKS = 1.25, 0.7
_JITTERED_FROM_S = 60


@dataclass(frozen=True, slots=True)
class Validators:
    """What lets a site answer "not modified"."""

    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class SourceVisit:
    """A claimed source."""

    claim: Claim
    source: SourceProfile
    due_at: dt.datetime
    validators: Validators


@dataclass(frozen=True, slots=True)
class PageVisit:
    """A claimed page of a source."""

    claim: Claim
    source: SourceProfile
    url: str
    hint: PageLink
    validators: Validators
    found_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Collected:
    """What a visit brought; ``harvest`` None means that nothing had changed."""

    harvest: Harvest | None
    validators: Validators
    raw: RawPage | None = None


@dataclass(frozen=True, slots=True)
class ClaimedWork:
    """The database side of a crawl process; every method is one transaction, called in a thread.

    Whoever lost its claim gets ConflictError and has written nothing.
    """

    sessions: Sessions
    clock: Clock
    hasher: AuthorHasher
    keyring: Keyring
    owner: str
    lease: dt.timedelta

    def claim_sources(self, limit: int) -> list[SourceVisit]:
        with self.sessions.begin() as session:
            claimed = claims.take(
                session, Source, owner=self.owner, now=self.clock.now(), lease=self.lease,
                limit=limit,
                where=[
                    Source.state == SourceState.ACTIVE.value,
                    Source.kind.in_(SOURCE_TYPES.names()),
                ],
            )  # fmt: skip
            return [self._source_visit(session, claim) for claim in claimed]

    def claim_pages(self, limit: int, *, busy: Sequence[int]) -> list[PageVisit]:
        """Claim pages of active sources, none of those in ``busy``, oldest first."""
        active = select(Source.id).where(Source.state == SourceState.ACTIVE.value)
        with self.sessions.begin() as session:
            claimed = claims.take(
                session, FrontierURL, owner=self.owner, now=self.clock.now(), lease=self.lease,
                limit=limit,
                where=[FrontierURL.source_id.in_(active), FrontierURL.source_id.not_in(busy)],
            )  # fmt: skip
            return [self._page_visit(session, claim) for claim in claimed]

    def _source_visit(self, session: Session, claim: Claim) -> SourceVisit:
        row = session.get_one(Source, claim.id)
        validators = Validators(row.etag, row.last_modified, row.content_digest)
        return SourceVisit(claim, _profile(row), row.due_at or self.clock.now(), validators)

    def _page_visit(self, session: Session, claim: Claim) -> PageVisit:
        row = session.get_one(FrontierURL, claim.id)
        source = _profile(session.get_one(Source, row.source_id))
        validators = Validators(row.etag, row.last_modified)
        return PageVisit(claim, source, row.url, _hint(row), validators, row.created_at)

    def next_due_s(self) -> float | None:
        """Tell in how many seconds the next source is due; None when none is."""
        with self.sessions() as session:
            next_due = session.scalar(
                select(func.min(Source.due_at)).where(
                    Source.state == SourceState.ACTIVE.value,
                    Source.dead_at.is_(None),
                    (Source.lease_until.is_(None)) | (Source.lease_until < func.now()),
                )
            )
        return None if next_due is None else (next_due - self.clock.now()).total_seconds()

    def extend(self, visits: Sequence[SourceVisit | PageVisit]) -> list[int]:
        """Prolong the leases of visits under way; give the positions of those already lost."""
        lost = []
        with self.sessions.begin() as session:
            for position, visit in enumerate(visits):
                table = Source if isinstance(visit, SourceVisit) else FrontierURL
                try:
                    claims.extend(session, table, visit.claim, self.lease)
                except ConflictError:
                    lost.append(position)
        return lost

    def finish_source(self, visit: SourceVisit, collected: Collected) -> Yield:
        """Store what a source's page held and announced, and when it is due again."""
        now = self.clock.now()
        with self.sessions.begin() as session:
            source = session.get_one(Source, visit.claim.id)
            gained, _ = self._store_all(session, source, collected, now)
            announced = collected.harvest.links if collected.harvest else ()
            new_links = _announce(session, source.id, announced, now)
            coverage.record(session, source.id, gained, now)
            interval = _next_interval(source, is_busy=bool(gained.new or new_links))
            # Counted from when the visit was due, so that slow answers do not add up.
            due_at = visit.due_at + interval
            if due_at <= now:
                due_at = now + interval
            claims.finish(
                session, Source, visit.claim, due_at=_jittered(due_at, now),
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
                session, FrontierURL, visit.claim, due_at=_revisit_at(source, visit, now),
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
            if collected.raw is not None:
                keep_raw(session, self.keyring, collected.raw, document_id=first_id)
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
                session, Source, visit.claim, due_at=_retry_at(source, failure, now),
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
                    due_at = max(due_at, _asked(failure.retry_after_s, now))
                claims.retry(session, FrontierURL, visit.claim, due_at=due_at, error=failure.reason)
            else:
                claims.bury(session, FrontierURL, visit.claim, now=now, error=failure.reason)


def _profile(row: Source) -> SourceProfile:
    source_type = SOURCE_TYPES.load(row.kind)
    try:
        options = parse_options(source_type.options, row.options)
    except InvalidOptionsError as error:
        # Options were checked when they were saved; a newer version may ask for more.
        log.warning("source_options_outdated", source_id=row.id, fields=sorted(error.faults))
        options = {}
    return SourceProfile(row.id, row.name, row.kind, row.url or "", options)


def _hint(row: FrontierURL) -> PageLink:
    title, time = row.hints.get("title"), row.hints.get("published_at")
    return PageLink(
        url=row.url,
        title=str(title) if title else None,
        published_at=dt.datetime.fromisoformat(str(time)) if time else None,
    )


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


def _next_interval(source: Source, *, is_busy: bool) -> dt.timedelta:
    """Come sooner while there is news, later while there is none, between floor and ceiling."""
    wanted = source.interval_s * (_SHRINKS if is_busy else _GROWS)
    wanted = min(max(wanted, source.interval_floor_s), source.interval_ceiling_s)
    return dt.timedelta(seconds=max(1, round(wanted)))


def _jittered(due_at: dt.datetime, now: dt.datetime) -> dt.datetime:
    wait = due_at - now
    if wait.total_seconds() < _JITTERED_FROM_S:
        return due_at
    return now + wait * random.uniform(0.95, 1.05)  # noqa: S311 (spreads load, guards nothing)


def _revisit_at(source: Source, visit: PageVisit, now: dt.datetime) -> dt.datetime | None:
    """Come back to a thread ever more rarely while it is young."""
    age = now - visit.found_at
    if not SOURCE_TYPES.load(source.kind).revisits_links or age > YOUNG_FOR:
        return None
    return now + max(dt.timedelta(seconds=source.interval_s), age / 4)


def _retry_at(source: Source, failure: Failure, now: dt.datetime) -> dt.datetime:
    longest = max(LONGEST_SOURCE_BACKOFF_S, source.interval_ceiling_s)
    wait = min(source.interval_s * 2.0 ** min(source.failures + 1, 16), longest)
    due_at = now + dt.timedelta(seconds=wait * random.uniform(0.9, 1.1))  # noqa: S311 (as above)
    if failure.cause is FailureCause.ROBOTS:
        due_at = max(due_at, now + ROBOTS_PATIENCE)
    if failure.retry_after_s is not None:
        due_at = max(due_at, _asked(failure.retry_after_s, now))
    return due_at


def _asked(seconds: float, now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=min(seconds, LONGEST_RETRY_AFTER_S))
