"""Fetching a page through Scrapy's downloader, redirect by redirect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import structlog
from scrapy import Request
from scrapy.core.engine import ExecutionEngine
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Response

from core.outbound.errors import ResponseTooLargeError, ResponseUnreadableError
from crawlers.engine.browser import Rendering
from crawlers.engine.download import is_certificate_problem, is_head_too_large, spent_s
from crawlers.engine.guards import MOST_REDIRECTS, REDIRECTS
from crawlers.engine.open_page import Script
from crawlers.engine.politeness_guard import LATER_PATIENCE_S, PATIENCE
from crawlers.engine.resolver import PolicyResolver
from crawlers.evidence.raw_responses import SentRequest
from crawlers.failures import Failure, FailureCause, FetchFailedError, failure, status_failure
from crawlers.meta_refresh import refresh_target
from crawlers.source_keys import RequestKey

log = structlog.get_logger(__name__)

HEAD_TOO_LARGE = "网站的回答头部大得不正常，已停止读取，没有保存。"
LOGIN_WALL = "网站要求先登录才能看这个页面；职声不登录，没有采集。"
NOT_MODIFIED = 304
_OF_ONE_VERSION = frozenset({"If-None-Match", "If-Modified-Since"})
OK = 200


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page, or the site's word that it has not changed. Header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    request: SentRequest | None = None

    @property
    def is_unchanged(self) -> bool:
        return self.status == NOT_MODIFIED


class Fetcher:
    """Every request passes the guards, because every request passes the downloader's middlewares."""

    def __init__(
        self,
        engine: ExecutionEngine,
        resolver: PolicyResolver,
        *,
        timeout_s: float,
        rendering: Rendering,
    ) -> None:
        """``timeout_s`` holds for a page with all its redirects; waiting for a host's turn is not part of it."""
        self._engine = engine
        self._resolver = resolver
        self._timeout_s = timeout_s
        self._rendering = rendering

    async def fetch_run(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        patience_s: float = LATER_PATIENCE_S,
        key: RequestKey | None = None,
    ) -> Fetched:
        """Fetch a page and let the browser run its scripts.

        What the site says of its version holds for the bare page alone, so it is neither sent nor kept.
        """
        plain = {name: value for name, value in headers.items() if name not in _OF_ONE_VERSION}
        fetched = await self.fetch(url, plain, patience_s=patience_s, key=key)
        content_type = fetched.headers.get("content-type", "text/html")
        if "html" not in content_type.lower():
            return fetched
        body = await self._rendering.run(Script(fetched.url, content_type, fetched.body))
        kept = {
            name: value
            for name, value in fetched.headers.items()
            if name not in {"etag", "last-modified", "content-length"}
        }
        kept["content-type"] = "text/html; charset=utf-8"
        asked = fetched.request and replace(fetched.request, is_browser=True)
        return replace(fetched, headers=kept, body=body, request=asked)

    async def fetch(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        patience_s: float = LATER_PATIENCE_S,
        key: RequestKey | None = None,
    ) -> Fetched:
        """Follow redirects, those of a page itself too; with a ``body`` the first request is a POST, the others never are.

        The ``key`` goes to its own site alone, wherever that redirects to.

        ``patience_s`` is how long the first request may wait for its host's turn; NotNowError says that it
        would have to wait longer.

        Raises FetchFailedError that says why there is no page.
        """
        left_s = self._timeout_s
        for _ in range(MOST_REDIRECTS + 1):
            meta: dict[str, object] = {"download_timeout": left_s, PATIENCE: patience_s}
            patience_s = LATER_PATIENCE_S
            keyed = {**headers, **key.headers(url)} if key else headers
            response = await self._answer(url, keyed, body, meta)
            body = None
            left_s -= spent_s(meta)
            if left_s <= 0:
                raise FetchFailedError(failure(FailureCause.TIMEOUT))
            answered = _header_map(response)
            location = _location(url, response, answered)
            if location is not None:
                url = _target(url, location)
                if is_login(url):
                    raise FetchFailedError(failure(FailureCause.FORBIDDEN, LOGIN_WALL))
                continue
            if response.status not in {OK, NOT_MODIFIED}:
                retry_after = answered.get("retry-after", "")
                raise FetchFailedError(
                    status_failure(response.status, retry_after, now=_said_at(answered))
                )
            return Fetched(url, response.status, answered, response.body, _sent(response))
        raise FetchFailedError(failure(FailureCause.REDIRECTS))

    async def _answer(
        self, url: str, headers: Mapping[str, str], body: bytes | None, meta: dict[str, object]
    ) -> Response:
        method = "GET" if body is None else "POST"
        try:
            # Scrapy copies what it is given, and its handler notes the time in the copy.
            request = Request(
                url, method=method, headers=dict(headers), body=body or b"", meta=meta
            )
        except ValueError:
            raise FetchFailedError(failure(FailureCause.ADDRESS)) from None
        try:
            response = await self._engine.download_async(request)
        except FetchFailedError:
            raise
        except Exception as error:
            # A plug-in border: the downloader raises whatever its transport did.
            found = self._failure(error, urlsplit(url).hostname or "")
            if found.cause is FailureCause.INTERNAL:
                log.exception("fetch_failed_unexpectedly", host=urlsplit(url).hostname)
            raise FetchFailedError(found) from error
        meta.update(request.meta)
        return response

    def _failure(self, error: Exception, host: str) -> Failure:
        if isinstance(error, CannotResolveHostError) and self._resolver.is_refused(host):
            return failure(FailureCause.ADDRESS)
        if is_head_too_large(error):
            return failure(FailureCause.TOO_LARGE, HEAD_TOO_LARGE)
        if isinstance(error, ResponseUnreadableError):
            return failure(FailureCause.UNREADABLE, str(error))
        for kind, cause in _CAUSES:
            if isinstance(error, kind):
                if cause is FailureCause.INCOMPLETE and is_certificate_problem(error):
                    return failure(FailureCause.CERTIFICATE)
                return failure(cause)
        return failure(FailureCause.INTERNAL)


