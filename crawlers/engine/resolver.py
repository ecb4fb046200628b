"""Scrapy resolves names through our address policy, and connects only to what it allowed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import structlog
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IHostResolution
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure
from zope.interface import implementer

from core.outbound.address_policy import AddressPolicy
from core.outbound.errors import AddressRefusedError, ResolutionError

log = structlog.get_logger(__name__)

MOST_REFUSALS = 1000


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Do nothing: the policy's own time-out ends the question."""


@implementer(IHostnameResolver)
class PolicyResolver:
    """Answers only addresses that the policy allows; remembers which hosts it refused.

    An answer without addresses reads as "not found" to the connection, so the reason is kept here.
    """

    def __init__(
        self, reactor: Any, policy: AddressPolicy
    ) -> None:  # Any: Twisted's reactor type is a union of interfaces.
        self._reactor = reactor
        self._policy = policy
        self._refused: OrderedDict[str, None] = OrderedDict()

    def is_refused(self, host: str) -> bool:
        return host.lower() in self._refused

    def resolveHostName(  # noqa: N802 (the interface's name)
        self,
        resolutionReceiver: Any,  # noqa: N803 (as above)
        hostName: str,  # noqa: N803 (as above)
        portNumber: int = 0,  # noqa: N803 (as above)
        addressTypes: Sequence[type] | None = None,  # noqa: N803, ARG002 (as above)
        transportSemantics: str = "TCP",  # noqa: N803, ARG002 (as above)
    ) -> Any:
        # Any: mypy cannot read zope's interfaces, whose methods name no self.
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        asked = deferToThreadPool(
            self._reactor, self._reactor.getThreadPool(), self._allowed, hostName, portNumber
        )

        def answer(addresses: list[str]) -> None:
            for address in addresses:
                kind = IPv6Address if ":" in address else IPv4Address
                resolutionReceiver.addressResolved(kind("TCP", address, portNumber))
            resolutionReceiver.resolutionComplete()

        def refuse(problem: Failure) -> None:
            if isinstance(problem.value, AddressRefusedError):
                self._remember(hostName)
            elif not isinstance(problem.value, ResolutionError):
                log.error("resolution_failed", error=type(problem.value).__name__)
            resolutionReceiver.resolutionComplete()

        asked.addCallbacks(answer, refuse)
        return resolution

    def _allowed(self, host: str, port: int) -> list[str]:
        return self._policy.resolve(host, port, for_url=True)

    def _remember(self, host: str) -> None:
        self._refused[host.lower()] = None
        while len(self._refused) > MOST_REFUSALS:
            self._refused.popitem(last=False)
