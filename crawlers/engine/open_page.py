"""One page in the browser: what it may ask for, and the document that it has become."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import structlog

from core.outbound.address_policy import AddressPolicy
from core.outbound.errors import AddressRefusedError
from crawlers.engine.body_limit import LARGEST_BODY
from crawlers.engine.chromium import chromium_memory_bytes
from crawlers.engine.guard_proxy import GuardProxy
from crawlers.failures import FailureCause, FetchFailedError, failure

log = structlog.get_logger(__name__)

MOST_REQUESTS = 80
MOST_MEMORY = 1_500_000_000
MEMORY_CHECK_S = 0.2
CLOSING_S = 5.0
# Of the time of a page: until its document is there, and until its scripts have settled.
LOADING_SHARE = 0.5
SETTLING_SHARE = 0.25
TOO_MUCH_MEMORY = "页面的脚本占用内存太多，已停止运行，没有采集。"
TOO_SLOW = "页面的脚本在限定时间内没有运行完，已停止，没有采集。"
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


def context_settings(proxy: GuardProxy, user_agent: str) -> dict[str, object]:
    """Give what a context is opened with: a way out through the proxy alone, and no rights."""
    return {
        "proxy": proxy.settings(),
        "user_agent": user_agent,
        "accept_downloads": False,
        "service_workers": "block",
        "permissions": [],
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
    }


class OpenPage:
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

    async def guard(self, page: Any, request: object = None) -> None:  # Any: as above.
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


async def too_much_memory() -> None:
    """Return once the browser holds more than it may."""
    while True:
        await asyncio.sleep(MEMORY_CHECK_S)
        if await asyncio.to_thread(chromium_memory_bytes) > MOST_MEMORY:
            return
