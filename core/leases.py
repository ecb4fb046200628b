"""The leader of a module: one holder at a time, fenced by an epoch, standby copies wait."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.models.operations import ModuleLease
from core.errors import ConflictError

LEASE = dt.timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Leadership:
    module: str
    owner: str
    epoch: int
    last_tick: dt.datetime | None


def lead(
    session: Session, module: str, owner: str, *, version: str, lease: dt.timedelta = LEASE
) -> Leadership | None:
    """Take or renew the lease of ``module``; None while somebody else holds it. The caller commits."""
    statement = insert(ModuleLease).values(
        module=module, owner=owner, epoch=1, lease_until=func.now() + lease, version=version
    )
    statement = statement.on_conflict_do_update(
        index_elements=["module"],
        set_={
            "owner": owner,
            "epoch": case(
                (ModuleLease.owner == owner, ModuleLease.epoch), else_=ModuleLease.epoch + 1
            ),
            "lease_until": func.now() + lease,
            "version": version,
        },
        where=or_(ModuleLease.owner == owner, ModuleLease.lease_until < func.now()),
    )
    row = session.execute(
        statement.returning(ModuleLease.epoch, ModuleLease.last_tick)
    ).one_or_none()
    return None if row is None else Leadership(module, owner, row.epoch, row.last_tick)


def save_tick(session: Session, leadership: Leadership, now: dt.datetime) -> None:
    """Record the time of a tick; raises ConflictError when the lead was lost meanwhile."""
    changed = session.execute(
        update(ModuleLease)
        .where(
            ModuleLease.module == leadership.module,
            ModuleLease.owner == leadership.owner,
            ModuleLease.epoch == leadership.epoch,
            ModuleLease.lease_until > func.now(),
        )
        .values(last_tick=now)
        .returning(ModuleLease.module)
    ).all()
    if not changed:
        raise ConflictError(f"{leadership.module}: lead of epoch {leadership.epoch} was lost")


def resign(session: Session, leadership: Leadership) -> None:
    """End the lease early, so that a standby takes over at once."""
    session.execute(
        update(ModuleLease)
        .where(
            ModuleLease.module == leadership.module,
            ModuleLease.owner == leadership.owner,
            ModuleLease.epoch == leadership.epoch,
        )
        .values(lease_until=func.now())
    )


def leader(session: Session, module: str) -> str | None:
    """Name whoever leads ``module`` now."""
    return session.scalar(
        select(ModuleLease.owner).where(
            ModuleLease.module == module, ModuleLease.lease_until > func.now()
        )
    )
