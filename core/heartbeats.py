"""Signs of life: one row per process of a role."""

import datetime as dt

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.base import JsonObject
from core.database.models.operations import Heartbeat

FORGET_AFTER = dt.timedelta(days=1)
ALIVE_WITHIN = dt.timedelta(seconds=30)


def beat(
    session: Session, heartbeat: Heartbeat, now: dt.datetime, detail: JsonObject | None = None
) -> None:
    """Tell that the process lives; ``heartbeat`` carries its role, owner, start and version."""
    statement = insert(Heartbeat).values(
        role=heartbeat.role,
        owner=heartbeat.owner,
        started_at=heartbeat.started_at,
        beaten_at=now,
        version=heartbeat.version,
        detail=detail,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["role", "owner"], set_={"beaten_at": now, "detail": detail}
        )
    )


def forget(session: Session, role: str, owner: str, now: dt.datetime) -> None:
    """Remove a process that stops in order, and all that were silent for a day."""
    session.execute(
        delete(Heartbeat).where(
            ((Heartbeat.role == role) & (Heartbeat.owner == owner))
            | (Heartbeat.beaten_at < now - FORGET_AFTER)
        )
    )
