"""Requests to a platform: each write is recorded before the socket opens and classified after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from core.database.base import JsonObject
from core.errors import BlockedError
from core.faults import fault_point
from core.outbound.bodies import Body
from core.outbound.client import Response
from core.outbound.errors import RequestError, ResponseUnreadableError
from media_matrix import quota
from media_matrix.access import PlatformAccess
from media_matrix.platform_codes import OWN, CodeAction, CodeEntry, code_entry
from media_matrix.publishers.base import (
    AttemptOutcome,
    ChannelAccount,
    Ledger,
    NotSentError,
    OutcomeUnknownError,
    PlatformRefusedError,
    ReadFailedError,
)
from media_matrix.quota import Quota

log = structlog.get_logger(__name__)

MAX_BYTES = 2_000_000
_SERVER_ERROR = 500
_HIDDEN = "***"
_SECRET_NAMES = frozenset({"access_token", "secret", "appsecret", "authorization", "password"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``action`` is what attempts, quotas and logs call it."""

    action: str
    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Body | None = field(default=None, repr=False)
    summary: JsonObject = field(default_factory=dict)
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A clear answer of the platform, a JSON object or list."""

    status: int
    content: object
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def object(self) -> JsonObject:
        return dict(self.content) if isinstance(self.content, dict) else {}

    def list(self) -> list[JsonObject]:
        content = self.content if isinstance(self.content, list) else []
        return [dict(item) for item in content if isinstance(item, dict)]

    def text(self, name: str) -> str | None:
        value = self.object().get(name)
        return None if value is None else str(value)


class Dialect(Protocol):
    """How a platform says no: gives the code of a refusal, None when the answer is a yes."""

    def __call__(self, status: int, content: object) -> str | None: ...


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One row of the ledger until its end is known."""

    ledger: Ledger
    id: int
    is_repeatable: bool

    def end(
        self, outcome: AttemptOutcome, response: JsonObject, progress: JsonObject | None = None
    ) -> None:
        self.ledger.end(self.id, outcome, response, progress or {})

    def unknown(
        self, response: JsonObject, message: str, entry: CodeEntry | None = None
    ) -> NotSentError | OutcomeUnknownError:
        """Close the attempt without a clear answer and give the error to raise."""
        if self.is_repeatable:
            self.end(AttemptOutcome.REPEATABLE, response)
            return NotSentError(message)
        self.end(AttemptOutcome.UNKNOWN, response)
        return OutcomeUnknownError(message, entry=entry)


@dataclass(frozen=True, slots=True)
class PlatformHTTP:
    """The one way a publisher talks to its platform; never retries anything by itself."""

    platform: str
    access: PlatformAccess
    account: ChannelAccount
    dialect: Dialect

    def read(self, call: Call) -> Answer:
        """Ask. Raises ReadFailedError, or PlatformRefusedError for a clear no."""
        self._require_quota(call, may_use_reserve=False)
        try:
            response = self._request(call)
            content = response.json()
        except BlockedError as error:
            raise PlatformRefusedError(code_entry(OWN, "address_refused")) from error
        except RequestError as error:
            raise ReadFailedError(str(error)) from error
        entry = self._entry(response, content)
        if entry is None:
            return Answer(response.status, content, response.headers)
        if entry.action is CodeAction.SERVER:
            raise ReadFailedError(str(entry.explanation))
        raise PlatformRefusedError(entry)

    def write(
        self,
        call: Call,
        ledger: Ledger,
        *,
        progress: Callable[[Answer], JsonObject],
        passed: str | None = None,
        is_repeatable: bool = False,
    ) -> Answer:
        """Act at most once. ``progress`` says what a later step needs of a yes; it is saved with it.

        ``passed`` names the fault point behind the answer; ``is_repeatable`` says that a second one harms
        nobody, so that no clear answer counts as not sent. Raises NotSentError, PlatformRefusedError or
        OutcomeUnknownError; the attempt's row says the same.
        """
        self._require_quota(call, may_use_reserve=True)
        request: JsonObject = {"method": call.method, **_redacted(call.summary)}
        attempt = _Attempt(ledger, ledger.begin(call.action, request), is_repeatable)
        response = self._sent(call, attempt)
        if passed is not None:
            fault_point(passed)
        answer, entry = self._judged(response)
        shown: JsonObject = {"status": response.status}
        if answer is None:
            message = f"平台返回了看不懂的内容（状态码 {response.status}）。"
            raise attempt.unknown({**shown, "body": response.text[:500]}, message)
        shown["answer"] = _redacted(answer.object())
        if entry is None:
            attempt.end(AttemptOutcome.DONE, shown, progress(answer))
            return answer
        shown["code"] = entry.code
        if entry.action in {CodeAction.SERVER, CodeAction.MAYBE_SENT, CodeAction.PENDING}:
            raise attempt.unknown(shown, str(entry.explanation), entry)
        attempt.end(AttemptOutcome.REFUSED, shown)
        raise PlatformRefusedError(entry)

    def _sent(self, call: Call, attempt: _Attempt) -> Response:
        try:
            return self._request(call)
        except BlockedError as error:
            attempt.end(AttemptOutcome.NOT_SENT, {"error": str(error)})
            raise PlatformRefusedError(code_entry(OWN, "address_refused")) from error
        except RequestError as error:
            shown: JsonObject = {"error": str(error)}
            if not error.is_provably_not_sent:
                raise attempt.unknown(shown, str(error)) from error
            attempt.end(AttemptOutcome.NOT_SENT, shown)
            raise NotSentError(str(error)) from error

    def _judged(self, response: Response) -> tuple[Answer | None, CodeEntry | None]:
        if response.status >= _SERVER_ERROR:
            return None, None
        try:
            content = response.json()
        except ResponseUnreadableError:
            return None, None
        if not isinstance(content, dict | list):
            return None, None
        answer = Answer(response.status, content, response.headers)
        return answer, self._entry(response, content)

    def _entry(self, response: Response, content: object) -> CodeEntry | None:
        code = self.dialect(response.status, content)
        if code is None and response.is_success:
            return None
        return code_entry(self.platform, code or f"http_{response.status}")

    def _request(self, call: Call) -> Response:
        return self.access.http.request(
            call.method,
            call.url,
            params=call.params or None,
            headers=call.headers or None,
            body=call.body,
            max_bytes=MAX_BYTES,
        )

    def _require_quota(self, call: Call, *, may_use_reserve: bool) -> None:
        if call.quota is None:
            return
        if not quota.use(self.access, self.account.id, call.quota, may_use_reserve=may_use_reserve):
            log.info("quota_used_up", account_id=self.account.id, quota=call.quota.name)
            raise PlatformRefusedError(code_entry(OWN, "quota_planned"))


def _redacted(values: Mapping[str, object]) -> JsonObject:
    return {
        name: _HIDDEN if name.lower() in _SECRET_NAMES else value for name, value in values.items()
    }
