"""Waits until everything collected is analysed and searchable, doing the work itself where no role does."""

from __future__ import annotations

import threading
from functools import partial

import structlog
from sqlalchemy import func, select

from core.database.models.operations import Heartbeat, Queue, WorkItem
from core.heartbeats import ALIVE_WITHIN
from core.index_rebuild import IndexRebuild, RebuildProgress
from core.indexing import IndexWorker
from core.notices import clear_notice, raise_notice
from core.search import DocumentSearch
from core.wakeup import Wakeup
from zhisheng.pipelines import installation_pipeline
from zhisheng.services import Services
from zhisheng.understanding import UnderstandWorker

log = structlog.get_logger(__name__)

WAIT_S = 0.3
OUTDATED = "index-outdated"
OUTDATED_TEXT = (
    "检索索引是旧版本写的，正在自动重建；完成之前不能检索，采集、分析和预警照常，数据没有丢失。"
)


def catch_up(services: Services) -> None:
    """Return when no document waits for analysis or indexing."""
    index = index_worker(services)
    understand: UnderstandWorker | None = None
    pause = Wakeup(services.database_url, frozenset())
    try:
        while _waiting(services, Queue.ANALYSE) or _waiting(services, Queue.INDEX):
            handled = 0
            if not runs(services, "understand"):
                if understand is None:
                    pipeline = installation_pipeline(
                        services.home.path, demo=services.settings.demo
                    )
                    understand = UnderstandWorker(
                        services.sessions, services.clock, pipeline, owner=services.owner
                    )
                handled += understand.step()
            if not runs(services, "index"):
                handled += index.step()
            if not handled:
                pause.wait(WAIT_S)
    finally:
        index.close()


def index_worker(services: Services, stop: threading.Event | None = None) -> IndexWorker:
    """Make the index worker of this installation; `stop` ends a rebuild of an outdated index."""
    return IndexWorker(
        sessions=services.sessions,
        clock=services.clock,
        open_writer=services.open_search,
        owner=services.owner,
        version=services.version,
        # One writer per tantivy folder; any number of indexers may feed a cluster.
        is_exclusive=services.settings.elasticsearch_url is None,
        rebuild=partial(rebuild_outdated, services, stop),
    )


def rebuild_outdated(
    services: Services, stop: threading.Event | None, search: DocumentSearch
) -> None:
    """Rebuild an index that an older release has written, and tell the operators while it lasts."""
    log.warning("index_outdated", engine=search.name)

    def tell(_progress: RebuildProgress) -> None:
        # Only from the one rebuild that runs: nobody would clear what another process said.
        with services.sessions.begin() as session:
            raise_notice(session, OUTDATED, OUTDATED_TEXT, services.clock.now())

    IndexRebuild(
        engine=services.engine,
        sessions=services.sessions,
        clock=services.clock,
        search=search,
        progress=tell,
        stop=stop,
    ).run()
    with services.sessions.begin() as session:
        clear_notice(session, OUTDATED, services.clock.now())


def _waiting(services: Services, queue: Queue) -> bool:
    with services.sessions() as session:
        count = session.scalar(
            select(func.count())
            .select_from(WorkItem)
            .where(WorkItem.queue == queue.value, WorkItem.dead_at.is_(None))
        )
    return bool(count)


def runs(services: Services, role: str) -> bool:
    """Tell whether a process of the role lives."""
    with services.sessions() as session:
        beaten = session.scalar(select(func.max(Heartbeat.beaten_at)).where(Heartbeat.role == role))
    return beaten is not None and services.clock.now() - beaten <= ALIVE_WITHIN
