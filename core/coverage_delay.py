"""How late texts arrive: from their publication to our taking them in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.models.collecting import Document


def median_delays(
    session: Session,
    since: dt.datetime,
    until: dt.datetime,
    source_ids: Sequence[int] | None = None,
) -> dict[int, float]:
    """Give the median delay, in seconds, of the texts of each source that came in ``[since, until)``.

    Texts whose time of publication is unknown tell nothing; a source without others is left out.
    """
    lateness = func.extract("epoch", Document.ingested_at - Document.published_at)
    statement = (
        select(Document.source_id, func.percentile_cont(0.5).within_group(lateness))
        .where(
            Document.ingested_at >= since,
            Document.ingested_at < until,
            Document.has_bad_time.is_(False),
        )
        .group_by(Document.source_id)
    )
    if source_ids is not None:
        statement = statement.where(Document.source_id.in_(source_ids))
    return {source: max(0.0, float(delay)) for source, delay in session.execute(statement)}
