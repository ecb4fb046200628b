"""What people decide about events: merging, splitting, silencing, owning, closing; each with its audit row.

Every function works in the caller's transaction and raises ``EventNotFoundError`` for an event that does not exist,
``ConflictError`` for one that somebody changed since ``version`` was read, and ``IllegalTransitionError`` with a
Chinese sentence for what cannot be done. ``actor`` is ``person:ID`` as in ``core.audit``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import audit
from core.database.models.understanding import (
    Event,
    EventDecision,
    EventDecisionKind,
    EventEntry,
    EventFollower,
    EventStatus,
    Story,
)
from core.errors import ConflictError, IllegalTransitionError, WorkflowError
from core.event_stories import EVENTS_LOCK, make_due, move_alerts, move_stories, renew_profile

LONGEST_NOTE = 2_000


class EventNotFoundError(WorkflowError):
    pass


@dataclass(frozen=True, slots=True)
class Seen:
    """The event a person looked at, as it was then."""

    event_id: int
    version: int


def merge(
    session: Session, *, kept: Seen, given: Sequence[Seen], actor: str, now: dt.datetime
) -> list[int]:
    """Merge events into ``kept``: their stories and live alerts move there, and so will what comes later.

    Gives the ids of the decisions, one for each merged event, for ``undo``. The merged events keep their rows and
    point to the kept one.
    """
    _lock(session)
    into = _opened(session, kept)
    if not given or any(one.event_id == kept.event_id for one in given):
        raise IllegalTransitionError("请选择至少一个要并入的其他事件。")
    decisions = []
    for seen in sorted(given, key=lambda one: one.event_id):
        event = _opened(session, seen)
        story_ids = list(session.scalars(select(Story.id).where(Story.event_id == event.id)))
        move_stories(session, story_ids, into.id, now)
        alerts = move_alerts(session, event.id, into.id)
        event.merged_into_id = into.id
        event.due_at = None
        decision = _decide(
            session, EventDecisionKind.MERGE, event.id, into.id, story_ids, actor, now, alerts
        )
        decisions.append(decision)
        _note(session, event, actor, now, "merged", f"并入事件「{into.title}」", into.id)
        _note(session, into, actor, now, "took_in", f"并入了事件「{event.title}」", event.id)
    renew_profile(session, [into.id, *(seen.event_id for seen in given)], now)
    make_due(session, [into.id], now)
    return decisions


def split(
    session: Session,
    seen: Seen,
    story_ids: Sequence[int],
    *,
    title: str | None = None,
    actor: str,
    now: dt.datetime,
) -> int:
    """Move stories out of an event into a new one and keep them there; gives the new event's id."""
    _lock(session)
    event = _opened(session, seen)
    stories = session.scalars(
        select(Story)
        .where(Story.event_id == event.id, Story.id.in_(story_ids))
        .order_by(Story.first_published_at, Story.id)
    ).all()
    total = session.scalar(
        select(func.count()).select_from(Story).where(Story.event_id == event.id)
    )
    if not stories or len(stories) == total:
        raise IllegalTransitionError("请选择事件中的一部分稿件：拆出的与留下的都不能为空。")
    new = Event(
        title=(title or "").strip() or stories[0].title,
        is_title_fixed=bool(title and title.strip()),
        status=EventStatus.NEW.value,
        status_since=now,
        topics=event.topics,
        regions=event.regions,
        employers=event.employers,
        first_document_id=stories[0].first_document_id,
        first_published_at=stories[0].first_published_at,
        last_published_at=max(story.last_published_at for story in stories),
        owner_id=event.owner_id,
        is_demo=event.is_demo,
    )
    session.add(new)
    session.flush()
    moved = [story.id for story in stories]
    move_stories(session, moved, new.id, now)
    for story in stories:
        story.is_placed = True
    _decide(session, EventDecisionKind.SPLIT, event.id, new.id, moved, actor, now, ())
    _note(session, event, actor, now, "split", f"拆出事件「{new.title}」", new.id)
    _note(session, new, actor, now, "split_off", f"从事件「{event.title}」拆出", event.id)
    renew_profile(session, [event.id, new.id], now)
    make_due(session, [event.id, new.id], now)
    return new.id


