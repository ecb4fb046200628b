"""Pages that scripts write: the page comes through our own downloader, the browser only runs its scripts.

So robots.txt, redirects, politeness, sizes and time limits hold for the page as for any other. What its scripts
ask for leaves through a guard proxy and is counted. Each page has a context of its own, thrown away after it;
scrapy-playwright runs the browser, which starts when the first page needs it and ends when none has for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import structlog
from scrapy import Request
from scrapy.crawler import Crawler

from core.outbound.address_policy import AddressPolicy
from core.outbound.errors import AddressRefusedError
from crawlers.engine.chromium import browser_fault, chromium_memory_bytes, end_chromium
from crawlers.engine.context import CrawlContext
from crawlers.engine.guard_proxy import GuardProxy
from crawlers.engine.settings import LARGEST_BODY
from crawlers.failures import FailureCause, FetchFailedError, failure

log = structlog.get_logger(__name__)

# Of the time of a page: until its document is there, and until its scripts have settled.
LOADING_SHARE = 0.5
SETTLING_SHARE = 0.25
IDLE_S = 60.0
# One at a time: what the browser holds is that page's, and ending the browser ends no other page.
MOST_PAGES = 1
MOST_REQUESTS = 80
MOST_MEMORY = 1_500_000_000
MEMORY_CHECK_S = 0.2
CLOSING_S = 5.0
TOO_MUCH_MEMORY = "页面的脚本占用内存太多，已停止运行，没有采集。"
TOO_SLOW = "页面的脚本在限定时间内没有运行完，已停止，没有采集。"
NOT_STARTED = (
    "这个信源要用浏览器打开，而浏览器启动不了，没有采集；请管理员用 zhisheng doctor 检查。"
)
BROKEN = "浏览器没有打开这个页面，没有采集，稍后自动重试。"
# What text can come from. Images, media, fonts, beacons and other documents are never asked for.
_NEEDED = frozenset({"script", "stylesheet", "xhr", "fetch"})
_SNAPSHOT = "document.documentElement ? document.documentElement.outerHTML.slice(0, {most}) : ''"

MayFetch = Callable[[str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Script:
    """A page as it was fetched, for the browser to run."""

    url: str
    content_type: str
    body: bytes = field(repr=False)


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
        watching = asyncio.ensure_future(_too_much_memory())
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
        opened = _OpenPage(page, self._policy, self._may_fetch, settling_ms)
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

    def _meta(self, opened: _OpenPage, proxy: GuardProxy) -> dict[str, Any]:  # Any: Scrapy's meta.
        from scrapy_playwright.page import PageMethod

        return {
            "playwright": True,
            "playwright_context": f"page-{id(opened)}",
            "playwright_context_kwargs": {
                "proxy": proxy.settings(),
                "user_agent": self._user_agent,
                "accept_downloads": False,
                "service_workers": "block",
                "permissions": [],
                "locale": "zh-CN",
                "timezone_id": "Asia/Shanghai",
            },
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


class _OpenPage:
    """One page in its own context; what it may do, and what it has become."""

    def __init__(
        self, page: Script, policy: AddressPolicy, may_fetch: MayFetch, settling_ms: float
    ) -> None:
        self._page = page
        self._policy = policy
        self._may_fetch = may_fetch
        self._settling_ms = settling_ms
        self._context: Any = None  # Any: playwright's types exist only where it is installed.
        self._is_given = False
        self._requests = 0
        self.html = ""

    async def guard(self, page: Any, request: Request) -> None:  # Any: as above.
        """Set the guards up; called before the page goes anywhere."""
        del request
        context = page.context
        # Pages that the page opens get nothing at all.
        await context.route("**/*", lambda route: route.abort())
        await context.route_web_socket("**/*", lambda socket: socket.close())
        await page.route("**/*", self._decide)
        self._context = context

    async def _decide(self, route: Any) -> None:  # Any: as above.
        request = route.request
        if not self._is_given and request.is_navigation_request():
            self._is_given = True
            await route.fulfill(
                status=200, content_type=self._page.content_type, body=self._page.body
            )
        elif request.is_navigation_request():
            # An abandoned one leaves the page where it is; a failed one would put an error page in its place.
            await route.abort("aborted")
        elif await self._is_allowed(request.url, request.resource_type, request.method):
            await route.continue_()
        else:
            await route.abort()

    async def _is_allowed(self, url: str, kind: str, method: str) -> bool:
        self._requests += 1
        if kind not in _NEEDED or self._requests > MOST_REQUESTS:
            return False
        try:
            endpoint = self._policy.check_url(url)
        except AddressRefusedError as error:
            log.info("browser_request_refused", reason=error.reason.value)
            return False
        own = urlsplit(self._page.url)
        is_own = endpoint.host == (own.hostname or "").lower()
        if method not in {"GET", "HEAD"} and not is_own:
            return False
        return not is_own or await self._may_fetch(url)

    async def read(self, page: Any) -> None:  # Any: as above.
        """Wait for the scripts, then take the document in one step that no script can see or lengthen."""
        from playwright.async_api import TimeoutError as TooSlowError

        if self._context is None:
            # scrapy-playwright logs what its callback raises, and goes on.
            raise FetchFailedError(failure(FailureCause.INTERNAL))
        for state in ("domcontentloaded", "networkidle"):
            with suppress(TooSlowError):
                await page.wait_for_load_state(state, timeout=self._settling_ms)
        try:
            self.html = await asyncio.wait_for(self._snapshot(page), self._settling_ms / 1000)
        except TimeoutError as error:
            raise FetchFailedError(failure(FailureCause.TIMEOUT, TOO_SLOW)) from error
        # scrapy-playwright asks for the content once more, without any limit: let it be nothing.
        await page.goto("about:blank", timeout=self._settling_ms)

    async def _snapshot(self, page: Any) -> str:  # Any: as above.
        session = await self._context.new_cdp_session(page)
        tree = await session.send("Page.getFrameTree")
        # A world of its own: the page may have put its own functions in place of the browser's.
        world = await session.send(
            "Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"]}
        )
        answer = await session.send(
            "Runtime.evaluate",
            {
                "expression": _SNAPSHOT.format(most=LARGEST_BODY),
                "contextId": world["executionContextId"],
                "returnByValue": True,
                "timeout": self._settling_ms,
            },
        )
        return str(answer.get("result", {}).get("value", ""))

    async def close(self) -> None:
        if self._context is not None:
            with suppress(Exception):
                await asyncio.wait_for(self._context.close(), CLOSING_S)


async def _too_much_memory() -> None:
    """Return once the browser holds more than it may."""
    while True:
        await asyncio.sleep(MEMORY_CHECK_S)
        if await asyncio.to_thread(chromium_memory_bytes) > MOST_MEMORY:
            return
