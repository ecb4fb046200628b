"""The last downloader middleware before the network: no request leaves before its host's turn."""

from __future__ import annotations

from typing import Protocol, Self, cast

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Response

from core.clock import Clock
from core.outbound.errors import ResponseTooLargeError, ResponseUnreadableError
from crawlers.engine.context import CrawlContext
from crawlers.engine.host_gate import HostGate, Pass
from crawlers.failures import BUSY_STATUSES, SERVER_ERROR, FetchFailedError, retry_after_s
from crawlers.visiting.politeness import host_of

# Pages wait less than sources, which bring the news; what a visit has begun it waits to end.
SOURCE_PATIENCE_S = 5.0
PAGE_PATIENCE_S = 2.0
LATER_PATIENCE_S = 150.0
PATIENCE = "zhisheng_patience_s"
_PASS = "zhisheng_pass"  # noqa: S105 (the key of a request's note, no secret)
# Answers that say nothing bad of the host: we refused them, or ended them ourselves.
_OURS = (
    FetchFailedError,
    DownloadCancelledError,
    ResponseTooLargeError,
    ResponseUnreadableError,
)


class _WithGate(Protocol):
    context: CrawlContext
    gate: HostGate


class PolitenessGuard:
    """Redirects, robots.txt and repetitions are requests like any other and wait like any other."""

    def __init__(self, gate: HostGate, clock: Clock) -> None:
        self._gate = gate
        self._clock = clock

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        # Only our one spider is ever run with this middleware, and it carries the gate.
        spider = cast("_WithGate", crawler.spider)
        return cls(spider.gate, spider.context.clock)

    async def process_request(self, request: Request) -> None:
        patience_s = float(request.meta.get(PATIENCE, LATER_PATIENCE_S))
        request.meta[_PASS] = await self._gate.enter(host_of(request.url), patience_s)

    def process_response(self, request: Request, response: Response) -> Response:
        held: Pass | None = request.meta.pop(_PASS, None)
        if held is not None:
            wait_s = None
            if response.status in BUSY_STATUSES:
                asked = (response.headers.get("Retry-After") or b"").decode("latin-1")
                wait_s = retry_after_s(asked, self._clock.now())
            is_well = response.status < SERVER_ERROR and response.status not in BUSY_STATUSES
            self._gate.leave(held, is_well=is_well, retry_after_s=wait_s)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        held: Pass | None = request.meta.pop(_PASS, None)
        if held is not None:
            self._gate.leave(held, is_well=None if isinstance(exception, _OURS) else False)
