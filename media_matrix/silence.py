"""静默: stop accounts at once; two people are needed to let them speak again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core import audit
from core.clock import to_rfc3339
from core.database.base import JsonObject
from core.database.models.media import Account, Publication, PublicationState
from core.database.models.operations import StoredSetting
from core.errors import WorkflowError

_SETTING = "silence"


@dataclass(frozen=True, slots=True)
class Freeze:
    """``by`` and ``lift_by`` are person ids; ``lift_by`` waits for a second person."""

    account_id: int
    name: str
    frozen_at: dt.datetime
    reason: str
    by: int | None
    lift_by: int | None


@dataclass(frozen=True, slots=True)
class LiftResult:
    lifted: list[int]
    awaiting: list[int]


def freeze(
    session: Session,
    account_ids: Sequence[int],
    *,
    person_id: int,
    reason: str,
    now: dt.datetime,
) -> int:
    """Stop the accounts; what comes due meanwhile is held. Gives how many were not frozen before."""
    if not reason.strip():
        raise WorkflowError("请写明静默的原因，账号没有静默。")
    notes = _notes(session)
    stopped = [account for account in _accounts(session, account_ids) if account.frozen_at is None]
    for account in stopped:
        account.frozen_at = now
        notes[str(account.id)] = {"reason": reason.strip(), "by": person_id, "lift_by": None}
        _record(session, "account_frozen", account.id, person_id, now)
    _save_notes(session, notes, person_id, now)
    return len(stopped)


def unfreeze(
    session: Session, account_ids: Sequence[int], *, person_id: int, now: dt.datetime
) -> LiftResult:
    """Ask to lift a freeze; the second, different person who asks lifts it.

    What was held stays held until somebody plans it again or cancels it.
    """
    notes = _notes(session)
    lifted: list[int] = []
    awaiting: list[int] = []
    for account in _accounts(session, account_ids):
        if account.frozen_at is None:
            continue
        note = notes.get(str(account.id), {})
        first = note.get("lift_by")
        if first is None or first == person_id:
            notes[str(account.id)] = {**note, "lift_by": person_id}
            awaiting.append(account.id)
            _record(session, "account_unfreeze_requested", account.id, person_id, now)
        else:
            account.frozen_at = None
            notes.pop(str(account.id), None)
            lifted.append(account.id)
            _record(session, "account_unfrozen", account.id, person_id, now)
    _save_notes(session, notes, person_id, now)
    return LiftResult(lifted, awaiting)


def held(session: Session) -> list[Publication]:
    return list(
        session.scalars(
            select(Publication)
            .where(Publication.state == PublicationState.HELD)
            .order_by(Publication.planned_at, Publication.id)
        )
    )


def freezes(session: Session) -> list[Freeze]:
    notes = _notes(session)
    found = []
    for account in session.scalars(
        select(Account).where(Account.frozen_at.is_not(None)).order_by(Account.id)
    ):
        note = notes.get(str(account.id), {})
        by, lift_by = note.get("by"), note.get("lift_by")
        found.append(
            Freeze(
                account_id=account.id,
                name=account.name,
                frozen_at=account.frozen_at or account.created_at,
                reason=str(note.get("reason", "")),
                by=by if isinstance(by, int) else None,
                lift_by=lift_by if isinstance(lift_by, int) else None,
            )
        )
    return found


def _accounts(session: Session, account_ids: Sequence[int]) -> list[Account]:
    return list(
        session.scalars(
            select(Account)
            .where(Account.id.in_(list(account_ids)))
            .order_by(Account.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def _notes(session: Session) -> dict[str, JsonObject]:
    stored = session.get(StoredSetting, _SETTING, with_for_update=True)
    if stored is None:
        return {}
    return {key: dict(note) for key, note in stored.value.items() if isinstance(note, dict)}


def _save_notes(
    session: Session, notes: dict[str, JsonObject], person_id: int, now: dt.datetime
) -> None:
    values: dict[str, object] = {"value": notes, "changed_at": now, "changed_by": person_id}
    session.execute(
        insert(StoredSetting)
        .values(name=_SETTING, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
        .execution_options(synchronize_session=False)
    )
    stored = session.get(StoredSetting, _SETTING)
    if stored is not None:
        session.refresh(stored)


def _record(
    session: Session, action: str, account_id: int, person_id: int, now: dt.datetime
) -> None:
    audit.record(
        session,
        audit.AuditEvent(
            actor=f"person:{person_id}",
            action=action,
            object_type="account",
            object_id=str(account_id),
            detail={"at": to_rfc3339(now)},
        ),
        now,
    )
