"""How many calls an account may still make in the running window."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.clock import SHANGHAI
from core.database.models.media import QuotaUse
from media_matrix.access import PlatformAccess

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quota:
    """An allowance per Shanghai day; ``reserve`` is kept for posts and replies."""

    name: str
    per_day: int
    reserve: int = 0


def day_start(now: dt.datetime) -> dt.datetime:
    """Give the last midnight in Shanghai: there all platform allowances begin anew."""
    local = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return local.astimezone(dt.UTC)


def next_day(now: dt.datetime) -> dt.datetime:
    return day_start(now) + DAY


def use(access: PlatformAccess, account_id: int, quota: Quota, *, may_use_reserve: bool) -> bool:
    """Take one call from the allowance in a transaction of its own; False when none is left."""
    limit = quota.per_day - (0 if may_use_reserve else quota.reserve)
    statement = insert(QuotaUse).values(
        account_id=account_id,
        name=quota.name,
        window_starts_at=day_start(access.clock.now()),
        used=1,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["account_id", "name", "window_starts_at"],
        set_={"used": QuotaUse.used + 1},
        where=QuotaUse.used < limit,
    )
    with access.sessions.begin() as session:
        return bool(session.execute(statement.returning(QuotaUse.used)).all())


def used_today(session: Session, account_id: int, now: dt.datetime) -> dict[str, int]:
    rows = session.execute(
        select(QuotaUse.name, QuotaUse.used).where(
            QuotaUse.account_id == account_id, QuotaUse.window_starts_at == day_start(now)
        )
    )
    return dict(rows.all())
