"""Renews events that are due: those whose documents changed, and hourly those that decay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import claims
from core.clock import Clock
from core.database.base import JsonObject
from core.database.models.understanding import (
    Event,
    EventEntry,
    EventHour,
    EventProfile,
    EventStatus,
)
from core.database.sessions import Sessions
from core.errors import ConflictError
from core.event_stories import EVENTS_LOCK, TOPIC
from core.faults import fault_point
from nlp.forecast import EVENT, forecast_next_day
from nlp.hotness import HORIZON, Norms, hotness
from nlp.lifecycle import REASON_LABELS, Lifecycle, lifecycle
from zhisheng.event_figures import EventFigures, count_event, usual
from zhisheng.event_profiles import rebuild
from zhisheng.model_summary import EventSummariser

log = structlog.get_logger(__name__)

# A summary by a language model takes up to 45 seconds, and the lease has to outlive the batch.
BATCH = 3
LEASE = dt.timedelta(seconds=180)
NORMS_KEPT = dt.timedelta(hours=1)
CHANGE_OVER = dt.timedelta(hours=2)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
FRESH = 3 * DAY
FEWEST_FOR_FORECAST = 3
# Texts live 180 days: what is missing of older days was deleted and stays counted.
NEARLY_EXPIRED = 150 * DAY
TITLE_WITHOUT_TEXTS = "（原文已过保存期）"
STATUS_LABELS = {
    EventStatus.NEW: "新发",
    EventStatus.RISING: "升温",
    EventStatus.REBOUND: "反弹",
    EventStatus.ONGOING: "持续",
    EventStatus.FALLING: "回落",
    EventStatus.CLOSED: "办结",
}


class EventWorker:
    """Each event in a transaction of its own; whoever changes it meanwhile makes it due again."""

    topics = frozenset({TOPIC})

    def __init__(
        self, sessions: Sessions, clock: Clock, summariser: EventSummariser, *, owner: str
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._summariser = summariser
        self._owner = owner
        self._norms: Norms = {}
        self._norms_at: dt.datetime | None = None

    def step(self) -> int:
        now = self._clock.now()
        with self._sessions.begin() as session:
            claimed = claims.take(
                session,
                Event,
                owner=self._owner,
                now=now,
                lease=LEASE,
                limit=BATCH,
                where=[Event.merged_into_id.is_(None)],
            )
        for claim in claimed:
            try:
                self._renew(claim)
            except ConflictError:
                # Its documents changed while it was counted; it is due again already.
                log.info("event_changed_meanwhile", event_id=claim.id)
            except Exception as error:
                log.exception("event_not_renewed", event_id=claim.id)
                self._postpone(claim, f"{type(error).__name__}: {error}")
        return len(claimed)

    def _postpone(self, claim: claims.Claim, error: str) -> None:
        now = self._clock.now()
        with self._sessions.begin() as session:
            claims.retry(
                session, Event, claim, due_at=claims.backoff(claim.attempt, now), error=error
            )

    def _renew(self, claim: claims.Claim) -> None:
        now = self._clock.now()
        self._refresh_profile(claim.id)
        with self._sessions() as session:
            norms = self._usual(session, now)
            figures = count_event(session, claim.id, now)
            known = dict(session.get_one(Event, claim.id).detail)
        summary = self._summary(figures, known.get("summary"), now)
        with self._sessions.begin() as session:
            event = session.get_one(Event, claim.id)
            life = lifecycle(
                [(one.hour, one.documents) for one in figures.hours], now, closed_at=event.closed_at
            )
            values = _values(event, figures, life, summary, norms, now)
            _note_status(session, event, life, now)
            _store_hours(session, event.id, figures, now)
            session.flush()
            due_at = _next_due(figures, now)
            claims.finish(session, Event, claim, due_at=due_at, refreshed_at=now, **values)
            fault_point("event.before_commit")

    def _refresh_profile(self, event_id: int) -> None:
        with self._sessions.begin() as session:
            is_stale = session.scalar(
                select(EventProfile.is_stale).where(EventProfile.event_id == event_id)
            )
            if is_stale:
                session.execute(select(func.pg_advisory_xact_lock(EVENTS_LOCK)))
                rebuild(session, event_id)

    def _usual(self, session: Session, now: dt.datetime) -> Norms:
        if self._norms_at is None or not self._norms_at <= now < self._norms_at + NORMS_KEPT:
            self._norms, self._norms_at = usual(session, now), now
        return self._norms

    def _summary(self, figures: EventFigures, known: object, now: dt.datetime) -> JsonObject:
        if isinstance(known, dict) and known.get("digest") == self._summariser.digest(
            figures.texts
        ):
            return known
        return self._summariser.summarise(figures.texts, now).to_json()


def _values(
    event: Event,
    figures: EventFigures,
    life: Lifecycle | None,
    summary: Mapping[str, object],
    norms: Norms,
    now: dt.datetime,
) -> dict[str, object]:
    if figures.documents == 0 and event.last_published_at < now - NEARLY_EXPIRED:
        return _without_texts(event)
    heat = hotness(figures.mentions, norms, now, compared_with=CHANGE_OVER)
    hours = [(one.hour, one.documents) for one in figures.hours]
    predicted = (
        forecast_next_day(hours, now, EVENT) if figures.documents >= FEWEST_FOR_FORECAST else None
    )
    values: dict[str, object] = {
        "documents": figures.documents,
        "negative": figures.negative,
        "sources": figures.sources,
        "stories": figures.stories,
        "hotness": heat.value,
        "hotness_change": heat.change,
        "summary": _first_sentence(summary),
        "detail": dict(event.detail)
        | {
            "hotness": heat.to_json(),
            "lifecycle": None if life is None else life.to_json(),
            "forecast": None if predicted is None else predicted.to_json(),
            "summary": dict(summary),
            "keywords": list(figures.keywords),
        },
    }
    if figures.first_published_at is not None:
        values |= {
            "first_document_id": figures.first_document_id,
            "first_published_at": figures.first_published_at,
            "last_published_at": figures.last_published_at,
            "topics": list(figures.topics),
            "regions": list(figures.regions),
            "employers": list(figures.employers),
        }
    if figures.title and not event.is_title_fixed:
        values["title"] = figures.title
    if life is not None:
        values |= {"status": life.status.value, "status_since": life.since}
    return values


def _without_texts(event: Event) -> dict[str, object]:
    """Keep the figures of an event whose texts have all been deleted, and nothing that quotes them."""
    quoting = {"summary", "keywords"}
    values: dict[str, object] = {
        "summary": None,
        "hotness": 0.0,
        "hotness_change": 0.0,
        "first_document_id": None,
        "detail": {name: value for name, value in event.detail.items() if name not in quoting},
    }
    if not event.is_title_fixed:
        values["title"] = TITLE_WITHOUT_TEXTS
    return values


def _first_sentence(summary: Mapping[str, object]) -> str | None:
    match summary.get("sentences"):
        case [{"text": str(text)}, *_]:
            return text
    return None


def _note_status(session: Session, event: Event, life: Lifecycle | None, now: dt.datetime) -> None:
    """Log a change of status; that of a closing by hand is there already."""
    if life is None or life.status.value == event.status or life.status is EventStatus.CLOSED:
        return
    node = life.transitions[-1]
    session.add(
        EventEntry(
            event_id=event.id,
            at=now,
            actor="system",
            action="status",
            text=f"转为{STATUS_LABELS[life.status]}：{REASON_LABELS[node.reason]}"
            f"（近 24 小时 {node.last_day} 篇，前 24 小时 {node.day_before} 篇）",
            detail={"was": event.status, "status": life.status.value, "since": node.at.isoformat()},
        )
    )


def _store_hours(session: Session, event_id: int, figures: EventFigures, now: dt.datetime) -> None:
    """Make the event's hours what was counted, as far back as texts are kept."""
    rows = {
        (one.hour, one.platform): {
            "event_id": event_id,
            "hour": one.hour,
            "platform": one.platform,
            "documents": one.documents,
            "negative": one.negative,
            "interactions": one.interactions,
        }
        for one in figures.hours
    }
    stored = session.execute(
        select(EventHour.hour, EventHour.platform).where(
            EventHour.event_id == event_id, EventHour.hour >= now - NEARLY_EXPIRED
        )
    )
    gone = [tuple(row) for row in stored if tuple(row) not in rows]
    for hour, platform in gone:
        session.execute(
            delete(EventHour).where(
                EventHour.event_id == event_id,
                EventHour.hour == hour,
                EventHour.platform == platform,
            )
        )
    if rows:
        statement = insert(EventHour)
        changed = {
            name: statement.excluded[name] for name in ("documents", "negative", "interactions")
        }
        session.connection().execute(
            statement.on_conflict_do_update(
                index_elements=["event_id", "hour", "platform"], set_=changed
            ),
            list(rows.values()),
        )


def _next_due(figures: EventFigures, now: dt.datetime) -> dt.datetime | None:
    """Renew what is young at the next full hour, what is old or alone seldom, what is cold no more."""
    if figures.last_published_at is None:
        return None
    age = now - figures.last_published_at
    if age > HORIZON + DAY:
        return None
    if figures.documents == 1:
        return now + (DAY if age < FRESH else HORIZON)
    if age > FRESH:
        return now + 6 * HOUR
    return now.replace(minute=0, second=0, microsecond=0) + HOUR
