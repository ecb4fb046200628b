"""Claiming due rows: the one mechanism behind crawl, analyse, index, escalate, send, publish and metrics.

A row of a ``Claimable`` table is due when ``due_at <= now`` and nobody holds a live lease on it. ``take``
claims rows in one conditional UPDATE over ``FOR UPDATE SKIP LOCKED``; each claim carries a fencing epoch.
Whoever lost its lease changes nothing: every finishing statement asks for the same owner and epoch and a
lease that is still alive. Dueness follows the caller's clock; leases follow the database's ``now()``.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    and_,
    any_,
    bindparam,
    case,
    delete,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.database.base import Claimable
from core.database.models.operations import Queue, WorkItem
from core.errors import ConflictError

Row = TypeVar("Row", bound=Claimable)

NOTIFY_CHANNEL = "zhisheng"
BACKOFF = (dt.timedelta(seconds=15), *(dt.timedelta(minutes=m) for m in (1, 5, 15, 60)))


class ClaimableRow(Protocol):
    """A mapped table with an ``id`` and the columns of ``Claimable``."""

    id: InstrumentedAttribute[int]


@dataclass(frozen=True, slots=True)
class Claim:
    """A row held by ``owner`` until its lease ends; ``epoch`` is the fence, ``attempt`` counts from 1."""

    id: int
    owner: str
    epoch: int
    attempt: int


def take(  # noqa: PLR0913 (all options are keyword-only)
    session: Session,
    table: type[Claimable],
    *,
    owner: str,
    now: dt.datetime,
    lease: dt.timedelta,
    limit: int = 1,
    where: Sequence[ColumnElement[bool]] = (),
    order_by: Sequence[ColumnElement[Any]] = (),  # Any: what is sorted by may be of any type.
) -> list[Claim]:
    """Claim up to ``limit`` due rows, earliest first, and commit nothing: the caller commits."""
    row_id = _id(table)
    due = (
        select(row_id)
        .where(
            table.due_at <= now,
            table.dead_at.is_(None),
            (table.lease_until.is_(None)) | (table.lease_until < func.now()),
            *where,
        )
        .order_by(*order_by, table.due_at, row_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(table)
        .where(row_id.in_(due.scalar_subquery()))
        .values(
            claim_owner=owner,
            claim_epoch=table.claim_epoch + 1,
            lease_until=func.now() + lease,
            attempt=table.attempt + 1,
        )
        .returning(row_id, table.claim_epoch, table.attempt)
        .execution_options(synchronize_session=False)
    )
    rows = session.execute(claimed).all()
    return [
        Claim(id=id_, owner=owner, epoch=epoch, attempt=attempt)
        for id_, epoch, attempt in sorted(rows)
    ]


def _id(table: type[Claimable]) -> InstrumentedAttribute[int]:
    # Every Claimable table of the schema has an integer ``id``; the mixin cannot declare its identity.
    column: InstrumentedAttribute[int] = table.id  # type: ignore[attr-defined]
    return column


def held(table: type[Claimable], claim: Claim) -> ColumnElement[bool]:
    """Say, as a WHERE condition, that the claim still holds; put it into every guarded statement."""
    return and_(
        _id(table) == claim.id,
        table.claim_owner == claim.owner,
        table.claim_epoch == claim.epoch,
        table.lease_until > func.now(),
    )


def extend(session: Session, table: type[Claimable], claim: Claim, lease: dt.timedelta) -> None:
    """Prolong the lease; raises ConflictError when it is already lost."""
    _must_change(
        session,
        update(table).where(held(table, claim)).values(lease_until=func.now() + lease),
        claim,
    )


def extend_many(
    session: Session, table: type[Claimable], claimed: Sequence[Claim], lease: dt.timedelta
) -> set[Claim]:
    """Prolong the leases that still hold; gives their claims."""
    if not claimed:
        return set()
    fences = [(claim.id, claim.epoch) for claim in claimed]
    statement = (
        update(table)
        .where(
            tuple_(_id(table), table.claim_epoch).in_(fences),
            table.claim_owner == claimed[0].owner,
            table.lease_until > func.now(),
        )
        .values(lease_until=func.now() + lease)
        .returning(_id(table), table.claim_epoch)
        .execution_options(synchronize_session=False)
    )
    held_still = {(id_, epoch) for id_, epoch in session.execute(statement)}
    return {claim for claim in claimed if (claim.id, claim.epoch) in held_still}


def finish(
    session: Session,
    table: type[Claimable],
    claim: Claim,
    *,
    due_at: dt.datetime | None = None,
    **values: object,
) -> None:
    """End the claim with success: set ``values``, and when the row is due again (None: never).

    Raises ConflictError when the lease was lost; the caller must then roll back.
    """
    statement = (
        update(table)
        .where(held(table, claim))
        .values(
            due_at=due_at, lease_until=None, claim_owner=None, attempt=0, last_error=None, **values
        )
    )
    _must_change(session, statement, claim)


def retry(
    session: Session,
    table: type[Claimable],
    claim: Claim,
    *,
    due_at: dt.datetime,
    error: str,
    **values: object,
) -> None:
    """End the claim with a failure that may heal; raises ConflictError when the lease was lost."""
    statement = (
        update(table)
        .where(held(table, claim))
        .values(
            due_at=due_at, lease_until=None, claim_owner=None, last_error=error[:2000], **values
        )
    )
    _must_change(session, statement, claim)


def bury(
    session: Session,
    table: type[Claimable],
    claim: Claim,
    *,
    now: dt.datetime,
    error: str,
    **values: object,
) -> None:
    """Give the row up; it stays listed until a person clears it. Raises ConflictError as ``finish`` does."""
    statement = (
        update(table)
        .where(held(table, claim))
        .values(dead_at=now, lease_until=None, claim_owner=None, last_error=error[:2000], **values)
    )
    _must_change(session, statement, claim)


def remove(session: Session, table: type[Claimable], claim: Claim) -> None:
    """Delete the finished row (work items); raises ConflictError when the lease was lost."""
    removed = session.execute(
        delete(table)
        .where(held(table, claim))
        .returning(_id(table))
        .execution_options(synchronize_session=False)
    ).all()
    if len(removed) != 1:
        raise ConflictError(f"{table.__name__} {claim.id}: lease of epoch {claim.epoch} was lost")


def remove_many(session: Session, table: type[Claimable], claimed: Sequence[Claim]) -> set[int]:
    """Delete the finished rows whose leases still hold; gives their ids. The rest stays for its new owner."""
    if not claimed:
        return set()
    fences = [(claim.id, claim.epoch) for claim in claimed]
    statement = (
        delete(table)
        .where(
            tuple_(_id(table), table.claim_epoch).in_(fences),
            table.claim_owner == claimed[0].owner,
            table.lease_until > func.now(),
        )
        .returning(_id(table))
        .execution_options(synchronize_session=False)
    )
    return set(session.scalars(statement))


def hand_back(session: Session, table: type[Claimable], claimed: Sequence[Claim]) -> None:
    """Let go of rows as they were before they were taken; what was lost meanwhile stays its new owner's."""
    if not claimed:
        return
    fences = [(claim.id, claim.epoch) for claim in claimed]
    session.execute(
        update(table)
        .where(
            tuple_(_id(table), table.claim_epoch).in_(fences),
            table.claim_owner == claimed[0].owner,
            table.lease_until > func.now(),
        )
        .values(lease_until=None, claim_owner=None, attempt=table.attempt - 1)
        .execution_options(synchronize_session=False)
    )


