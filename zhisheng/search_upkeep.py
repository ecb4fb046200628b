"""What happens to the Elasticsearch indices by the clock: months come and go without ILM."""

from __future__ import annotations

import datetime as dt

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import SHANGHAI
from core.database.models.collecting import Document
from core.database.partitions import next_month
from core.database.sessions import Sessions
from core.errors import StorageError
from core.index_changes import is_rebuilding
from core.search.elasticsearch_engine import ElasticsearchSearch
from crawlers.retention_periods import DOCUMENTS_KEPT

log = structlog.get_logger(__name__)


def keep_search(sessions: Sessions, engine: ElasticsearchSearch, now: dt.datetime) -> None:
    """Create the indices of the coming month, drop those of months that hold nothing alive, tidy up.

    Any number of processes may do this at once. A cluster that is away is looked after the next time.
    """
    with sessions() as session:
        try:
            engine.keep_house(
                now,
                is_over=lambda month: is_over(session, month, now),
                # While this transaction lasts no rebuild begins, so what is tidied up is nobody's.
                is_rebuilding=is_rebuilding(session),
            )
        except StorageError as error:
            log.warning("search_upkeep_postponed", error=str(error)[:300])


def is_over(session: Session, month: dt.date, now: dt.datetime) -> bool:
    """Tell whether a month, by its first day in Shanghai, is past retention and none of its documents lives."""
    start, end = (
        dt.datetime(day.year, day.month, 1, tzinfo=SHANGHAI) for day in (month, next_month(month))
    )
    if end > now - DOCUMENTS_KEPT:
        return False
    # What is held for the law, or belongs to an open alert, keeps its month.
    living = select(Document.id).where(Document.ingested_at >= start, Document.ingested_at < end)
    return session.scalar(living.limit(1)) is None
