"""The HTTP client that every part of the product uses."""

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import urljoin

import httpcore
import httpx
import structlog

from core.clock import monotonic
from core.outbound.address_policy import AddressPolicy, Endpoint
from core.outbound.bodies import Body, built_request
from core.outbound.connection import CheckedBackend, Exchange
from core.outbound.decompression import ACCEPTED_ENCODINGS, bounded_body
from core.outbound.errors import (
    AddressRefusedError,
    RefusalReason,
    RequestError,
    ResolutionError,
    ResponseTooLargeError,
    ResponseUnreadableError,
)
from core.outbound.rate import HostRate
from core.outbound.redaction import redacted_url

log = structlog.get_logger(__name__)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# All that may follow a redirect to another host: everything else could be a credential.
_HARMLESS_HEADERS = frozenset({"accept", "accept-language", "user-agent", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class ClientLimits:
    timeout_s: float = 20.0
    connect_timeout_s: float = 10.0
    max_bytes: int = 5_000_000
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of any status; header names are in lower case."""

    status: int
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return self.status // 100 == 2  # noqa: PLR2004 - the 2xx class of RFC 9110

    @property
    def text(self) -> str:
        """The body as UTF-8, or in the charset that its header names."""
        charset = httpx.Response(200, headers=dict(self.headers)).charset_encoding
        try:
            return self.content.decode(charset or "utf-8", errors="replace")
        except LookupError:
            return self.content.decode(errors="replace")

    def json(self) -> object:
        """Raise ResponseUnreadableError when the body is no JSON."""
        try:
            answer: object = json.loads(self.content)
        except (ValueError, RecursionError):
            raise ResponseUnreadableError(
                f"{redacted_url(self.url)} 返回的不是有效的 JSON（状态码 {self.status}）。"
            ) from None
        return answer


class HTTPClient:
    """Sends one request at a time per call; safe to share between threads.

    Each request has its own connection, so an answer can never be lost to a stale one, and a
    failure before the first byte is known to have had no effect.
    """

    def __init__(  # noqa: PLR0913 - the composition root sets each of these apart
        self,
        policy: AddressPolicy,
        *,
        user_agent: str,
        monotonic: Callable[[], float] = monotonic,
        sleep: Callable[[float], None] = time.sleep,
        limits: ClientLimits | None = None,
        rate: HostRate | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self.user_agent = user_agent
        self._monotonic = monotonic
        self._sleep = sleep
        self._limits = limits or ClientLimits()
        self._rate = rate
        self._ssl_context = ssl_context or httpx.create_ssl_context(trust_env=False)

    def request(  # noqa: PLR0913 - each is an independent part of an HTTP request
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Body | None = None,
        timeout_s: float | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """Return the answer, whatever its status. Only GET and HEAD follow redirects.

        ``timeout_s`` bounds the whole exchange, waiting for the rate and redirects included.
        Raises AddressRefusedError, and RequestError with its ``outcome``.
        """
        limits = self._limits
        if timeout_s is not None:
            limits = replace(limits, timeout_s=timeout_s)
        if max_bytes is not None:
            limits = replace(limits, max_bytes=max_bytes)
        exchange = Exchange(timeout_s=limits.timeout_s, monotonic=self._monotonic)
        self._policy.check_url(url)
        request = built_request(
            method.upper(),
            _parsed_url(url),
            headers=self._headers(headers),
            params=params,
            body=body,
        )
        return self._followed(request, exchange, limits)

    def _headers(self, headers: Mapping[str, str] | None) -> httpx.Headers:
        merged = httpx.Headers({"user-agent": self.user_agent, "accept": "*/*"})
        merged.update(dict(headers or {}))
        # Set last: an encoding that we cannot bound must never be asked for.
        merged["accept-encoding"] = ACCEPTED_ENCODINGS
        return merged

    def _followed(
        self, request: httpx.Request, exchange: Exchange, limits: ClientLimits
    ) -> Response:
        for _ in range(limits.max_redirects + 1):
            response = self._exchanged(request, exchange, limits)
            location = response.headers.get("location")
            is_followed = response.status in _REDIRECTS and request.method in {"GET", "HEAD"}
            if not is_followed or location is None:
                return response
            request = _redirected(request, location, self._policy)
        raise ResponseUnreadableError(
            f"{redacted_url(str(request.url))} 跳转超过 {limits.max_redirects} 次，已停止。"
        )

    def _exchanged(
        self, request: httpx.Request, exchange: Exchange, limits: ClientLimits
    ) -> Response:
        shown = redacted_url(str(request.url))
        endpoint = self._policy.check_url(str(request.url))
        self._wait_for_rate(endpoint, exchange, shown)
        try:
            response = self._answered(request, exchange, limits)
        except AddressRefusedError as error:
            log.info("address_refused", url=shown, reason=error.reason)
            raise
        except (ResponseTooLargeError, ResponseUnreadableError) as error:
            log.info("http_answer_refused", url=shown, reason=type(error).__name__)
            raise
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            log.info(
                "http_request_failed",
                url=shown,
                reason=type(error).__name__,
                outcome=exchange.outcome,
            )
            raise _request_error(error, exchange, shown) from error
        except ResolutionError as error:
            log.info("host_unresolved", url=shown)
            raise RequestError(
                f"{error}，请求没有发出。", retryable=True, outcome=exchange.outcome
            ) from error
        log.debug("http_answered", method=request.method, url=shown, status=response.status)
        return response

    def _wait_for_rate(self, endpoint: Endpoint, exchange: Exchange, shown: str) -> None:
        if self._rate is None:
            return
        wait = self._rate.reserve(endpoint.host, longest_wait_s=max(0.0, exchange.remaining_s()))
        if wait is None:
            raise RequestError(
                f"对 {shown} 的访问已达到频率上限，请求没有发出。",
                retryable=True,
                outcome=exchange.outcome,
            )
        if wait > 0:
            self._sleep(wait)

    def _answered(
        self, request: httpx.Request, exchange: Exchange, limits: ClientLimits
    ) -> Response:
        timeouts = {
            "connect": limits.connect_timeout_s,
            "read": limits.timeout_s,
            "write": limits.timeout_s,
            "pool": limits.timeout_s,
        }
        with (
            httpcore.ConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=1,
                max_keepalive_connections=0,
                network_backend=CheckedBackend(self._policy, exchange),
            ) as pool,
            pool.stream(
                request.method,
                httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.read(),
                extensions={"timeout": timeouts},
            ) as answer,
        ):
            headers = httpx.Headers(answer.headers)
            content = b""
            if request.method != "HEAD":
                content = bounded_body(
                    answer.iter_stream(),
                    encoding=headers.get("content-encoding", ""),
                    max_bytes=limits.max_bytes,
                )
            return Response(
                status=answer.status,
                url=str(request.url),
                headers=MappingProxyType(dict(headers)),
                content=content,
            )


def _parsed_url(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL:
        raise AddressRefusedError("地址的写法不正确。", reason=RefusalReason.HOST) from None


def _redirected(request: httpx.Request, location: str, policy: AddressPolicy) -> httpx.Request:
    target = _parsed_url(urljoin(str(request.url), location)).copy_with(fragment=None)
    policy.check_url(str(target))
    headers = httpx.Headers(request.headers)
    headers.pop("host", None)
    origin = (request.url.scheme, request.url.host, request.url.port)
    if origin != (target.scheme, target.host, target.port):
        kept = {name: value for name, value in headers.items() if name in _HARMLESS_HEADERS}
        headers = httpx.Headers(kept)
    return httpx.Request(request.method, target, headers=headers)


def _request_error(error: Exception, exchange: Exchange, shown: str) -> RequestError:
    if isinstance(error.__cause__ or error.__context__, ssl.SSLCertVerificationError):
        return RequestError(
            f"{shown} 的证书无法验证，请求没有发出。", retryable=False, outcome=exchange.outcome
        )
    if isinstance(error, httpcore.TimeoutException):
        what = f"访问 {shown} 超时"
    elif isinstance(error, httpcore.ConnectError):
        what = f"无法连接 {shown}"
    elif isinstance(error, httpcore.ProtocolError):
        what = f"{shown} 没有给出完整的回答"
    else:
        what = f"与 {shown} 的连接中断"
    failure = RequestError("", retryable=True, outcome=exchange.outcome)
    state = "请求没有发出" if failure.is_provably_not_sent else "请求可能已经送达"
    return RequestError(f"{what}，{state}。", retryable=True, outcome=exchange.outcome)
