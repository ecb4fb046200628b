"""Who stands behind a text or an account: names of colleagues and units, for the pages."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.organisation import Organisation, Person


def staff_names(session: Session, person_ids: Iterable[int | None]) -> dict[int, str]:
    """Give the names of colleagues by id; never of the authors of posts."""
    wanted = {person_id for person_id in person_ids if person_id is not None}
    return dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted))).all())


def staff(session: Session) -> list[tuple[int, str]]:
    """List the active colleagues as (id, name)."""
    rows = session.execute(
        select(Person.id, Person.name).where(Person.is_active).order_by(Person.name, Person.id)
    )
    return list(rows.all())


def organisation_names(session: Session) -> dict[int, str]:
    """Give the active units by id, in the order of their ids."""
    rows = session.execute(
        select(Organisation.id, Organisation.name)
        .where(Organisation.is_active)
        .order_by(Organisation.id)
    )
    return dict(rows.all())
