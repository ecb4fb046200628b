"""One object that says how the search index is doing."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document
from core.database.models.operations import Queue, WorkItem
from core.index_changes import is_rebuilding
from core.search import SearchHealth

BAD_LAG = dt.timedelta(minutes=10)
_QUEUES = (Queue.INDEX.value, Queue.UNINDEX.value)


def index_state(session: Session, health: SearchHealth, now: dt.datetime) -> dict[str, object]:
    """Put together what the engine says and what waits in the database."""
    alive = WorkItem.dead_at.is_(None)
    waiting, oldest, dead = session.execute(
        select(
            func.count().filter(alive),
            func.min(WorkItem.queued_at).filter(alive),
            func.count().filter(~alive),
        ).where(WorkItem.queue.in_(_QUEUES))
    ).one()
    analysed = session.scalar(
        select(func.count()).select_from(Document).where(Document.analysed_at.is_not(None))
    )
    lag = max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0
    return {
        "engine": health.engine,
        "available": health.is_available,
        "detail": health.detail,
        "documents": {"index": health.documents, "database": analysed},
        "waiting": waiting,
        "dead": dead,
        "lag_s": round(lag, 1),
        "bytes": health.bytes_on_disk,
        "schema": health.schema,
        "generation": health.generation,
        "rebuilding": is_rebuilding(session),
    }


def is_well(state: dict[str, object]) -> bool:
    lag = state["lag_s"]
    return bool(state["available"]) and isinstance(lag, float) and lag < BAD_LAG.total_seconds()