def postpone(
    session: Session, table: type[Claimable], claim: Claim, *, due_at: dt.datetime
) -> None:
    """Let go of a row whose turn has not come; it counts as no attempt. Raises ConflictError as ``finish`` does."""
    statement = (
        update(table)
        .where(held(table, claim))
        .values(due_at=due_at, lease_until=None, claim_owner=None, attempt=table.attempt - 1)
    )
    _must_change(session, statement, claim)


def lock_held(session: Session, table: type[Row], claimed: Sequence[Claim]) -> dict[int, Row]:
    """Lock the rows of the claims that still hold, in the order of their ids; gives the rows by id.

    Nobody else can take a locked row, so what was held then is held until the transaction ends. Rows that
    refer to a locked one may still be stored: a visit of a source never waits for its documents.
    """
    if not claimed:
        return {}
    fences = {(claim.id, claim.epoch) for claim in claimed}
    values = {"ids": sorted(id_ for id_, _ in fences), "owner": claimed[0].owner}
    statement = cast("Select[int, Row]", _locking(table))  # type: ignore[arg-type]  # a class can be hashed
    rows = session.execute(statement, values)
    return {id_: row for id_, row in rows if (id_, row.claim_epoch) in fences}


@cache
def _locking(table: type[Claimable]) -> Select[int, Claimable]:
    # Made once for each table, because putting it together costs as much as running it.
    return (
        select(_id(table), table)
        .where(
            _id(table) == any_(bindparam("ids", type_=ARRAY(BigInteger))),
            table.claim_owner == bindparam("owner"),
            table.lease_until > func.now(),
        )
        .order_by(_id(table))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def let_go(row: Claimable, *, due_at: dt.datetime | None) -> None:
    """End the claim of a row that ``lock_held`` gave, with success; written when the session flushes."""
    row.due_at = due_at
    row.lease_until = row.claim_owner = row.last_error = None
    row.attempt = 0


def _must_change(session: Session, statement: object, claim: Claim) -> None:
    table_update = statement.returning(text("1")).execution_options(synchronize_session=False)  # type: ignore[attr-defined]
    if len(session.execute(table_update).all()) != 1:
        raise ConflictError(f"row {claim.id}: lease of epoch {claim.epoch} was lost")


def revive(session: Session, table: type[Claimable], row_id: int, now: dt.datetime) -> bool:
    """Let a dead row be tried again; False when there was none."""
    changed = session.execute(
        update(table)
        .where(_id(table) == row_id, table.dead_at.is_not(None))
        .values(dead_at=None, due_at=now, attempt=0)
        .returning(_id(table))
        .execution_options(synchronize_session=False)
    ).all()
    return bool(changed)


def backoff(
    attempt: int, now: dt.datetime, *, steps: Sequence[dt.timedelta] = BACKOFF
) -> dt.datetime:
    """When to try again after the ``attempt``-th failure (from 1): the step ± 20 %."""
    step = steps[min(max(attempt, 1), len(steps)) - 1]
    return now + step * random.uniform(0.8, 1.2)  # noqa: S311 (spreads load, guards nothing)


def enqueue(session: Session, queue: Queue, subject_ids: Sequence[int], now: dt.datetime) -> None:
    """Make work due in the caller's transaction and wake its workers at commit.

    An item already queued is made due again and its epoch raised, so that a worker that is busy with the
    old state cannot delete it.
    """
    if not subject_ids:
        return
    statement = insert(WorkItem).values(
        queue=queue.value, subject_id=bindparam("subject"), due_at=now, queued_at=now
    )
    statement = statement.on_conflict_do_update(
        index_elements=["queue", "subject_id"],
        set_={
            "due_at": now, "claim_epoch": WorkItem.claim_epoch + 1, "lease_until": None,
            "attempt": 0, "dead_at": None,
            "queued_at": case((WorkItem.dead_at.is_(None), WorkItem.queued_at), else_=now),
        },
    )  # fmt: skip
    session.connection().execute(statement, [{"subject": subject} for subject in subject_ids])
    notify(session, queue.value)


def notify(session: Session, topic: str) -> None:
    """Wake the workers that wait for ``topic`` when this transaction commits."""
    session.execute(_NOTIFY, {"channel": NOTIFY_CHANNEL, "topic": topic})


_NOTIFY = text("SELECT pg_notify(:channel, :topic)")
