"""Pages of a source that could not be collected: tried again, or given up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.models.collecting import FrontierURL


@dataclass(frozen=True, slots=True)
class FailedPage:
    """``given_up_at`` is None while the page is still tried, next at ``due_at``."""

    url: str
    reason: str
    attempts: int
    due_at: dt.datetime | None
    given_up_at: dt.datetime | None


def failed_pages(session: Session, source_id: int, limit: int = 10) -> Sequence[FailedPage]:
    """List pages with an error, those found last first."""
    found = session.scalars(
        select(FrontierURL)
        .where(FrontierURL.source_id == source_id, FrontierURL.last_error.is_not(None))
        .order_by(FrontierURL.id.desc())
        .limit(limit)
    )
    return [
        FailedPage(row.url, row.last_error or "", row.attempt, row.due_at, row.dead_at)
        for row in found
    ]
