"""How the installation itself is doing: processes, queues, work that was given up, notices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from core import audit, claims
from core.audit import AuditEvent
from core.database.models.operations import Heartbeat, OperatorNotice, Queue, WorkItem
from core.errors import ConflictError
from core.heartbeats import ALIVE_WITHIN

MOST_ITEMS = 200


class RoleState(StrEnum):
    RUNNING = "running"
    LATE = "late"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class RoleLine:
    """All processes of one role; ``beaten_at`` is the newest sign of life, None: never seen."""

    role: str
    state: RoleState
    running: int
    beaten_at: dt.datetime | None
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueLine:
    queue: str
    waiting: int
    lag: dt.timedelta
    dead: int


def role_lines(session: Session, roles: Sequence[str], now: dt.datetime) -> list[RoleLine]:
    """Describe the given roles in their order; one that never ran is stopped."""
    beats: dict[str, list[Heartbeat]] = {}
    for beat in session.scalars(select(Heartbeat).order_by(Heartbeat.beaten_at.desc())):
        beats.setdefault(beat.role, []).append(beat)
    lines = []
    for role in roles:
        found = beats.get(role, [])
        alive = [beat for beat in found if now - beat.beaten_at <= ALIVE_WITHIN]
        state = RoleState.RUNNING if alive else RoleState.LATE if found else RoleState.STOPPED
        versions = tuple(sorted({beat.version for beat in alive or found}))
        newest = found[0].beaten_at if found else None
        lines.append(RoleLine(role, state, len(alive), newest, versions))
    return lines


def queue_lines(session: Session, now: dt.datetime) -> list[QueueLine]:
    """Tell for each queue how much waits, how long the oldest due item has, and what was given up."""
    alive = WorkItem.dead_at.is_(None)
    rows = session.execute(
        select(
            WorkItem.queue,
            func.count().filter(alive),
            func.min(WorkItem.due_at).filter(alive),
            func.count().filter(~alive),
        ).group_by(WorkItem.queue)
    )
    counted = {queue: (waiting, oldest, dead) for queue, waiting, oldest, dead in rows}
    lines = []
    for queue in Queue:
        waiting, oldest, dead = counted.get(queue.value, (0, None, 0))
        lag = max(now - oldest, dt.timedelta()) if oldest is not None else dt.timedelta()
        lines.append(QueueLine(queue.value, waiting, lag, dead))
    return lines


def dead_items(session: Session) -> Sequence[WorkItem]:
    statement = select(WorkItem).where(WorkItem.dead_at.is_not(None))
    return session.scalars(statement.order_by(WorkItem.id).limit(MOST_ITEMS)).all()


def retry_item(session: Session, item_id: int, *, actor: str, now: dt.datetime) -> None:
    """Let a work item that was given up be tried again; raises ConflictError when it is not dead."""
    queue = session.scalar(select(WorkItem.queue).where(WorkItem.id == item_id))
    if queue is None or not claims.revive(session, WorkItem, item_id, now):
        raise ConflictError("这个工作项已被处理，没有改动。请刷新页面。")
    claims.notify(session, queue)
    audit.record(session, AuditEvent(actor, "work.retry", "work_item", str(item_id)), now)


def clear_item(session: Session, item_id: int, *, actor: str, now: dt.datetime) -> None:
    """Take a work item that was given up off the list; raises ConflictError when it is not dead."""
    removed = session.execute(
        delete(WorkItem)
        .where(WorkItem.id == item_id, WorkItem.dead_at.is_not(None))
        .returning(WorkItem.queue, WorkItem.subject_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if removed is None:
        raise ConflictError("这个工作项已被处理，没有改动。请刷新页面。")
    detail: dict[str, object] = {"queue": removed.queue, "subject": str(removed.subject_id)}
    event = AuditEvent(actor, "work.clear", "work_item", str(item_id), detail=detail)
    audit.record(session, event, now)


def live_notices(session: Session) -> Sequence[OperatorNotice]:
    return session.scalars(
        select(OperatorNotice)
        .where(OperatorNotice.cleared_at.is_(None))
        .order_by(OperatorNotice.id.desc())
    ).all()


def clear_notice(session: Session, notice_id: int, *, actor: str, now: dt.datetime) -> None:
    """Take a notice off the list; it comes back when its cause shows itself again."""
    cleared = session.scalar(
        update(OperatorNotice)
        .where(OperatorNotice.id == notice_id, OperatorNotice.cleared_at.is_(None))
        .values(cleared_at=now)
        .returning(OperatorNotice.id)
        .execution_options(synchronize_session=False)
    )
    if cleared is None:
        raise ConflictError("这条系统通知已被清除，没有改动。")
    event = AuditEvent(actor, "notice.clear", "operator_notice", str(notice_id))
    audit.record(session, event, now)


def database_bytes(session: Session) -> int:
    return int(session.execute(select(func.pg_database_size(func.current_database()))).scalar_one())


def database_version(session: Session) -> str:
    return str(session.execute(text("show server_version")).scalar_one())
