"""One object that says how the installation is doing."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerting.inbox import alert_counts, delivery_counts
from core import leases
from core.clock import to_rfc3339
from core.database.models.collecting import Document
from core.database.models.media import Publication, PublicationState
from core.database.models.operations import Heartbeat, OperatorNotice, WorkItem
from core.heartbeats import ALIVE_WITHIN
from core.search_lag import index_lag
from core.source_health import source_counts
from zhisheng import __version__
from zhisheng.roles import DEMO_ROLES, ROLES


def status(session: Session, now: dt.datetime, *, demo: bool) -> dict[str, object]:
    """Collect the status; every number is read from PostgreSQL, nothing is started."""
    return {
        "documents": _documents(session, now),
        "sources": source_counts(session, now),
        "alerts": alert_counts(session).as_json(),
        "deliveries": delivery_counts(session).as_json(),
        "publications": _publications(session),
        "roles": _roles(session, now, demo=demo),
        "leader": leases.leader(session, "engine"),
        "notices": _notices(session),
        "versions": {"zhisheng": __version__},
        "at": to_rfc3339(now),
    }


def _documents(session: Session, now: dt.datetime) -> dict[str, object]:
    collected, analysed, indexed = session.execute(
        select(
            func.count(), func.count(Document.analysed_at), func.count(Document.indexed_at)
        ).select_from(Document)
    ).one()
    lag = index_lag(session, now) or dt.timedelta()
    dead = session.scalar(
        select(func.count()).select_from(WorkItem).where(WorkItem.dead_at.is_not(None))
    )
    return {
        "collected": collected,
        "analysed": analysed,
        "indexed": indexed,
        "lag_s": round(lag.total_seconds(), 1),
        "dead": dead,
    }


def _publications(session: Session) -> dict[str, int]:
    counted = dict(
        session.execute(select(Publication.state, func.count()).group_by(Publication.state)).all()
    )
    return {state.value: counted.get(state.value, 0) for state in PublicationState}


def _roles(session: Session, now: dt.datetime, *, demo: bool) -> dict[str, object]:
    ages: dict[str, float] = {}
    running: dict[str, int] = {}
    for beat in session.scalars(select(Heartbeat)):
        age = max(0.0, (now - beat.beaten_at).total_seconds())
        ages[beat.role] = min(age, ages.get(beat.role, age))
        running[beat.role] = running.get(beat.role, 0) + (age <= ALIVE_WITHIN.total_seconds())
    return {
        role: {
            "running": running.get(role, 0),
            "heartbeat_age_s": round(ages[role], 1) if role in ages else None,
        }
        for role in ROLES
        if demo or role not in DEMO_ROLES
    }


def _notices(session: Session) -> list[dict[str, object]]:
    rows = session.scalars(
        select(OperatorNotice)
        .where(OperatorNotice.cleared_at.is_(None))
        .order_by(OperatorNotice.id)
    )
    return [{"text": row.text, "raised_at": to_rfc3339(row.raised_at)} for row in rows]
