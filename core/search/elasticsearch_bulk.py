"""Bulk requests: every item's own outcome, and patience where the cluster is busy."""

import random
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import product
from typing import TypedDict, cast

import structlog
from elasticsearch import ApiError, Elasticsearch

from core.errors import UnavailableError
from core.search.base import IndexFailure, IndexResult

log = structlog.get_logger(__name__)

# A document's index is gone when a rebuild has just put another in its place.
_BUSY = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.NOT_FOUND}
)
# Too large as a whole, or spoiled by one item that the cluster will not even look at: find which.
_SPLIT = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.BAD_REQUEST})
_MOST = 500
_LEAST = 25
_CHARACTERS = 2_000_000
"""About 6 MB of Chinese text in UTF-8: well below the 100 MB at which a request is refused."""
_SHARD_WAIT = "5s"
"""Shorter than our own patience, so that one missing shard costs its own documents only."""
_REASONS: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "内容与索引的字段定义不符，请重建索引后重试",
    HTTPStatus.FORBIDDEN: "索引不许写入",
    HTTPStatus.NOT_FOUND: "索引刚被重建替换，稍后自动再试",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "内容太大",
    HTTPStatus.TOO_MANY_REQUESTS: "检索引擎正忙或磁盘快满，稍后自动再试",
    HTTPStatus.SERVICE_UNAVAILABLE: "检索引擎的分片暂时不可用，稍后自动再试",
}
# The cluster repeats the text that it could not read; no message of ours may hold it.
_QUOTES = (
    "Preview of field's value",
    "preview of field's value",
    "The prefix of the first immense",
)


@dataclass(frozen=True, slots=True)
class IndexOperation:
    """`alias` names the one index that may take the document, and nothing once that index is gone."""

    alias: str
    id: int
    revision: int
    source: dict[str, object]
    characters: int


