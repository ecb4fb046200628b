"""Role ``index``: brings changed documents into the search engine."""

import threading

from zhisheng.catching_up import index_worker
from zhisheng.roles.worker import run_worker
from zhisheng.services import Services

POLL_S = 0.5


def run(services: Services, stop: threading.Event) -> None:
    worker = index_worker(services, stop)
    try:
        run_worker(services, worker, stop, poll_s=POLL_S)
    finally:
        worker.close()
