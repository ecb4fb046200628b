"""What happens by the clock: partitions, retention, the end of hash keys."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

import structlog
from sqlalchemy import delete

from core import audit, leases, recent_queries
from core.crypto.author_hash import destroy_expired_epochs
from core.database.models.organisation import ConsoleSession, LoginFailure
from core.database.partitions import ensure_partitions
from crawlers.coverage.hours import open_hours
from crawlers.coverage.learning import learn_usual
from crawlers.coverage.ledger import hour_of
from crawlers.coverage.watch import watch
from crawlers.importing.pending_uploads import forget_expired_uploads
from crawlers.retention import delete_expired
from zhisheng import event_tables, story_tables
from zhisheng.services import Services

log = structlog.get_logger(__name__)

SESSIONS_KEPT = dt.timedelta(days=30)
FAILURES_KEPT = dt.timedelta(days=180)


class Housekeeping:
    """Ticks of the engine's leader; on a standby they do nothing."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._opened: dt.datetime | None = None

    def _leads(self) -> bool:
        with self._services.sessions() as session:
            return leases.leader(session, "engine") == self._services.owner

    def minutely(self) -> None:
        """Keep the coverage ledger: open the hour, learn what is usual, tell the operators what is wrong."""
        if not self._leads():
            self._opened = None
            return
        sessions, now = self._services.sessions, self._services.clock.now()
        hour = hour_of(now)
        learn_usual(sessions, now)
        if self._opened != hour:
            with sessions.begin() as session:
                open_hours(session, now)
            self._opened = hour
        watch(sessions, now)

    def hourly(self) -> None:
        """Make next month's partitions and indices before they are needed; forget what is past comparing."""
        if not self._leads():
            return
        now = self._services.clock.now()
        with self._services.sessions.begin() as session:
            ensure_partitions(session, now)
            forget_expired_uploads(session, now)
        for forget_old in (story_tables.forget_old, event_tables.forget_old):
            forgotten = 1
            while forgotten:
                with self._services.sessions.begin() as session:
                    forgotten = forget_old(session, now)

        self._keep_search(now)

    def _keep_search(self, now: dt.datetime) -> None:
        if self._services.settings.elasticsearch_url is None:
            return
        from core.search.elasticsearch_engine import ElasticsearchSearch
        from zhisheng.search_upkeep import keep_search

        with closing(self._services.open_search()) as engine:
            if isinstance(engine, ElasticsearchSearch):
                keep_search(self._services.sessions, engine, now)

    def nightly(self) -> None:
        """Delete what is past its time (design.md §10); the counts go into the audit log."""
        if not self._leads():
            return
        now = self._services.clock.now()
        deleted = delete_expired(self._services.sessions, now=now)
        with self._services.sessions.begin() as session:
            keys = destroy_expired_epochs(session, now)
            session.execute(
                delete(ConsoleSession).where(ConsoleSession.expires_at < now - SESSIONS_KEPT)
            )
            session.execute(delete(LoginFailure).where(LoginFailure.at < now - FAILURES_KEPT))
            recent_queries.forget_old(session, now)
            event = audit.AuditEvent(
                "system", "epoch_key.destroy", "epoch_key", detail={"count": keys}
            )
            audit.record(session, event, now)
        log.info("retention_done", documents=deleted.documents, author_keys=keys)
