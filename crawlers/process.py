"""Running a crawl process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from crawlers.engine.context import CrawlContext

__all__ = ["CrawlContext", "run_crawler"]


def _no_beat() -> None:
    """Take the place of a heartbeat that nobody wants."""


def run_crawler(
    context: CrawlContext, stop: threading.Event, on_beat: Callable[[], None] = _no_beat
) -> None:
    """Run sources until ``stop`` is set; call it in the main thread, once in a process.

    Signals stay with the caller. ``on_beat`` is called at least once a second while the loop lives.
    """
    # Scrapy brings Twisted, whose reactor can run once only: importing it is part of starting.
    from scrapy.crawler import AsyncCrawlerProcess

    from crawlers.engine.settings import scrapy_settings
    from crawlers.engine.spider import SourceSpider

    process = AsyncCrawlerProcess(scrapy_settings(context))
    process.crawl(SourceSpider, context=context, stop=stop, on_beat=on_beat)
    process.start(install_signal_handlers=False)
