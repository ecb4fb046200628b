"""Pages that scripts write: the page comes through our own downloader, the browser only runs its scripts.

So robots.txt, redirects, politeness, sizes and time limits hold for the page as for any other. What its scripts
ask for leaves through a guard proxy and is counted. Each page has a context of its own, thrown away after it;
scrapy-playwright runs the browser, which starts when the first page needs it and ends when none has for a while.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from scrapy import Request
from scrapy.crawler import Crawler

from crawlers.engine.body_limit import LARGEST_BODY
from crawlers.engine.chromium import browser_fault, end_chromium
from crawlers.engine.context import CrawlContext
from crawlers.engine.guard_proxy import GuardProxy
from crawlers.engine.open_page import (
    BROKEN,
    CLOSING_S,
    LOADING_SHARE,
    SETTLING_SHARE,
    TOO_MUCH_MEMORY,
    TOO_SLOW,
    MayFetch,
    OpenPage,
    Script,
    context_settings,
    too_much_memory,
)
from crawlers.failures import FailureCause, FetchFailedError, failure

log = structlog.get_logger(__name__)

IDLE_S = 60.0
# One at a time: what the browser holds is that page's, and ending the browser ends no other page.
MOST_PAGES = 1
NOT_STARTED = (
    "这个信源要用浏览器打开，而浏览器启动不了，没有采集；请管理员用 zhisheng doctor 检查。"
)


class Rendering:
    """Runs pages in the browser; safe to make where there is none."""

    def __init__(self, crawler: Crawler, context: CrawlContext, *, may_fetch: MayFetch) -> None:
        """``may_fetch`` answers whether robots.txt allows an address."""
        self._crawler = crawler
        self._policy = context.policy
        self._user_agent = context.user_agent
        self._timeout_s = context.browser_timeout_s
        self._may_fetch = may_fetch
        self._rooms = asyncio.Semaphore(MOST_PAGES)
        self._starting = asyncio.Lock()
        # Any: scrapy-playwright is untyped, and need not be installed.
        self._handler: Any = None
        self._pages = 0
        self._closing: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, page: Script) -> bytes:
        """Give the document as it stands when its scripts have settled; raises FetchFailedError."""
        async with self._rooms:
            handler = await self._started()
            self._pages += 1
            try:
                return await self._in_time(handler, page)
            finally:
                self._pages -= 1
                self._close_later()

    async def _started(self) -> Any:  # Any: as above.
        async with self._starting:
            if self._closing is not None:
                self._closing.cancel()
                self._closing = None
            if self._handler is None:
                fault = browser_fault()
                if fault is not None:
                    raise FetchFailedError(failure(FailureCause.BROWSER_MISSING, fault))
                from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

                handler = ScrapyPlaywrightDownloadHandler(self._crawler)
                # It would start with the engine, and with it a browser that most crawlers never need.
                await handler._launch()  # noqa: SLF001 (as above)
                handler.config.target_closed_max_retries = 0
                await self._opened(handler)
                self._handler = handler
            return self._handler

    async def _opened(self, handler: Any) -> None:  # Any: as above.
        from playwright.async_api import Error

        try:
            # Otherwise the first page would pay for the start with its own time.
            await handler._maybe_launch_browser()  # noqa: SLF001 (as above)
        except Error as error:
            log.warning("browser_not_started", detail=str(error)[:300])
            with suppress(Exception):
                await asyncio.wait_for(handler.close(), CLOSING_S)
            raise FetchFailedError(failure(FailureCause.BROWSER_MISSING, NOT_STARTED)) from error

    async def _in_time(self, handler: Any, page: Script) -> bytes:  # Any: as above.
        running = asyncio.ensure_future(self._run(handler, page))
        watching = asyncio.ensure_future(too_much_memory())
        try:
            done, _ = await asyncio.wait(
                {running, watching}, timeout=self._timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if running in done:
                return running.result()
            reason, cause = (
                (TOO_MUCH_MEMORY, FailureCause.UNREADABLE)
                if watching in done
                else (TOO_SLOW, FailureCause.TIMEOUT)
            )
            log.warning("page_scripts_stopped", cause=cause.value)
            await self._abandon()
            raise FetchFailedError(failure(cause, reason))
        finally:
            for task in (running, watching):
                task.cancel()
            await asyncio.wait({running, watching}, timeout=CLOSING_S)

    async def _run(self, handler: Any, page: Script) -> bytes:  # Any: as above.
        from playwright.async_api import Error
        from playwright.async_api import TimeoutError as TooSlowError

        settling_ms = self._timeout_s * SETTLING_SHARE * 1000
        opened = OpenPage(page, self._policy, self._may_fetch, settling_ms)
        async with GuardProxy(self._policy) as proxy:
            request = Request(page.url, meta=self._meta(opened, proxy), dont_filter=True)
            try:
                await handler.download_request(request)
            except TooSlowError as error:
                raise FetchFailedError(failure(FailureCause.TIMEOUT, TOO_SLOW)) from error
            except Error as error:
                log.warning("page_not_run", error=type(error).__name__, detail=str(error)[:200])
                raise FetchFailedError(failure(FailureCause.INCOMPLETE, BROKEN)) from error
            finally:
                await opened.close()
        if len(opened.html) >= LARGEST_BODY:
            raise FetchFailedError(failure(FailureCause.TOO_LARGE))
        return opened.html.encode("utf-8", errors="replace")

    def _meta(self, opened: OpenPage, proxy: GuardProxy) -> dict[str, Any]:  # Any: Scrapy's meta.
        from scrapy_playwright.page import PageMethod

        return {
            "playwright": True,
            "playwright_context": f"page-{id(opened)}",
            "playwright_context_kwargs": context_settings(proxy, self._user_agent),
            # The page stays with us, so that its context can be thrown away whatever happens.
            "playwright_include_page": True,
            "playwright_page_init_callback": opened.guard,
            "playwright_page_goto_kwargs": {
                # A script that goes elsewhere, in vain, may keep later events from ever coming.
                "wait_until": "commit",
                "timeout": self._timeout_s * LOADING_SHARE * 1000,
            },
            "playwright_page_methods": [PageMethod(opened.read)],
        }

    async def _abandon(self) -> None:
        """End a browser that does not obey any more, with all of its pages."""
        handler, self._handler = self._handler, None
        end_chromium()
        if handler is not None:
            with suppress(Exception):
                await asyncio.wait_for(handler.close(), CLOSING_S)

    def _close_later(self) -> None:
        if self._pages == 0 and self._closing is None:
            loop = asyncio.get_running_loop()
            self._closing = loop.call_later(IDLE_S, self._close_idle)

    def _close_idle(self) -> None:
        self._closing = None
        if self._pages == 0:
            task = asyncio.ensure_future(self.close())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        async with self._starting:
            handler, self._handler = self._handler, None
            if handler is None:
                return
            try:
                await asyncio.wait_for(handler.close(), CLOSING_S)
            except Exception:
                # A plug-in border: a browser that does not end by itself is ended.
                log.exception("browser_not_closed")
                end_chromium()
