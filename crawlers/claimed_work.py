"""Claiming due sources and pages, and keeping the claims while visits run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import claims
from core.claims import Claim
from core.clock import Clock
from core.database.models.collecting import FrontierURL, Source, SourceState
from core.database.sessions import Sessions
from core.errors import ConflictError, InvalidOptionsError
from core.options import parse_options
from crawlers.harvest_storage import brings_news, page_cursor
from crawlers.source import Harvest, PageLink, SourceProfile, profile
from crawlers.source_types import SOURCE_TYPES
from crawlers.visits import PageVisit, SourceVisit, Validators

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClaimedWork:
    """The database side of a crawl process; every method is one transaction, called in a thread.

    Whoever lost its claim gets ConflictError and has written nothing.
    """

    sessions: Sessions
    clock: Clock
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
        return PageVisit(
            claim, source, row.url, _hint(row), validators, row.created_at, page_cursor(row.hints)
        )

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

    def brings_news(self, visit: SourceVisit | PageVisit, harvest: Harvest) -> bool:
        with self.sessions() as session:
            return brings_news(session, visit.source.id, harvest)

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


def _profile(row: Source) -> SourceProfile:
    source_type = SOURCE_TYPES.load(row.kind)
    try:
        options = parse_options(source_type.options, row.options)
    except InvalidOptionsError as error:
        # Options were checked when they were saved; a newer version may ask for more.
        log.warning("source_options_outdated", source_id=row.id, fields=sorted(error.faults))
        options = {}
    return profile(row, options)


def _hint(row: FrontierURL) -> PageLink:
    title, time = row.hints.get("title"), row.hints.get("published_at")
    outlet = row.hints.get("outlet")
    return PageLink(
        url=row.url,
        title=str(title) if title else None,
        published_at=dt.datetime.fromisoformat(str(time)) if time else None,
        outlet=str(outlet) if outlet else None,
    )
