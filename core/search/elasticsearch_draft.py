"""A generation of monthly indices that nobody searches yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from core.errors import StorageError
from core.search.base import IndexResult, SearchDocument
from core.search.elasticsearch_connection import translated_errors
from core.search.elasticsearch_indices import EMPTY, Generation, MonthlyIndices
from core.search.elasticsearch_schema import month

log = structlog.get_logger(__name__)

_BATCH = 5_000


@dataclass(slots=True)
class ElasticsearchDraft:
    """Implements IndexDraft; `write` and `forget` are the engine's own way with a generation."""

    indices: MonthlyIndices
    generation: Generation
    write: Callable[[Generation, Sequence[SearchDocument]], IndexResult]
    forget: Callable[[Sequence[str], Sequence[int]], None]
    is_published: bool = False

    def index(self, documents: Sequence[SearchDocument]) -> IndexResult:
        results = [
            self._index(documents[start : start + _BATCH])
            for start in range(0, len(documents), _BATCH)
        ]
        return IndexResult(
            sum(result.indexed for result in results),
            sum(result.stale for result in results),
            tuple(failure for result in results for failure in result.failures),
        )

    def _index(self, documents: Sequence[SearchDocument]) -> IndexResult:
        with translated_errors():
            result = self.write(self.generation, documents)
        number = self.generation.number
        names = {self.indices.name(number, month(document)) for document in documents}
        self.generation = Generation(number, self.generation.names | names)
        return result

    def delete(self, ids: Sequence[int]) -> None:
        with translated_errors():
            self.forget(sorted(self.generation.names), ids)

    def settle(self) -> None:
        with translated_errors():
            self.indices.make_searchable(self.generation)

    def publish(self) -> None:
        with translated_errors():
            if not self.generation.names:
                name = self.indices.name(self.generation.number, EMPTY)
                self.indices.create(name, self.generation, is_rebuilding=True)
                self.generation = Generation(self.generation.number, frozenset({name}))
            self.indices.switch(self.generation)
        self.is_published = True

    def drop(self) -> None:
        """Remove what nobody will search; if that fails, the next draft does."""
        try:
            with translated_errors():
                self.indices.remove(self.generation)
        except StorageError as error:
            log.warning("draft_not_removed", error=str(error))
