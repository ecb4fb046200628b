"""The one spider: it lives as long as the process and runs every source."""

from __future__ import annotations

import datetime as dt
import gc
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

from scrapy import Spider

from crawlers.engine.browser import Rendering
from crawlers.engine.context import CrawlContext
from crawlers.engine.fetching import Fetcher
from crawlers.engine.guards import RobotsGuard
from crawlers.engine.host_gate import HostGate
from crawlers.engine.loop import CrawlLoop
from crawlers.engine.resolver import PolicyResolver
from crawlers.visiting.claimed_work import ClaimedWork
from crawlers.visiting.host_table import HostTable
from crawlers.visiting.politeness import Manners

# A request that has had no answer for so much longer than its time limit is given up by everybody.
ANSWER_GRACE_S = 15.0


class SourceSpider(Spider):
    """Feeds Scrapy's downloader from claims instead of its scheduler, so no state is kept on disk."""

    name = "sources"

    def __init__(
        self, context: CrawlContext, stop: threading.Event, on_beat: Callable[[], None]
    ) -> None:
        super().__init__()
        self.context = context
        lease = dt.timedelta(seconds=context.timeout_s + ANSWER_GRACE_S)
        manners = Manners(context.host_delay_s, context.host_at_once, lease)
        self.gate = HostGate(HostTable(context.sessions, manners))
        self._stop = stop
        self._on_beat = on_beat

    async def start(self) -> AsyncIterator[Any]:  # Any: Scrapy's items may be anything.
        # Twisted installs its reactor when this module is first imported, so it must not be earlier.
        from twisted.internet import reactor

        resolver = PolicyResolver(reactor, self.context.policy)
        reactor.installNameResolver(resolver)
        context = self.context
        work = ClaimedWork(
            context.sessions, context.clock, context.owner,
            dt.timedelta(seconds=context.lease_s),
        )  # fmt: skip
        engine = self.crawler.engine
        robots = next(
            one for one in engine.downloader.middleware.middlewares if isinstance(one, RobotsGuard)
        )
        rendering = Rendering(self.crawler, context, may_fetch=robots.allows)
        fetcher = Fetcher(engine, resolver, timeout_s=context.timeout_s, rendering=rendering)
        # What is loaded by now stays: the collector need not go through it again and again.
        gc.collect()
        gc.freeze()
        try:
            await CrawlLoop(context, work, fetcher, stop=self._stop, on_beat=self._on_beat).run()
        finally:
            await rendering.close()
            self.gate.close()
        # Nothing is handed to the scheduler; the spider ends with the loop.
        nothing: tuple[Any, ...] = ()  # Any: as above.
        for request in nothing:
            yield request