@dataclass(slots=True)
class Pace:
    """How many documents go into one request: halved when the cluster is busy, raised again slowly."""

    size: int = _MOST

    def slow_down(self) -> None:
        self.size = max(self.size // 2, _LEAST)

    def speed_up(self) -> None:
        self.size = min(self.size + _LEAST, _MOST)


@dataclass(slots=True)
class _Outcome:
    indexed: int = 0
    stale: int = 0
    failures: list[IndexFailure] = field(default_factory=list)


class _Reason(TypedDict, total=False):
    type: str
    reason: str


class _Item(TypedDict, total=False):
    status: int
    error: _Reason


_Postponed = list[tuple[IndexOperation, IndexFailure]]


def write(
    client: Elasticsearch,
    operations: Sequence[IndexOperation],
    *,
    waits: Sequence[float],
    pace: Pace,
) -> IndexResult:
    """Index with the revisions as external versions, so that repeating does no harm.

    `waits` are the pauses in seconds (± 20 %) before a busy cluster is asked again. One that takes nothing after
    them is left alone: what is not written by then comes back as busy.
    """
    outcome = _Outcome()
    rest = deque(operations)
    while rest:
        before = outcome.indexed + outcome.stale
        chunk = _chunk(rest, pace.size)
        postponed = _send(client, chunk, outcome)
        for wait in waits:
            if not postponed:
                break
            pace.slow_down()
            log.warning("bulk_postponed", documents=len(postponed), size=pace.size)
            time.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311 (spreads load, guards nothing)
            postponed = _send_in_parts(client, [one for one, _ in postponed], outcome, pace)
        if not postponed:
            pace.speed_up()
            continue
        outcome.failures += [failure for _, failure in postponed]
        if outcome.indexed + outcome.stale == before:
            reason = postponed[-1][1].reason
            outcome.failures += [_busy(operation, reason) for operation in rest]
            break
    return IndexResult(outcome.indexed, outcome.stale, tuple(outcome.failures))


def delete(client: Elasticsearch, names: Sequence[str], ids: Sequence[int]) -> None:
    """Find the index of each id by a realtime get, and delete there; raises UnavailableError unless all is gone."""
    for start in range(0, len(ids), _MOST):
        places = [
            {"_index": name, "_id": str(document_id), "_source": False}
            for name, document_id in product(names, ids[start : start + _MOST])
        ]
        if not places:
            return
        found = client.mget(docs=places)["docs"]
        # A shard that is away says so here, and not that it lacks the document.
        if any("error" in place and not _is_gone(place["error"]) for place in found):
            raise UnavailableError("检索引擎的分片暂时不可用，删除的内容稍后会自动移出索引。")
        deletions = [
            {"delete": {"_index": place["_index"], "_id": place["_id"]}}
            for place in found
            if place.get("found")
        ]
        if not deletions:
            continue
        response = client.bulk(operations=deletions, timeout=_SHARD_WAIT)
        statuses = {item["delete"]["status"] for item in response["items"]}
        if failed := statuses - {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise UnavailableError(
                f"检索引擎没有删除全部内容（状态 {sorted(failed)}），稍后会自动再试。"
            )


def _is_gone(error: Mapping[str, object]) -> bool:
    return error.get("type") == "index_not_found_exception"


def _chunk(rest: deque[IndexOperation], size: int) -> list[IndexOperation]:
    chunk = [rest.popleft()]
    characters = chunk[0].characters
    while rest and len(chunk) < size and characters + rest[0].characters <= _CHARACTERS:
        chunk.append(rest.popleft())
        characters += chunk[-1].characters
    return chunk


def _send_in_parts(
    client: Elasticsearch, chunk: Sequence[IndexOperation], outcome: _Outcome, pace: Pace
) -> _Postponed:
    parts = (chunk[start : start + pace.size] for start in range(0, len(chunk), pace.size))
    return [one for part in parts for one in _send(client, part, outcome)]


def _send(client: Elasticsearch, chunk: Sequence[IndexOperation], outcome: _Outcome) -> _Postponed:
    """Send a chunk once; gives back what the cluster was too busy for."""
    lines: list[dict[str, object]] = []
    for operation in chunk:
        action = {
            "_index": operation.alias,
            "_id": str(operation.id),
            "version": operation.revision,
            "version_type": "external",
            # Without it the cluster would make an index of its own liking for a name that is gone.
            "require_alias": True,
        }
        lines += ({"index": action}, operation.source)
    try:
        response = client.bulk(operations=lines, timeout=_SHARD_WAIT)
    except ApiError as error:
        return _refused(client, chunk, outcome, error)
    # The client answers untyped JSON; this is its documented shape.
    items = [cast("dict[str, _Item]", item)["index"] for item in response["items"]]
    postponed: _Postponed = []
    for operation, item in zip(chunk, items, strict=True):
        status = item["status"]
        if status < HTTPStatus.MULTIPLE_CHOICES:
            outcome.indexed += 1
        elif status == HTTPStatus.CONFLICT:
            outcome.stale += 1
        else:
            _sort_out(operation, status, item.get("error", {}), outcome, postponed)
    return postponed


def _refused(
    client: Elasticsearch, chunk: Sequence[IndexOperation], outcome: _Outcome, error: ApiError
) -> _Postponed:
    """Deal with a request that was refused as a whole; raises what concerns no document, such as the key."""
    status = error.status_code
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise error
    if status in _SPLIT and len(chunk) > 1:
        middle = len(chunk) // 2
        halves = (chunk[:middle], chunk[middle:])
        return [left for half in halves for left in _send(client, half, outcome)]
    postponed: _Postponed = []
    for operation in chunk:
        _sort_out(operation, status, _Reason(type="request", reason=str(error)), outcome, postponed)
    return postponed


def _sort_out(
    operation: IndexOperation,
    status: int,
    reason: _Reason,
    outcome: _Outcome,
    postponed: _Postponed,
) -> None:
    detail = reason.get("reason", "")
    for quote in _QUOTES:
        detail = detail.partition(quote)[0]
    known = _REASONS.get(status, "检索引擎拒绝了这条内容")
    text = f"{known}（{status} {reason.get('type', '')} {detail[:250].strip()}）。"
    if status in _BUSY:
        postponed.append((operation, _busy(operation, text)))
    else:
        is_retryable = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        outcome.failures.append(IndexFailure(operation.id, text, is_retryable))


def _busy(operation: IndexOperation, reason: str) -> IndexFailure:
    return IndexFailure(operation.id, reason, is_retryable=True, is_engine_busy=True)
