"""Role ``crawl``: one Scrapy process that claims due sources."""

import os
import threading

from crawlers.process import CrawlContext, run_crawler
from zhisheng.services import Services, user_agent

DEMO_DELAY_S = 0.05
POLITE_DELAY_S = 1.0


def run(services: Services, stop: threading.Event) -> None:
    context = CrawlContext(
        sessions=services.sessions,
        clock=services.clock,
        policy=services.policy,
        user_agent=user_agent(services.settings),
        hasher=services.hasher,
        keyring=services.keyring,
        owner=services.owner,
        # The demo's sites are our own; anybody else's get a polite second.
        replay_folder=services.home.replay_folder,
        host_delay_s=DEMO_DELAY_S if services.settings.demo else POLITE_DELAY_S,
        # One more than cores, so that none waits while a page is handed over; what is never needed never starts.
        extraction_workers=(os.cpu_count() or 1) + 1,
    )
    run_crawler(context, stop)
