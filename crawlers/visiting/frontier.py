"""Pages that sources announced: each once, twins too, and claimed lane by lane so that none starves another.

A lane is what one source has on one host. Reading the lanes skips from one to the next in their index, so a
lane of ten thousand pages costs as much as a lane of one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.claims import Claim
from core.database.models.collecting import FrontierURL
from crawlers.canonical_url import canonical_url
from crawlers.source import PageLink
from crawlers.visiting.page_identity import page_key
from crawlers.visiting.politeness import host_of

log = structlog.get_logger(__name__)

# A statement takes 65,535 values; a large sitemap announces more.
MOST_AT_ONCE = 5000
# A site that names new pages without end fills no table: the rest is left to later visits.
MOST_WAITING = 100_000


@dataclass(frozen=True, slots=True)
class Lane:
    """``interval_s`` is that of the source: who is visited often is also read soon."""

    host: str
    source_id: int
    interval_s: int = field(compare=False, default=600)


@dataclass(frozen=True, slots=True)
class ClaimedPage:
    claim: Claim
    source_id: int
    url: str
    hints: dict[str, object]
    etag: str | None
    last_modified: str | None
    found_at: dt.datetime
    visits: int


def announce(
    session: Session, source_id: int, announced: Sequence[PageLink], now: dt.datetime
) -> int:
    """Put links that were never seen into the frontier, in the order of the page; tell how many there were."""
    rows: dict[str, dict[str, object]] = {}
    for link in announced:
        try:
            url, key = canonical_url(link.url), page_key(link.url)
        except ValueError:
            continue
        hints = {
            "title": link.title,
            "published_at": link.published_at.isoformat() if link.published_at else None,
            **({"outlet": link.outlet} if link.outlet else {}),
        }
        row = {"source_id": source_id, "url": url, "page_key": key, "host": host_of(url)}
        rows.setdefault(key, {**row, "kind": "linked", "hints": hints, "due_at": now})
    found = list(rows.values())[: _room(session, source_id)] if rows else []
    return sum(
        _insert(session, found[start : start + MOST_AT_ONCE])
        for start in range(0, len(found), MOST_AT_ONCE)
    )


def _room(session: Session, source_id: int) -> int:
    waiting = session.execute(_WAITING, {"source_id": source_id, "most": MOST_WAITING}).scalar_one()
    if waiting >= MOST_WAITING:
        log.warning("frontier_full", source_id=source_id)
    return MOST_WAITING - int(waiting)


_WAITING = text(
    "select count(*) from (select from frontier_url where source_id = :source_id"
    " and due_at is not null and dead_at is null limit :most) waiting"
)


def _insert(session: Session, rows: Sequence[dict[str, object]]) -> int:
    statement = insert(FrontierURL).values(rows).on_conflict_do_nothing().returning(FrontierURL.id)
    return len(session.scalars(statement).all())


def lanes(
    session: Session, now: dt.datetime, *, soon: dt.timedelta, host_at_once: int
) -> list[Lane]:
    """Give the lanes that have due pages and whose host can be asked soon."""
    values = {"now": now, "soon": soon, "at_once": host_at_once}
    return [Lane(*row) for row in session.execute(_LANES, values)]


def claim_from(
    session: Session,
    wanted: Sequence[tuple[Lane, int]],
    *,
    owner: str,
    now: dt.datetime,
    lease: dt.timedelta,
) -> list[ClaimedPage]:
    """Claim up to so many pages of each lane, oldest first; the caller commits."""
    rows = session.execute(
        _CLAIM,
        {
            "hosts": [lane.host for lane, _ in wanted],
            "sources": [lane.source_id for lane, _ in wanted],
            "counts": [count for _, count in wanted],
            "owner": owner,
            "now": now,
            "lease": lease,
        },
    )
    return sorted((_claimed(row, owner) for row in rows), key=lambda page: page.claim.id)


def _claimed(row: Row[tuple[object, ...]], owner: str) -> ClaimedPage:
    return ClaimedPage(
        Claim(row.id, owner, row.claim_epoch, row.attempt), row.source_id, row.url, row.hints,
        row.etag, row.last_modified, row.created_at, row.visits,
    )  # fmt: skip


_DUE = """dead_at IS NULL AND due_at <= :now AND (lease_until IS NULL OR lease_until < now())"""

_LANES = text(
    f"""
    WITH RECURSIVE lane(host, source_id) AS (
        (SELECT host, source_id FROM frontier_url WHERE dead_at IS NULL AND due_at IS NOT NULL
         ORDER BY host, source_id LIMIT 1)
        UNION ALL
        SELECT following.host, following.source_id FROM lane CROSS JOIN LATERAL (
            SELECT host, source_id FROM frontier_url
            WHERE dead_at IS NULL AND due_at IS NOT NULL
                AND (host, source_id) > (lane.host, lane.source_id)
            ORDER BY host, source_id LIMIT 1
        ) AS following
    )
    SELECT lane.host, lane.source_id, source.interval_s
    FROM lane
    JOIN source ON source.id = lane.source_id AND source.state = 'active'
    LEFT JOIN crawl_host AS known ON known.host = lane.host
    WHERE EXISTS (
        SELECT 1 FROM frontier_url
        WHERE host = lane.host AND source_id = lane.source_id AND {_DUE}
    )
    AND (known.host IS NULL OR (
        (known.closed_until IS NULL OR known.closed_until <= clock_timestamp())
        AND known.next_at <= clock_timestamp() + :soon
        AND (SELECT count(*) FROM unnest(known.in_flight) AS given_up
             WHERE given_up > clock_timestamp()) < :at_once
    ))
    """  # noqa: S608 (a condition of our own)
)

_CLAIM = text(
    f"""
    WITH picked AS MATERIALIZED (
        SELECT page.id
        FROM unnest(cast(:hosts AS text[]), cast(:sources AS bigint[]), cast(:counts AS int[]))
            AS wanted(host, source_id, count)
        CROSS JOIN LATERAL (
            SELECT id FROM frontier_url
            WHERE host = wanted.host AND source_id = wanted.source_id AND {_DUE}
            ORDER BY due_at, id LIMIT wanted.count
            FOR UPDATE SKIP LOCKED
        ) AS page
    )
    UPDATE frontier_url
    SET claim_owner = :owner, claim_epoch = claim_epoch + 1, lease_until = now() + :lease,
        attempt = attempt + 1
    FROM picked WHERE frontier_url.id = picked.id
    RETURNING frontier_url.id, source_id, url, hints, etag, last_modified, created_at, visits,
        claim_epoch, attempt
    """  # noqa: S608 (as above)
)
