"""Role ``index``: brings changed documents into the search engine."""

import threading

from core.indexing import IndexWorker
from zhisheng.roles.worker import run_worker
from zhisheng.services import Services

POLL_S = 0.5


def run(services: Services, stop: threading.Event) -> None:
    worker = IndexWorker(
        sessions=services.sessions,
        clock=services.clock,
        open_writer=services.open_search,
        owner=services.owner,
        version=services.version,
        # One writer per tantivy folder; any number of indexers may feed a cluster.
        is_exclusive=services.settings.elasticsearch_url is None,
    )
    try:
        run_worker(services, worker, stop, poll_s=POLL_S)
    finally:
        worker.close()
