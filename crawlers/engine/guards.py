"""Downloader middlewares: the address policy, robots.txt and bounded decompression."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol, Self, cast
from urllib.parse import urljoin, urlsplit

import structlog
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http import Response

from core.clock import monotonic
from core.outbound.decompression import ACCEPTED_ENCODINGS, bounded_body
from core.outbound.errors import AddressRefusedError, ResolutionError
from crawlers.engine.body_limit import LARGEST_BODY
from crawlers.engine.context import CrawlContext
from crawlers.engine.download import is_certificate_problem
from crawlers.engine.host_gate import HostGate
from crawlers.engine.politeness_guard import LATER_PATIENCE_S, PATIENCE
from crawlers.failures import Failure, FailureCause, FetchFailedError, NotNowError, failure
from crawlers.robots import (
    LARGEST_ROBOTS,
    UNAVAILABLE,
    RobotsRules,
    RobotsVerdict,
    robots_url,
    rules_of,
)
from crawlers.visiting.politeness import host_of

log = structlog.get_logger(__name__)

MOST_ORIGINS = 5000
MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
ROBOTS_TIMEOUT_S = 15
RESOLVED_FOR_S = 60.0
NO_ROBOTS = "连不上这个网站（robots.txt 也取不到），没有采集，稍后自动重试。"
_IS_ROBOTS = "zhisheng_robots"
_ROBOTS_BYTES = "zhisheng_robots_bytes"


class _WithContext(Protocol):
    context: CrawlContext
    gate: HostGate


def _context(crawler: Crawler) -> CrawlContext:
    # Only our one spider is ever run with these middlewares, and it carries the context.
    return cast("_WithContext", crawler.spider).context


class PolicyGuard:
    """Judges every request, redirects and robots.txt included, and says who we are.

    Names are resolved here to give a refusal its reason; the resolver judges again at the connection.
    """

    def __init__(self, crawler: Crawler) -> None:
        context = _context(crawler)
        self._policy = context.policy
        self._user_agent = context.user_agent
        self._resolved: OrderedDict[tuple[str, int], float] = OrderedDict()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        try:
            endpoint = self._policy.check_url(request.url)
            await self._resolve(endpoint.host, endpoint.port)
        except AddressRefusedError as error:
            raise FetchFailedError(failure(FailureCause.ADDRESS, str(error))) from error
        except ResolutionError as error:
            raise FetchFailedError(failure(FailureCause.UNRESOLVED)) from error
        request.headers["User-Agent"] = self._user_agent

    async def _resolve(self, host: str, port: int) -> None:
        resolved_at = self._resolved.get((host, port))
        if resolved_at is not None and monotonic() - resolved_at < RESOLVED_FOR_S:
            return
        await asyncio.to_thread(self._policy.resolve, host, port, for_url=True)
        self._resolved[host, port] = monotonic()
        self._resolved.move_to_end((host, port))
        while len(self._resolved) > MOST_ORIGINS:
            self._resolved.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Answered:
    """What a site said about robots; ``problem`` tells why it said nothing."""

    rules: RobotsRules
    problem: Failure | None = None


class RobotsGuard:
    """Obeys robots.txt; one that cannot be fetched forbids. Its Crawl-delay slows its host down."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._user_agent = _context(crawler).user_agent
        self._gate = cast("_WithContext", crawler.spider).gate
        self._timeout_s = min(ROBOTS_TIMEOUT_S, _context(crawler).timeout_s)
        self._kept: OrderedDict[str, tuple[float, asyncio.Task[_Answered]]] = OrderedDict()
        crawler.signals.connect(self._read_enough, signals.bytes_received)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _read_enough(self, data: bytes, request: Request) -> None:
        """Hang up after the first 500 KiB of a robots.txt, which are all that we must and do read."""
        if request.meta.get(_IS_ROBOTS):
            request.meta[_ROBOTS_BYTES] = request.meta.get(_ROBOTS_BYTES, 0) + len(data)
            if request.meta[_ROBOTS_BYTES] >= LARGEST_ROBOTS:
                raise StopDownload(fail=False)

    async def process_request(self, request: Request) -> None:
        if request.meta.get(_IS_ROBOTS):
            return
        patience_s = request.meta.get(PATIENCE, LATER_PATIENCE_S)
        answered = await self._answered(robots_url(request.url), patience_s)
        rules = answered.rules
        match rules.verdict(request.url, self._user_agent):
            case RobotsVerdict.FORBIDDEN:
                raise FetchFailedError(failure(FailureCause.ROBOTS))
            case RobotsVerdict.UNAVAILABLE:
                raise FetchFailedError(answered.problem or failure(FailureCause.ROBOTS_UNAVAILABLE))
            case RobotsVerdict.ALLOWED:
                delay_s = rules.crawl_delay_s(self._user_agent)
                self._gate.slow_down(host_of(request.url), robots_url(request.url), delay_s)

    async def allows(self, url: str) -> bool:
        """Answer for an address that is asked for by other means than a request of ours."""
        answered = await self._answered(robots_url(url), LATER_PATIENCE_S)
        return answered.rules.verdict(url, self._user_agent) is RobotsVerdict.ALLOWED

    async def _answered(self, url: str, patience_s: float) -> _Answered:
        kept = self._kept.get(url)
        if kept is not None:
            fetched_at, task = kept
            if not task.done() or (
                task.exception() is None
                and monotonic() - fetched_at < task.result().rules.kept_for_s
            ):
                return await asyncio.shield(task)
        task = asyncio.ensure_future(self._fetched(url, patience_s))
        self._kept[url] = (monotonic(), task)
        self._kept.move_to_end(url)
        while len(self._kept) > MOST_ORIGINS:
            self._kept.popitem(last=False)
        return await asyncio.shield(task)

    async def _fetched(self, url: str, patience_s: float) -> _Answered:
        try:
            for _ in range(MOST_REDIRECTS + 1):
                meta = {
                    _IS_ROBOTS: True, "download_timeout": self._timeout_s, "download_maxsize": 0,
                    PATIENCE: patience_s,
                }  # fmt: skip
                response = await self._crawler.engine.download_async(Request(url, meta=meta))
                location = response.headers.get("Location")
                if response.status not in REDIRECTS or location is None:
                    return _Answered(
                        await asyncio.to_thread(rules_of, response.status, response.body)
                    )
                url = urljoin(url, location.decode("latin-1"))
        except NotNowError:
            raise
        except FetchFailedError as error:
            log.info("robots_not_fetched", host=urlsplit(url).hostname, cause=error.failure.cause)
            return _Answered(UNAVAILABLE, error.failure)
        except Exception as error:  # noqa: BLE001 (a plug-in border: Scrapy raises whatever its transport did)
            log.info("robots_not_fetched", host=urlsplit(url).hostname, cause=type(error).__name__)
            if is_certificate_problem(error):
                return _Answered(UNAVAILABLE, failure(FailureCause.CERTIFICATE))
            return _Answered(UNAVAILABLE, failure(FailureCause.UNREACHABLE, NO_ROBOTS))
        return _Answered(UNAVAILABLE)


class Decompression:
    """Asks only for encodings that can be bounded, and unpacks no more than the limit."""

    def process_request(self, request: Request) -> None:
        request.headers["Accept-Encoding"] = ACCEPTED_ENCODINGS

    def process_response(self, request: Request, response: Response) -> Response:
        del request
        encoding = response.headers.get("Content-Encoding")
        if encoding is None or not response.body:
            return response
        body = bounded_body(
            [response.body], encoding=encoding.decode("latin-1"), max_bytes=LARGEST_BODY
        )
        headers = response.headers.copy()
        headers.pop("Content-Encoding", None)
        return response.replace(body=body, headers=headers)
