"""Role ``send``: brings alert messages to people."""

import threading

from alerting.channels.base import Transport
from alerting.delivery import SendWorker
from zhisheng.roles.worker import run_worker
from zhisheng.services import Services


def run(services: Services, stop: threading.Event) -> None:
    worker = SendWorker(
        services.sessions,
        services.clock,
        owner=services.owner,
        transport=Transport(services.http, services.policy),
        keyring=services.keyring,
        public_url=services.settings.public_url,
    )
    try:
        run_worker(services, worker, stop)
    finally:
        worker.stop()
