"""Connections to checked addresses only, under one deadline for the whole exchange."""

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from core.outbound.address_policy import AddressPolicy
from core.outbound.errors import RequestOutcome

_WRITE_PIECE = 65536


class Exchange:
    """One request under way: its deadline, and whether a byte of it has left."""

    def __init__(self, *, timeout_s: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = monotonic() + timeout_s
        self.outcome = RequestOutcome.NOT_SENT

    def remaining_s(self) -> float:
        return self._ends_at - self._monotonic()

    def limited(self, timeout: float | None, expired: type[Exception]) -> float:
        """Return the shorter of a step's own time-out and what is left of the whole."""
        remaining = self.remaining_s()
        if remaining <= 0:
            raise expired("deadline")
        return remaining if timeout is None else min(timeout, remaining)


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves through the policy and connects to the very address that was checked."""

    def __init__(self, policy: AddressPolicy, exchange: Exchange) -> None:
        self._policy = policy
        self._exchange = exchange
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # Any: httpcore's own socket option tuples.
    ) -> httpcore.NetworkStream:
        addresses = self._policy.resolve(host, port, for_url=True)
        for position, address in enumerate(addresses, start=1):
            try:
                stream = self._backend.connect_tcp(
                    address,
                    port,
                    timeout=self._exchange.limited(timeout, httpcore.ConnectTimeout),
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if position == len(addresses):
                    raise
            else:
                return _ExchangeStream(stream, self._exchange)
        raise httpcore.ConnectError("no address")  # pragma: no cover - resolve answers at least one


class _ExchangeStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, exchange: Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        limit = self._exchange.limited(timeout, httpcore.ReadTimeout)
        return self._stream.read(max_bytes, limit)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # The TLS handshake does not pass here, so a failed one still counts as not sent.
        for start in range(0, len(buffer), _WRITE_PIECE):
            limit = self._exchange.limited(timeout, httpcore.WriteTimeout)
            self._exchange.outcome = RequestOutcome.UNKNOWN
            self._stream.write(buffer[start : start + _WRITE_PIECE], limit)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit = self._exchange.limited(timeout, httpcore.ConnectTimeout)
        return _ExchangeStream(
            self._stream.start_tls(ssl_context, server_hostname, limit), self._exchange
        )

    def get_extra_info(self, info: str) -> Any:  # Any: httpcore answers sockets and TLS objects.
        return self._stream.get_extra_info(info)
