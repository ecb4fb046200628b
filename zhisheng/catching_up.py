"""Waits until everything collected is analysed and searchable, doing the work itself where no role does."""

from __future__ import annotations

from sqlalchemy import func, select

from core.database.models.operations import Heartbeat, Queue, WorkItem
from core.heartbeats import ALIVE_WITHIN
from core.indexing import IndexWorker
from core.wakeup import Wakeup
from zhisheng.pipelines import installation_pipeline
from zhisheng.services import Services
from zhisheng.understanding import UnderstandWorker

WAIT_S = 0.3


def catch_up(services: Services) -> None:
    """Return when no document waits for analysis or indexing."""
    index = index_worker(services)
    understand: UnderstandWorker | None = None
    pause = Wakeup(services.database_url, frozenset())
    try:
        while _waiting(services, Queue.ANALYSE) or _waiting(services, Queue.INDEX):
            handled = 0
            if not _runs(services, "understand"):
                if understand is None:
                    pipeline = installation_pipeline(
                        services.home.path, demo=services.settings.demo
                    )
                    understand = UnderstandWorker(
                        services.sessions, services.clock, pipeline, owner=services.owner
                    )
                handled += understand.step()
            if not _runs(services, "index"):
                handled += index.step()
            if not handled:
                pause.wait(WAIT_S)
    finally:
        index.close()


def index_worker(services: Services) -> IndexWorker:
    """Make the index worker of this installation."""
    return IndexWorker(
        sessions=services.sessions,
        clock=services.clock,
        open_writer=services.open_search,
        owner=services.owner,
        version=services.version,
        # One writer per tantivy folder; any number of indexers may feed a cluster.
        is_exclusive=services.settings.elasticsearch_url is None,
    )


def _waiting(services: Services, queue: Queue) -> bool:
    with services.sessions() as session:
        count = session.scalar(
            select(func.count())
            .select_from(WorkItem)
            .where(WorkItem.queue == queue.value, WorkItem.dead_at.is_(None))
        )
    return bool(count)


def _runs(services: Services, role: str) -> bool:
    with services.sessions() as session:
        beaten = session.scalar(select(func.max(Heartbeat.beaten_at)).where(Heartbeat.role == role))
    return beaten is not None and services.clock.now() - beaten <= ALIVE_WITHIN
