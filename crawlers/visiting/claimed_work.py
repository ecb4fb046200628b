"""Claiming due sources and pages, and keeping the claims while visits run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core import claims
from core.claims import Claim
from core.clock import Clock
from core.database.models.collecting import FrontierURL, Source, SourceState
from core.database.sessions import Sessions
from core.errors import InvalidOptionsError
from core.options import parse_options
from crawlers.source import Harvest, PageLink, SourceProfile, profile
from crawlers.source_types import SOURCE_TYPES
from crawlers.visiting.frontier import ClaimedPage, Lane, claim_from, lanes
from crawlers.visiting.harvest_storage import brings_news, page_cursor
from crawlers.visiting.politeness import host_of
from crawlers.visiting.visits import PageVisit, SourceVisit, Validators

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
        """Claim due sources, first those that are latest for their interval: seconds matter to some."""
        now = self.clock.now()
        # Dividing by the interval turns seconds late into visits missed.
        lateness = func.extract("epoch", now - Source.due_at) / func.greatest(Source.interval_s, 1)
        with self.sessions.begin() as session:
            _forgetting(session)
            claimed = claims.take(
                session, Source, owner=self.owner, now=now, lease=self.lease, limit=limit,
                where=[
                    Source.state == SourceState.ACTIVE.value,
                    Source.kind.in_(SOURCE_TYPES.names()),
                ],
                order_by=[lateness.desc()],
            )  # fmt: skip
            rows = _by_id(session, [claim.id for claim in claimed])
            return [self._source_visit(rows[claim.id], claim) for claim in claimed]

    def lanes(self, *, soon: dt.timedelta, host_at_once: int) -> list[Lane]:
        """Give the lanes of the frontier that can be worked on now."""
        with self.sessions() as session:
            return lanes(session, self.clock.now(), soon=soon, host_at_once=host_at_once)

    def claim_pages(self, wanted: Sequence[tuple[Lane, int]]) -> list[PageVisit]:
        """Claim up to so many pages of each lane."""
        if not wanted:
            return []
        with self.sessions.begin() as session:
            _forgetting(session)
            pages = claim_from(
                session, wanted, owner=self.owner, now=self.clock.now(), lease=self.lease
            )
            rows = _by_id(session, sorted({page.source_id for page in pages}))
            return [_page_visit(_profile(rows[page.source_id]), page) for page in pages]

    def _source_visit(self, row: Source, claim: Claim) -> SourceVisit:
        validators = Validators(row.etag, row.last_modified, row.content_digest)
        return SourceVisit(claim, _profile(row), row.due_at or self.clock.now(), validators)

    def next_due_s(self) -> float | None:
        """Tell in how many seconds the next source is due, less than none when one is; None when none will be."""
        with self.sessions() as session:
            next_due = session.scalar(_NEXT_DUE, {"kinds": list(SOURCE_TYPES.names())})
        return None if next_due is None else (next_due - self.clock.now()).total_seconds()

    def brings_news(self, visit: SourceVisit | PageVisit, harvest: Harvest) -> bool:
        with self.sessions() as session:
            return brings_news(session, visit.source.id, harvest)

    def extend(self, visits: Sequence[SourceVisit | PageVisit]) -> list[int]:
        """Prolong the leases of visits under way; give the positions of those already lost."""
        by_table: dict[type[Source | FrontierURL], list[Claim]] = {Source: [], FrontierURL: []}
        for visit in visits:
            by_table[_table(visit)].append(visit.claim)
        with self.sessions.begin() as session:
            kept = {
                table: claims.extend_many(session, table, claimed, self.lease)
                for table, claimed in by_table.items()
            }
        return [
            position
            for position, visit in enumerate(visits)
            if visit.claim not in kept[_table(visit)]
        ]


def _table(visit: SourceVisit | PageVisit) -> type[Source | FrontierURL]:
    return Source if isinstance(visit, SourceVisit) else FrontierURL


# Written out, because it is asked again and again while nothing is due.
_NEXT_DUE = text(
    f"SELECT min(due_at) FROM source WHERE state = '{SourceState.ACTIVE.value}' AND kind = any(:kinds)"  # noqa: S608 (a constant of our own)
    " AND dead_at IS NULL AND (lease_until IS NULL OR lease_until < now())"
)


def _profile(row: Source) -> SourceProfile:
    source_type = SOURCE_TYPES.load(row.kind)
    try:
        options = parse_options(source_type.options, row.options)
    except InvalidOptionsError as error:
        # Options were checked when they were saved; a newer version may ask for more.
        log.warning("source_options_outdated", source_id=row.id, fields=sorted(error.faults))
        options = {}
    return profile(row, options)


def _forgetting(session: Session) -> None:
    """Let the commit not wait for the disk: a claim that a crash of the database forgets was never fenced off.

    Whoever claims the row next is another owner, or the same one, who finishes it once.
    """
    session.execute(text("SET LOCAL synchronous_commit = off"))


def _by_id(session: Session, ids: Sequence[int]) -> dict[int, Source]:
    if not ids:
        return {}
    return {row.id: row for row in session.scalars(select(Source).where(Source.id.in_(ids)))}


def _page_visit(source: SourceProfile, page: ClaimedPage) -> PageVisit:
    return PageVisit(
        page.claim, source, page.url, _hint(page.url, page.hints),
        Validators(page.etag, page.last_modified), page.found_at, page_cursor(page.hints),
        page.hints, page.visits, host_of(page.url),
    )  # fmt: skip


def _hint(url: str, hints: dict[str, object]) -> PageLink:
    title, time, outlet = hints.get("title"), hints.get("published_at"), hints.get("outlet")
    return PageLink(
        url=url,
        title=str(title) if title else None,
        published_at=dt.datetime.fromisoformat(str(time)) if time else None,
        outlet=str(outlet) if outlet else None,
    )
