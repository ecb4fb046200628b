"""Bulk requests: every item's own outcome, and patience where the cluster is busy."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypedDict, cast

import structlog
from elasticsearch import ApiError, Elasticsearch

from core.search.base import IndexFailure, IndexResult

log = structlog.get_logger(__name__)

_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
# Too large as a whole, or spoiled by one item that the cluster will not even look at: find which.
_SPLIT = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.BAD_REQUEST})
_SIZE = 500
_CHARACTERS = 2_000_000
"""About 6 MB of Chinese text in UTF-8: well below the 100 MB at which a request is refused."""


@dataclass(frozen=True, slots=True)
class IndexOperation:
    index: str
    id: int
    revision: int
    source: dict[str, object]
    characters: int


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


def write(
    client: Elasticsearch, operations: Sequence[IndexOperation], *, waits: Sequence[float]
) -> IndexResult:
    """Index with the revisions as external versions; `waits` are the pauses in seconds before retries."""
    outcome = _Outcome()
    for chunk in _chunks(operations):
        _write_chunk(client, chunk, waits, outcome)
    return IndexResult(outcome.indexed, outcome.stale, tuple(outcome.failures))


def _chunks(operations: Sequence[IndexOperation]) -> Iterator[list[IndexOperation]]:
    chunk: list[IndexOperation] = []
    characters = 0
    for operation in operations:
        if chunk and (len(chunk) == _SIZE or characters + operation.characters > _CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(operation)
        characters += operation.characters
    if chunk:
        yield chunk


def _write_chunk(
    client: Elasticsearch,
    chunk: list[IndexOperation],
    waits: Sequence[float],
    outcome: _Outcome,
) -> None:
    for attempt in range(len(waits) + 1):
        busy = _send(client, chunk, outcome, is_last=attempt == len(waits))
        if not busy:
            return
        log.warning("bulk_postponed", documents=len(busy), attempt=attempt + 1)
        time.sleep(waits[attempt])
        chunk = busy


def _send(
    client: Elasticsearch, chunk: list[IndexOperation], outcome: _Outcome, *, is_last: bool
) -> list[IndexOperation]:
    """Send a chunk once; gives back what the cluster was too busy for, or records it if this is the last try."""
    lines: list[dict[str, object]] = []
    for operation in chunk:
        action = {
            "_index": operation.index,
            "_id": str(operation.id),
            "version": operation.revision,
            "version_type": "external",
        }
        lines += ({"index": action}, operation.source)
    try:
        response = client.bulk(operations=lines)
    except ApiError as error:
        return _refused(client, chunk, outcome, error, is_last=is_last)
    # The client answers untyped JSON; this is its documented shape.
    items = [cast("dict[str, _Item]", item)["index"] for item in response["items"]]
    busy: list[IndexOperation] = []
    for operation, item in zip(chunk, items, strict=True):
        status = item["status"]
        if status < HTTPStatus.MULTIPLE_CHOICES:
            outcome.indexed += 1
        elif status == HTTPStatus.CONFLICT:
            outcome.stale += 1
        elif status in _BUSY and not is_last:
            busy.append(operation)
        else:
            outcome.failures.append(_failure(operation, status, item.get("error", {})))
    return busy


def _refused(
    client: Elasticsearch,
    chunk: list[IndexOperation],
    outcome: _Outcome,
    error: ApiError,
    *,
    is_last: bool,
) -> list[IndexOperation]:
    """Deal with a request that was refused as a whole."""
    status = error.status_code
    if status in _BUSY and not is_last:
        return chunk
    if status in _SPLIT and len(chunk) > 1:
        middle = len(chunk) // 2
        halves = (chunk[:middle], chunk[middle:])
        return [left for half in halves for left in _send(client, half, outcome, is_last=is_last)]
    reason = _Reason(type="request", reason=str(error))
    outcome.failures += [_failure(operation, status, reason) for operation in chunk]
    return []


def _failure(operation: IndexOperation, status: int, reason: _Reason) -> IndexFailure:
    text = f"{status} {reason.get('type', '')}：{reason.get('reason', '')}"[:300]
    return IndexFailure(operation.id, f"检索引擎拒绝了这条内容（{text}）", status in _BUSY)
