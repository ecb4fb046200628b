"""What a publishing channel can do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from core.database.base import JsonObject
from core.errors import DeliveryError
from core.options import FieldSpec, Options
from media_matrix.access import PlatformAccess
from media_matrix.content import ChannelText, Cover
from media_matrix.lint import Finding
from media_matrix.platform_codes import CodeEntry
from media_matrix.publishers.comments import CommentMark, CommentPage


class Capability(StrEnum):
    PUBLISH = "publish"
    METRICS = "metrics"
    WITHDRAW = "withdraw"


class AttemptOutcome(StrEnum):
    """What became of one request that could change something."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    REPEATABLE = "repeatable"  # may have taken effect, but doing it again harms nobody
    UNKNOWN = "unknown"


class SubmitKind(StrEnum):
    PUBLISHED = "published"  # readers can see it
    ACCEPTED = "accepted"  # the platform has it and is still working
    AWAITS_PERSON = "awaits_person"  # a person goes on from here


class Verdict(StrEnum):
    FOUND = "found"
    ABSENT = "absent"
    CANNOT_TELL = "cannot_tell"


class Standing(StrEnum):
    """How a post that the platform accepted is doing."""

    PUBLISHED = "published"
    PENDING = "pending"
    REFUSED = "refused"
    TAKEN_DOWN = "taken_down"


@dataclass(frozen=True, slots=True)
class Post:
    """What goes to one account; ``key`` names it for ever (see content.delivery_key)."""

    key: str
    publication_id: int
    title: str
    digest: str | None
    variant: ChannelText
    cover: Cover | None


@dataclass(frozen=True, slots=True)
class ChannelAccount:
    id: int
    channel: str
    handle: str
    name: str
    options: Options
    secrets: Mapping[str, str] = field(repr=False)

    def text(self, name: str, default: str = "") -> str:
        value = self.options.get(name)
        return default if value is None else str(value)


class Ledger(Protocol):
    """Keeps the attempts of one publication; every call commits on its own."""

    def begin(self, action: str, request: JsonObject) -> int:
        """Write the attempt before the socket opens; raises ConflictError when the claim was lost."""

    def end(
        self, attempt: int, outcome: AttemptOutcome, response: JsonObject, progress: JsonObject
    ) -> None:
        """Save what came of it and what a later step needs; never fails because of a lost claim."""


@dataclass(frozen=True, slots=True)
class PostJob:
    """One post on its way. ``doubtful_since`` is when the oldest write without an answer began."""

    access: PlatformAccess
    account: ChannelAccount
    post: Post
    ledger: Ledger
    progress: JsonObject
    now: dt.datetime
    doubtful_since: dt.datetime | None = None

    def known(self, name: str) -> str | None:
        value = self.progress.get(name)
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class SubmitResult:
    kind: SubmitKind
    platform_id: str | None = None
    url: str | None = None
    progress: JsonObject = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """``result`` None with FOUND: an earlier step is proven, go on from ``progress``."""

    verdict: Verdict
    proof: JsonObject
    result: SubmitResult | None = None
    progress: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Confirmation:
    standing: Standing
    platform_id: str | None = None
    url: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Numbers:
    """Counts as the platform gives them; None = the platform does not say."""

    basis: str
    reads: int | None = None
    likes: int | None = None
    reposts: int | None = None
    comments: int | None = None
    is_final: bool = False
    raw: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CapabilityCheck:
    """One thing an account was tried for. ``capability`` None: a mere precondition."""

    name: str
    label: str
    is_ok: bool
    text: str
    capability: Capability | None = None


class PlatformRefusedError(DeliveryError):
    """The platform answered clearly: no. Nothing happened there."""

    def __init__(self, entry: CodeEntry) -> None:
        super().__init__(str(entry.explanation), permanent=True)
        self.entry = entry


class NotSentError(DeliveryError):
    """No byte of a write left this machine; it may be sent again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class OutcomeUnknownError(DeliveryError):
    """A write may or may not have taken effect: look at the platform before anything else."""

    def __init__(self, message: str, *, entry: CodeEntry | None = None) -> None:
        super().__init__(message, permanent=False)
        self.entry = entry


class ReadFailedError(DeliveryError):
    """A question to the platform went unanswered; asking again does no harm."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class AccountBrokenError(DeliveryError):
    """The platform refuses this account's credentials for good."""

    def __init__(self, entry: CodeEntry) -> None:
        super().__init__(str(entry.explanation), permanent=True)
        self.entry = entry


class Publisher(Protocol):
    """One channel. ``submit`` may be called again with what it saved in ``progress`` and goes on from there.

    Writes go through the job's ledger. They raise PlatformRefusedError, NotSentError, OutcomeUnknownError
    or AccountBrokenError; reads raise ReadFailedError, PlatformRefusedError or AccountBrokenError.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    options: ClassVar[tuple[FieldSpec, ...]]
    capabilities: ClassVar[frozenset[Capability]]
    probe_delay: ClassVar[dt.timedelta]

    def lint(self, variant: ChannelText, *, digest: str | None = None) -> list[Finding]: ...

    def submit(self, job: PostJob) -> SubmitResult: ...

    def probe(self, job: PostJob) -> ProbeResult: ...

    def confirm(self, job: PostJob) -> Confirmation: ...

    def metrics(self, job: PostJob) -> Numbers | None: ...

    def metrics_due(self, published_at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
        """When to read the numbers next after ``now``; None: no more."""

    def comments(
        self, job: PostJob, since: CommentMark, *, counted: int | None
    ) -> CommentPage | None:
        """Read what readers wrote since the mark, a bounded number of pages; None: nobody can write there.

        ``counted`` is the number of comments just read with the other numbers, None where unknown.
        """

    def withdraw(self, job: PostJob) -> None: ...

    def check(self, access: PlatformAccess, account: ChannelAccount) -> list[CapabilityCheck]: ...
