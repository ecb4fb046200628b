"""Scrapy's download handler with bounds of its own on what comes before a body, and the time that it took."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS

from core.clock import monotonic

# Real heads with long policies and cookies stay below a tenth of it.
LARGEST_HEAD = 131_072
_SPENT_S = "zhisheng_spent_s"


class HeadTooLargeError(Exception):
    """Status line and headers go on and on; nothing of the answer was kept."""


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    """Twisted limits the length of a header line, but not how many there are, nor how many 1xx answers."""

    _head_bytes = 0

    def request(self, request: Any) -> Any:  # Any: Twisted's own request and Deferred.
        self._head_bytes = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        super().dataReceived(data)  # type: ignore[no-untyped-call]  # Twisted is typed in part
        parser = self._parser
        if parser is None or parser.state not in {STATUS, HEADER}:
            return
        self._head_bytes += len(data)
        if self._head_bytes > LARGEST_HEAD:
            self._giveUp(Failure(HeadTooLargeError()))  # type: ignore[no-untyped-call]  # as above


class _BoundedFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> _BoundedProtocol:  # noqa: N802 (Twisted's name)
        del addr
        return _BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]  # as above


class BoundedDownloadHandler(HTTP11DownloadHandler):
    """Scrapy bounds bodies and their time; this bounds what comes before the body."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _BoundedFactory  # noqa: SLF001 (as Scrapy itself does)

    async def download_request(self, request: Request) -> Response:
        started = monotonic()
        try:
            return await super().download_request(request)
        finally:
            request.meta[_SPENT_S] = monotonic() - started


def spent_s(meta: Mapping[str, object]) -> float:
    """Tell how long a request was under way, without its wait for its turn."""
    spent = meta.get(_SPENT_S)
    return spent if isinstance(spent, float) else 0.0


def is_head_too_large(error: Exception) -> bool:
    reasons = getattr(error.__cause__ or error, "reasons", ())
    return any(isinstance(getattr(one, "value", None), HeadTooLargeError) for one in reasons)


def is_certificate_problem(error: Exception) -> bool:
    cause: BaseException | None = error.__cause__ or error
    text = f"{cause!r} {getattr(cause, 'reasons', '')!r}"
    said = text.lower()
    return isinstance(cause, ssl.SSLError) or "certificate" in said or "verificationerror" in said
