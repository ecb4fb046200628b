"""Role ``engine``: judges rules, raises and escalates alerts, takes evidence; its leader also keeps house.

APScheduler is only the clock that ticks: it holds no jobs on disk, each tick looks for what is due.
"""

from __future__ import annotations

import threading

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from alerting.engine import EngineWorker
from config.alerting_defaults import load_alerting_defaults
from core.clock import SHANGHAI
from core.database.models.operations import Queue
from zhisheng.evidence import evidence_worker
from zhisheng.expressions import language_names
from zhisheng.housekeeping import Housekeeping
from zhisheng.roles.worker import run_worker
from zhisheng.services import Services

log = structlog.get_logger(__name__)

NIGHT_HOUR = 3


def run(services: Services, stop: threading.Event) -> None:
    worker = EngineWorker(
        services.sessions,
        services.clock,
        owner=services.owner,
        version=services.version,
        defaults=load_alerting_defaults(),
        names=language_names(),
    )
    housekeeping = Housekeeping(services)
    scheduler = BackgroundScheduler(timezone=SHANGHAI)
    scheduler.add_job(housekeeping.minutely, CronTrigger(second=20), max_instances=1, coalesce=True)
    scheduler.add_job(housekeeping.hourly, CronTrigger(minute=7), max_instances=1, coalesce=True)
    scheduler.add_job(
        housekeeping.nightly,
        CronTrigger(hour=NIGHT_HOUR, minute=30),
        max_instances=1,
        coalesce=True,
    )
    scheduler.start()
    # Beside the engine, so that no alert ever waits for a page to be sealed.
    evidence = threading.Thread(
        target=run_worker, args=(services, evidence_worker(services), stop), name="evidence"
    )
    evidence.start()
    log.info("engine_started", wakes_on=Queue.EVALUATE.value)
    try:
        run_worker(services, worker, stop)
    finally:
        stop.set()
        evidence.join()
        scheduler.shutdown(wait=False)