def undo(session: Session, decision_id: int, *, actor: str, now: dt.datetime) -> None:
    """Take a merge or a split back: the stories it moved return, those that came since stay where they are."""
    _lock(session)
    decision = session.get(EventDecision, decision_id, with_for_update=True)
    if decision is None:
        raise EventNotFoundError(f"没有编号为 {decision_id} 的合并或拆分记录。")
    if decision.undone_at is not None:
        raise IllegalTransitionError("这次合并或拆分已经撤销过了。")
    event = _current(session, decision.event_id)
    other = _current(session, decision.other_id)
    is_merge = decision.kind == EventDecisionKind.MERGE.value
    if other.merged_into_id is not None or (not is_merge and event.merged_into_id is not None):
        raise IllegalTransitionError("事件后来又被合并，请先撤销那一次。")
    back = session.scalars(
        select(Story.id).where(
            Story.id.in_(decision.story_ids), Story.event_id == decision.other_id
        )
    )
    move_stories(session, list(back), event.id, now)
    move_alerts(session, other.id, event.id, only=_ids(decision.detail.get("alerts")))
    if is_merge:
        event.merged_into_id = None
    elif not session.scalar(select(func.count()).where(Story.event_id == other.id)):
        other.merged_into_id = event.id
    decision.undone_at, decision.undone_by = now, actor
    word = "合并" if is_merge else "拆分"
    _note(session, event, actor, now, "undone", f"撤销了与事件「{other.title}」的{word}", other.id)
    _note(session, other, actor, now, "undone", f"撤销了与事件「{event.title}」的{word}", event.id)
    renew_profile(session, [event.id, other.id], now)
    make_due(session, [event.id, other.id], now)


def assign(
    session: Session, seen: Seen, *, owner_id: int | None, actor: str, now: dt.datetime
) -> None:
    """Name the person responsible, or nobody."""
    event = _opened(session, seen)
    was, event.owner_id = event.owner_id, owner_id
    text = "更换了责任人" if owner_id is not None else "取消了责任人"
    _note(session, event, actor, now, "assigned", text, None, {"was": was, "owner": owner_id})


def silence(
    session: Session,
    seen: Seen,
    *,
    until: dt.datetime,
    reason: str,
    actor: str,
    now: dt.datetime,
) -> None:
    """Keep an event out of the lists of what is hot until then; documents go on joining it."""
    if until <= now:
        raise IllegalTransitionError("静默的截止时间应在此刻之后。")
    if not reason.strip():
        raise IllegalTransitionError("请写明静默的理由。")
    event = _opened(session, seen)
    event.silenced_until, event.silence_reason = until, reason.strip()[:LONGEST_NOTE]
    event.silenced_by = _person(actor)
    text = f"静默：{event.silence_reason}"
    _note(session, event, actor, now, "silenced", text, None, {"until": until.isoformat()})


def end_silence(session: Session, seen: Seen, *, actor: str, now: dt.datetime) -> None:
    event = _opened(session, seen)
    event.silenced_until = event.silence_reason = event.silenced_by = None
    _note(session, event, actor, now, "silence_ended", "解除静默", None)


def rename(session: Session, seen: Seen, title: str, *, actor: str, now: dt.datetime) -> None:
    """Give a title that later documents do not change; an empty one lets the machine choose again."""
    event = _opened(session, seen)
    was = event.title
    event.is_title_fixed = bool(title.strip())
    event.title = title.strip()[:200] or was
    _note(session, event, actor, now, "renamed", f"改名，原为「{was}」", None)
    make_due(session, [event.id], now)


def close(session: Session, seen: Seen, outcome: str, *, actor: str, now: dt.datetime) -> None:
    """Note how the matter ended; a clear new wave opens it again as a rebound."""
    if not outcome.strip():
        raise IllegalTransitionError("请写明事情怎样了结。")
    event = _opened(session, seen)
    event.closed_at, event.closed_by = now, _person(actor)
    event.outcome = outcome.strip()[:LONGEST_NOTE]
    event.status, event.status_since = EventStatus.CLOSED.value, now
    _note(session, event, actor, now, "closed", f"办结：{event.outcome}", None)
    make_due(session, [event.id], now)


