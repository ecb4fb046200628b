"""Learning each day, from the ledger, what is usual for a source."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.collecting import Source, SourceHour, SourceUsual
from core.database.sessions import Sessions
from core.source_health import is_watched
from crawlers.coverage.hours import known_workdays
from crawlers.coverage.ledger import hour_of
from crawlers.coverage.usual import LOOK_BACK, LedgerHour, Usual, Workdays, learn, patience_of

LEARNED_EVERY = dt.timedelta(hours=23)
LEARNED_AT_ONCE = 100
# A quality that has stayed low for so long is what is usual now.
QUALITY_ACCEPTED_AFTER = dt.timedelta(days=14)


def learn_usual(sessions: Sessions, now: dt.datetime) -> int:
    """Learn anew what is usual for the next hundred sources whose turn it is; tell for how many.

    Of a silent source nothing is learned: its silence must not become usual.
    """
    with sessions.begin() as session:
        batch = _due_to_learn(session, now)
        if not batch:
            return 0
        since = now - LOOK_BACK
        workdays = known_workdays(session, since, now)
        rows = _ledger(session, [source.id for source in batch], since, hour_of(now))
        values = [
            _usual_row(source, learn_source(source, rows.get(source.id, []), workdays, now), now)
            for source in batch
        ]
        statement = insert(SourceUsual)
        changes = {name: statement.excluded[name] for name in values[0] if name != "source_id"}
        session.execute(
            statement.on_conflict_do_update(index_elements=["source_id"], set_=changes), values
        )
        return len(batch)


def learn_source(
    source: Source, rows: Sequence[LedgerHour], workdays: Workdays, now: dt.datetime
) -> Usual:
    patience = patience_of(source.interval_s)
    usual = learn(rows, workdays, patience=patience, until=now)
    if source.degraded_since is None:
        return usual
    fallen = source.degraded_since
    is_usual_now = now - fallen > QUALITY_ACCEPTED_AFTER
    counted = [row for row in rows if (row.hour >= fallen) == is_usual_now]
    quality = learn(counted, workdays, patience=patience, until=now).quality
    return Usual(usual.days, usual.items, usual.hours, usual.gap, quality)


def _due_to_learn(session: Session, now: dt.datetime) -> Sequence[Source]:
    is_due = or_(SourceUsual.learned_at.is_(None), SourceUsual.learned_at <= now - LEARNED_EVERY)
    return session.scalars(
        select(Source)
        .outerjoin(SourceUsual, SourceUsual.source_id == Source.id)
        .where(is_watched(), Source.silent_since.is_(None), is_due)
        .order_by(Source.id)
        .limit(LEARNED_AT_ONCE)
    ).all()


def _ledger(
    session: Session, ids: Sequence[int], since: dt.datetime, until: dt.datetime
) -> dict[int, list[LedgerHour]]:
    found = session.execute(
        select(
            SourceHour.source_id, SourceHour.hour, SourceHour.succeeded, SourceHour.new,
            SourceHour.pages, SourceHour.quality,
        )
        .where(SourceHour.source_id.in_(ids), SourceHour.hour >= since, SourceHour.hour < until)
        .order_by(SourceHour.source_id, SourceHour.hour)
    )  # fmt: skip
    rows: dict[int, list[LedgerHour]] = defaultdict(list)
    for source_id, hour, succeeded, new, pages, quality in found:
        rows[source_id].append(LedgerHour(hour, succeeded, new, pages, quality))
    return rows


def _usual_row(source: Source, usual: Usual, now: dt.datetime) -> dict[str, object]:
    hours = None
    if usual.hours is not None:
        hours = {name: [round(value, 4) for value in part] for name, part in asdict(usual.hours).items()}  # fmt: skip
    return {
        "source_id": source.id,
        "learned_at": now,
        "days": usual.days,
        "items": usual.items,
        "hours": hours,
        "gap": usual.gap.items if usual.gap else None,
        "gap_s": usual.gap.seconds if usual.gap else None,
        "quality": usual.quality.mean if usual.quality else None,
        "quality_spread": usual.quality.spread if usual.quality else None,
    }
