"""Filling an index that nobody searches yet."""

from collections.abc import Iterable, Iterator
from itertools import islice

from core.search.base import IndexDraft, IndexFailure, IndexResult, SearchDocument

BATCH = 10_000


def fill(
    draft: IndexDraft, documents: Iterable[SearchDocument], *, batch: int = BATCH
) -> IndexResult:
    """Index all documents, a batch at a time."""
    indexed = stale = 0
    failures: list[IndexFailure] = []
    for result in filling(draft, documents, batch=batch):
        indexed += result.indexed
        stale += result.stale
        failures += result.failures
    return IndexResult(indexed, stale, tuple(failures))


def filling(
    draft: IndexDraft, documents: Iterable[SearchDocument], *, batch: int = BATCH
) -> Iterator[IndexResult]:
    """Yield the result of each batch."""
    rest = iter(documents)
    while some := list(islice(rest, batch)):
        yield draft.index(some)
