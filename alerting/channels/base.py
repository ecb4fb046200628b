"""What a notification channel is, and how it may fail."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.errors import DeliveryError
from core.options import FieldSpec, Options
from core.outbound.address_policy import AddressPolicy
from core.outbound.client import HTTPClient

TIMEOUT_S = 15.0
"""The most one send may take; the lease of a delivery is more than twice as long."""


class Idempotency(StrEnum):
    """What can be done when the outcome of a send is unknown."""

    KEY = "key"  # the provider drops a second message with the same key
    READABLE = "readable"  # we can ask the provider whether it has the message
    BLIND = "blind"  # neither: one resend, marked 重发


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``count`` sends in any ``per``."""

    count: int
    per: dt.timedelta


@dataclass(frozen=True, slots=True)
class Message:
    """``key`` is the idempotency key; ``link`` is absolute, or None."""

    key: str
    title: str
    body: str
    link: str | None
    is_resend: bool = False

    @property
    def shown_title(self) -> str:
        return f"【重发】{self.title}" if self.is_resend else self.title


@dataclass(frozen=True, slots=True)
class Recipient:
    person_id: int
    name: str
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Transport:
    """The ways out of this machine; both keep the address policy."""

    http: HTTPClient
    policy: AddressPolicy


class RefusedError(DeliveryError):
    """The provider or the address refuses this message; another try is no use."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class RetryableError(DeliveryError):
    """Nothing was delivered and a later try may succeed; ``wait_s`` is what the provider asked for."""

    def __init__(self, message: str, *, wait_s: float | None = None) -> None:
        super().__init__(message, permanent=False)
        self.wait_s = wait_s


class OutcomeUnknownError(DeliveryError):
    """The message may have been delivered: look, or wait the lease out, before sending again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class Channel(Protocol):
    """One way to reach people. ``max_length`` counts bytes of UTF-8 in one message, None: unlimited."""

    name: str
    label: str
    options: tuple[FieldSpec, ...]
    idempotency: Idempotency
    max_length: int | None
    rate: Rate | None

    def can_reach(self, recipient: Recipient) -> bool: ...

    def send(
        self, message: Message, recipient: Recipient, options: Options, transport: Transport
    ) -> Receipt:
        """Hand the message over; raises RefusedError, RetryableError or OutcomeUnknownError."""
        ...

    def find(
        self, message: Message, recipient: Recipient, options: Options, transport: Transport
    ) -> Receipt | None:
        """Ask a READABLE provider for the message; None when it has none."""
        ...


def pieces(text: str, limit: int) -> list[str]:
    """Split a text into parts of at most ``limit`` bytes of UTF-8, at line ends where that is possible."""
    parts: list[str] = []
    rest = text
    while len(rest.encode()) > limit:
        head = rest.encode()[:limit].decode(errors="ignore")
        cut = head.rfind("\n")
        head = head[: cut + 1] if cut > 0 else head
        parts.append(head)
        rest = rest[len(head) :]
    return [*parts, rest] if rest or not parts else parts
