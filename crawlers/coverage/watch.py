"""The watch over the coverage ledger: what stands is judged, and the operators' notices follow it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from core import notices
from core.database.models.collecting import Source, SourceHour, SourceState, SourceUsual
from core.database.sessions import Sessions
from core.source_health import is_watched
from crawlers.coverage.alarms import Alarm, AlarmKind, RecentQuality, SourceFacts, judge

log = structlog.get_logger(__name__)

RECENT_PAGES = 20
RECENT_WITHIN = dt.timedelta(hours=48)


def watch(sessions: Sessions, now: dt.datetime) -> list[Alarm]:
    """Judge all watched sources; raise, renew and clear the operators' notices; give the alarms that stand."""
    with sessions.begin() as session:
        facts = source_facts(session, now)
        alarms = judge(facts, now)
        _notify(session, alarms, now)
    _remember(sessions, facts, alarms)
    return alarms


def _notify(session: Session, alarms: Sequence[Alarm], now: dt.datetime) -> None:
    before = frozenset[str]().union(*(notices.live_keys(session, kind.value) for kind in AlarmKind))
    for alarm in alarms:
        notices.raise_notice(session, alarm.key, alarm.text, now)
        if alarm.key not in before:
            log.warning("coverage_alarm_raised", kind=alarm.kind.value, source_id=alarm.source_id)
    for key in sorted(before - {alarm.key for alarm in alarms}):
        notices.clear_notice(session, key, now)
        log.info("coverage_alarm_cleared", key=key)


def _remember(sessions: Sessions, facts: Sequence[SourceFacts], alarms: Sequence[Alarm]) -> None:
    """Write on the sources since when they are silent or read badly, where that has changed.

    Each in a transaction of its own: crawlers hold many sources at once, and nobody may wait for two of them.
    """
    silent = _since(alarms, AlarmKind.SILENT, AlarmKind.EMPTY)
    degraded = _since(alarms, AlarmKind.DEGRADED)
    changed: dict[int, tuple[dt.datetime | None, dt.datetime | None]] = {}
    for one in facts:
        found = silent.get(one.id), degraded.get(one.id)
        if found != (one.silent_since, one.degraded_since):
            changed[one.id] = found
    with sessions() as session:
        is_marked = or_(Source.silent_since.is_not(None), Source.degraded_since.is_not(None))
        paused = select(Source.id).where(Source.state == SourceState.PAUSED.value, is_marked)
        changed |= dict.fromkeys(session.scalars(paused), (None, None))
    for source_id, (silent_since, degraded_since) in changed.items():
        with sessions.begin() as session:
            session.execute(
                update(Source)
                .where(Source.id == source_id)
                .values(silent_since=silent_since, degraded_since=degraded_since)
            )


def _since(alarms: Sequence[Alarm], *kinds: AlarmKind) -> Mapping[int, dt.datetime]:
    return {
        alarm.source_id: alarm.since
        for alarm in alarms
        if alarm.kind in kinds and alarm.source_id is not None
    }


def source_facts(session: Session, now: dt.datetime) -> list[SourceFacts]:
    """Read what ``judge`` needs of all watched sources."""
    recent = _recent_quality(session, now)
    waited_s = func.extract("epoch", Source.succeeded_at - SourceHour.hour)
    expected = (
        select(func.sum(SourceHour.expected * func.least(1.0, waited_s / 3600)))
        .where(
            SourceHour.source_id == Source.id,
            SourceHour.hour > func.date_trunc("hour", Source.last_item_at),
            SourceHour.hour < Source.succeeded_at,
        )
        .scalar_subquery()
    )
    found = session.execute(
        select(
            Source.id, Source.name, Source.state, Source.interval_s, Source.created_at, Source.due_at,
            Source.succeeded_at, Source.visited_at, Source.last_item_at, Source.failures,
            Source.failure_reason, Source.dead_at.is_not(None).label("is_dead"), func.coalesce(expected, 0.0).label("expected"),
            SourceUsual.gap.label("usual_gap"), SourceUsual.gap_s.label("usual_gap_s"),
            SourceUsual.quality.label("usual_quality"), SourceUsual.quality_spread,
            Source.silent_since, Source.degraded_since,
        )
        .outerjoin(SourceUsual, SourceUsual.source_id == Source.id)
        .where(is_watched())
        .order_by(Source.id)
    )  # fmt: skip
    return [
        # The columns are labelled as the record's fields.
        SourceFacts(recent=recent.get(row.id), **row._mapping)  # noqa: SLF001 (a documented name of SQLAlchemy)
        for row in found
    ]


def _recent_quality(session: Session, now: dt.datetime) -> dict[int, RecentQuality]:
    """Give the mean score of each source's last pages, where there are enough of them."""
    found = session.execute(
        select(SourceHour.source_id, SourceHour.hour, SourceHour.pages, SourceHour.quality)
        .where(SourceHour.hour > now - RECENT_WITHIN, SourceHour.pages > 0)
        .order_by(SourceHour.source_id, SourceHour.hour.desc())
    )
    so_far: dict[int, RecentQuality] = {}
    for source_id, hour, pages, quality in found:
        before = so_far.get(source_id, RecentQuality(0, 0.0, hour))
        if before.pages < RECENT_PAGES:
            total = before.pages + pages
            mean = (before.mean * before.pages + quality) / total
            so_far[source_id] = RecentQuality(total, mean, hour)
    return {id_: recent for id_, recent in so_far.items() if recent.pages >= RECENT_PAGES}
