"""Values that fields of expressions have in this installation: sources and platforms."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.collecting import Source


def source_names(session: Session, *, holding: str = "", limit: int = 10) -> list[str]:
    """List names of sources that hold the text in any case, those that begin with it first."""
    names = session.scalars(
        select(Source.name)
        .where(Source.name.icontains(holding, autoescape=True))
        .order_by(~Source.name.istartswith(holding, autoescape=True), Source.name)
        .limit(limit)
    )
    return list(names)


def platforms(session: Session) -> list[str]:
    return list(session.scalars(select(Source.platform).distinct().order_by(Source.platform)))