_CAUSES: tuple[tuple[type[Exception], FailureCause], ...] = (
    (CannotResolveHostError, FailureCause.UNRESOLVED),
    (DownloadConnectionRefusedError, FailureCause.UNREACHABLE),
    (DownloadTimeoutError, FailureCause.TIMEOUT),
    (DownloadCancelledError, FailureCause.TOO_LARGE),
    (ResponseTooLargeError, FailureCause.BOMB),
    (ResponseDataLossError, FailureCause.INCOMPLETE),
    (DownloadFailedError, FailureCause.INCOMPLETE),
    (OSError, FailureCause.UNREACHABLE),
)


def _location(url: str, response: Response, answered: Mapping[str, str]) -> str | None:
    """Give where an answer, or the page in it, sends us on to."""
    if response.status == OK:
        return refresh_target(response.body, url, answered.get("content-type", ""))
    location = response.headers.get("Location")
    if response.status not in REDIRECTS or location is None:
        return None
    return location.decode("utf-8", errors="replace")


def is_login(url: str) -> bool:
    """Tell whether an address that a site sends us to is its sign-in page."""
    parts = urlsplit(url)
    segments = {segment.partition(".")[0] for segment in parts.path.lower().split("/")}
    first_label = (parts.hostname or "").partition(".")[0].lower()
    return first_label in _LOGIN_HOSTS or bool(segments & _LOGIN_PATHS)


_LOGIN_HOSTS = frozenset({"login", "passport", "sso", "auth", "account", "accounts", "cas"})
_LOGIN_PATHS = frozenset(
    {"login", "signin", "sign_in", "sign-in", "logon", "passport", "sso", "cas", "userlogin"}
)


def _target(url: str, location: str) -> str:
    try:
        target = urljoin(url, location).partition("#")[0]
        scheme = urlsplit(target).scheme
    except ValueError:
        raise FetchFailedError(failure(FailureCause.ADDRESS)) from None
    if scheme not in {"http", "https"}:
        raise FetchFailedError(
            failure(FailureCause.ADDRESS, f"网站把我们转到 {scheme} 地址，为安全起见没有访问。")
        )
    return target


def _sent(response: Response) -> SentRequest | None:
    request = response.request
    if request is None:
        return None
    headers = {
        name.decode("latin-1"): (request.headers.get(name) or b"").decode("latin-1")
        for name in request.headers
    }
    address = str(response.ip_address) if response.ip_address else None
    return SentRequest(request.method, request.url, headers, address, body=request.body)


def _said_at(headers: Mapping[str, str]) -> dt.datetime | None:
    """Read the site's own clock: a date in Retry-After is meant by it."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(dt.UTC)
    except ValueError:
        return None


def _header_map(response: Response) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): (response.headers.get(name) or b"").decode("latin-1")
        for name in response.headers
    }
