"""Why a request failed, and whether the other side may have seen it."""

from enum import StrEnum

from core.errors import BlockedError, FetchError


class RequestOutcome(StrEnum):
    """What the other side can know of a request that brought no answer."""

    NOT_SENT = "not_sent"  # Provably no byte of the request left: it may be repeated.
    UNKNOWN = "unknown"  # It may have been received and acted upon: look before repeating.


class RequestError(FetchError):
    """No usable answer. ``outcome`` says whether the request may have taken effect."""

    def __init__(self, message: str, *, retryable: bool, outcome: RequestOutcome) -> None:
        super().__init__(message, retryable=retryable)
        self.outcome = outcome

    @property
    def is_provably_not_sent(self) -> bool:
        return self.outcome is RequestOutcome.NOT_SENT


class ResponseTooLargeError(RequestError):
    """The body, as sent or once decompressed, is over the limit; it was not kept."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False, outcome=RequestOutcome.UNKNOWN)


class ResponseUnreadableError(RequestError):
    """An answer came, but its encoding, JSON or redirects make no sense."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False, outcome=RequestOutcome.UNKNOWN)


class RefusalReason(StrEnum):
    SCHEME = "scheme"
    CREDENTIALS = "credentials"
    HOST = "host"
    PORT = "port"
    NOT_GLOBAL = "not_global"


class AddressRefusedError(BlockedError):
    """Our own policy forbids the address. Nothing was sent to it."""

    def __init__(self, message: str, *, reason: RefusalReason) -> None:
        super().__init__(message)
        self.reason = reason
        self.outcome = RequestOutcome.NOT_SENT


class ResolutionError(Exception):
    """A host name could not be resolved; the client turns it into a RequestError."""
