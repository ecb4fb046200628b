"""Role ``understand``: analyses newly collected texts."""

import threading

from zhisheng.pipelines import build_pipeline
from zhisheng.roles.worker import run_worker
from zhisheng.services import Services
from zhisheng.understanding import UnderstandWorker

POLL_S = 0.5


def run(services: Services, stop: threading.Event) -> None:
    pipeline = build_pipeline(demo=services.settings.demo)
    worker = UnderstandWorker(services.sessions, services.clock, pipeline, owner=services.owner)
    run_worker(services, worker, stop, poll_s=POLL_S)
