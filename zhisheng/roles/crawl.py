"""Role ``crawl``: one Scrapy process that claims due sources."""

import threading

from crawlers.process import CrawlContext, run_crawler

from zhisheng.services import Services, user_agent


def run(services: Services, stop: threading.Event) -> None:
    context = CrawlContext(
        sessions=services.sessions,
        clock=services.clock,
        policy=services.policy,
        user_agent=user_agent(services.settings),
        hasher=services.hasher,
        keyring=services.keyring,
        owner=services.owner,
    )
    run_crawler(context, stop)
