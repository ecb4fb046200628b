"""The error tree. Messages name the thing, its value and what was allowed.

ZhishengError
├── ConfigurationError ── UnknownPluginError, DuplicatePluginError, InvalidOptionsError
├── CrawlError ── FetchError(retryable), BlockedError, ExtractionError
├── AnalysisError
├── StorageError ── ConflictError, UnavailableError
├── DeliveryError(permanent)
├── WorkflowError ── IllegalTransitionError, SeparationOfDutiesError
└── AccessDeniedError
"""


class ZhishengError(Exception):
    """What every error of the product derives from; its text may be shown to a user."""


class ConfigurationError(ZhishengError):
    """A setting, data file or plug-in table is wrong; the process must not start with it."""


class UnknownPluginError(ConfigurationError):
    pass


class DuplicatePluginError(ConfigurationError):
    pass


class InvalidOptionsError(ConfigurationError):
    """Options of a plug-in were refused.

    ``faults`` maps an option's name to a Chinese sentence for the form field.
    """

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__("；".join(faults.values()))
        self.faults = faults


class CrawlError(ZhishengError):
    pass


class FetchError(CrawlError):
    """A page could not be fetched; ``retryable`` tells whether a later try may succeed."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class BlockedError(CrawlError):
    """The site or our own address policy forbids the request; retrying is no use."""


class ExtractionError(CrawlError):
    pass


class AnalysisError(ZhishengError):
    pass


class StorageError(ZhishengError):
    pass


class ConflictError(StorageError):
    """Somebody else changed the row first; read it again."""


class UnavailableError(StorageError):
    """The database or the search engine does not answer; nothing was written."""


class DeliveryError(ZhishengError):
    """A message was refused; ``permanent`` is the one bit the retry loop needs."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class WorkflowError(ZhishengError):
    pass


class IllegalTransitionError(WorkflowError):
    pass


class SeparationOfDutiesError(WorkflowError):
    pass


class AccessDeniedError(ZhishengError):
    pass
