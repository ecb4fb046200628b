"""Role ``publish``: sends what is due to the platforms and reads numbers and comments back."""

import threading

from crawlers.own_comments import CommentStore
from media_matrix.metrics import MetricsWorker
from media_matrix.publishing import PublishWorker
from zhisheng.home import HomeKind
from zhisheng.roles.worker import run_worker
from zhisheng.services import Services, platform_access


class _PublishAndRead:
    """Posts come first; numbers and comments are read when no post is due."""

    topics = PublishWorker.topics

    def __init__(self, publisher: PublishWorker, metrics: MetricsWorker) -> None:
        self._publisher = publisher
        self._metrics = metrics

    def step(self) -> int:
        return self._publisher.step() or self._metrics.step()


def run(services: Services, stop: threading.Event) -> None:
    access = platform_access(services)
    publisher = PublishWorker(access, owner=services.owner)
    comments = CommentStore(
        services.hasher, services.policy, is_demo=services.home.kind is HomeKind.DEMO
    )
    metrics = MetricsWorker(access, owner=services.owner, comments=comments)
    worker = _PublishAndRead(publisher, metrics)
    try:
        run_worker(services, worker, stop)
    finally:
        publisher.close()
