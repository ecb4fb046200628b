"""How far what search shows is behind what has been collected."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.operations import Queue, WorkItem

NOTICEABLE = dt.timedelta(minutes=1)
"""Below this a reader need not be told."""

_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)
_LEADING_HERE = (Queue.ANALYSE.value, Queue.INDEX.value, Queue.UNINDEX.value)


def index_lag(session: Session, now: dt.datetime) -> dt.timedelta | None:
    """Tell how long the oldest change has waited to be seen by search; None when nothing waits.

    What was given up is not waited for: it is on the list of dead work.
    """
    # Ids rise with time, so the first row is the oldest and the backlog need not be read.
    queued_at = session.scalar(
        select(WorkItem.queued_at)
        .where(WorkItem.queue.in_(_LEADING_HERE), WorkItem.dead_at.is_(None))
        .order_by(WorkItem.id)
        .limit(1)
    )
    return None if queued_at is None else max(now - queued_at, dt.timedelta())


def lag_notice(lag: dt.timedelta | None) -> str | None:
    """Say it to a reader of search results; None when there is nothing worth saying."""
    if lag is None or lag < NOTICEABLE:
        return None
    if lag < _HOUR:
        length = f"{lag // dt.timedelta(minutes=1)} 分钟"
    elif lag < _DAY:
        length = f"{lag // _HOUR} 小时"
    else:
        length = f"{lag // _DAY} 天"
    return f"索引延迟 {length}：最近采集的内容可能还搜不到，数据没有丢失，系统会自动补上。"
