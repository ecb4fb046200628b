"""Role ``publish``: sends what is due to the platforms and reads the numbers back."""

import threading

from media_matrix.metrics import MetricsWorker
from media_matrix.publishing import PublishWorker
from zhisheng.roles.worker import run_worker
from zhisheng.services import Services, platform_access


class _PublishAndRead:
    """Posts come first; numbers are read when no post is due."""

    topics = PublishWorker.topics

    def __init__(self, publisher: PublishWorker, metrics: MetricsWorker) -> None:
        self._publisher = publisher
        self._metrics = metrics

    def step(self) -> int:
        return self._publisher.step() or self._metrics.step()


def run(services: Services, stop: threading.Event) -> None:
    access = platform_access(services)
    publisher = PublishWorker(access, owner=services.owner)
    worker = _PublishAndRead(publisher, MetricsWorker(access, owner=services.owner))
    try:
        run_worker(services, worker, stop)
    finally:
        publisher.close()
