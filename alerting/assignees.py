"""To whom an alert may be handed, and where a report may go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ARRAY, Text, cast, select
from sqlalchemy.orm import Session

from core.database.models.organisation import Organisation, Person


@dataclass(frozen=True, slots=True)
class Assignee:
    id: int
    name: str
    roles: tuple[str, ...]


def assignees(session: Session, roles: Collection[str]) -> tuple[Assignee, ...]:
    """List the active people who hold one of the roles, by name."""
    wanted = cast(list(roles), ARRAY(Text))
    rows = session.scalars(
        select(Person)
        .where(Person.is_active, Person.roles.op("&&")(wanted))
        .order_by(Person.name, Person.id)
    )
    return tuple(Assignee(person.id, person.name, tuple(person.roles)) for person in rows)


def superior_organisations(session: Session, organisation_id: int) -> tuple[tuple[int, str], ...]:
    """List the organisations above one, the nearest first."""
    found: list[tuple[int, str]] = []
    current = session.get(Organisation, organisation_id)
    while current is not None and current.parent_id is not None:
        current = session.get(Organisation, current.parent_id)
        if current is None or (current.id, current.name) in found:
            break
        found.append((current.id, current.name))
    return tuple(found)