def reopen(session: Session, seen: Seen, *, actor: str, now: dt.datetime) -> None:
    event = _opened(session, seen)
    if event.closed_at is None:
        raise IllegalTransitionError("事件没有办结，不需要重新打开。")
    event.closed_at = event.closed_by = event.outcome = None
    event.status, event.status_since = EventStatus.ONGOING.value, now
    _note(session, event, actor, now, "reopened", "重新打开", None)
    make_due(session, [event.id], now)


def add_note(session: Session, event_id: int, text: str, *, actor: str, now: dt.datetime) -> None:
    """Write a remark into the event's log."""
    if not text.strip():
        raise IllegalTransitionError("批注不能为空。")
    event = _current(session, event_id)
    _note(session, event, actor, now, "noted", text.strip()[:LONGEST_NOTE], None)


def follow(session: Session, event_id: int, person_id: int, now: dt.datetime) -> None:
    _current(session, event_id)
    session.execute(
        insert(EventFollower)
        .values(event_id=event_id, person_id=person_id, since=now)
        .on_conflict_do_nothing()
    )


def unfollow(session: Session, event_id: int, person_id: int) -> None:
    row = session.get(EventFollower, (event_id, person_id))
    if row is not None:
        session.delete(row)


def _lock(session: Session) -> None:
    session.execute(select(func.pg_advisory_xact_lock(EVENTS_LOCK)))


def _current(session: Session, event_id: int) -> Event:
    event = session.get(Event, event_id, with_for_update=True, populate_existing=True)
    if event is None:
        raise EventNotFoundError(f"没有编号为 {event_id} 的事件。")
    return event


def _opened(session: Session, seen: Seen) -> Event:
    """Lock an event that was not merged away and raise its version."""
    changed = session.scalar(
        update(Event)
        .where(
            Event.id == seen.event_id,
            Event.version == seen.version,
            Event.merged_into_id.is_(None),
        )
        .values(version=Event.version + 1)
        .returning(Event.id)
        .execution_options(synchronize_session=False)
    )
    event = _current(session, seen.event_id)
    if changed is None and event.merged_into_id is not None:
        raise IllegalTransitionError(f"事件「{event.title}」已并入别的事件，请刷新页面。")
    if changed is None:
        raise ConflictError(f"事件「{event.title}」刚被别人改动过，请刷新页面后再试。")
    return event


def _decide(  # noqa: PLR0913, PLR0917 (one row's columns, in their order)
    session: Session,
    kind: EventDecisionKind,
    event_id: int,
    other_id: int,
    story_ids: Sequence[int],
    actor: str,
    now: dt.datetime,
    alerts: Sequence[int],
) -> int:
    decision = EventDecision(
        kind=kind.value,
        event_id=event_id,
        other_id=other_id,
        story_ids=list(story_ids),
        detail={"alerts": list(alerts)},
        actor=actor,
        at=now,
    )
    session.add(decision)
    session.flush()
    return decision.id


def _note(  # noqa: PLR0913, PLR0917 (one row's columns, in their order)
    session: Session,
    event: Event,
    actor: str,
    now: dt.datetime,
    action: str,
    text: str,
    other_id: int | None,
    detail: Mapping[str, object] | None = None,
) -> None:
    content = dict(detail or {}) | ({} if other_id is None else {"event_id": other_id})
    session.add(
        EventEntry(event_id=event.id, at=now, actor=actor, action=action, text=text, detail=content)
    )
    entry = audit.AuditEvent(actor, f"event.{action}", "event", str(event.id), detail=content)
    audit.record(session, entry, now)


def _person(actor: str) -> int | None:
    kind, _, number = actor.partition(":")
    return int(number) if kind == "person" else None


def _ids(value: object) -> list[int]:
    return [one for one in value if isinstance(one, int)] if isinstance(value, list) else []
