"""One generation of the tantivy index, opened: what reads it, and the one writer."""

from collections.abc import Sequence

import tantivy

from core.errors import ConflictError, UnavailableError
from core.search.base import IndexEntry, IndexFailure, IndexResult, SearchDocument
from core.search.tantivy_folder import NOT_OPENED, NOT_WRITTEN, Generation, translated_errors
from core.search.tantivy_schema import QueryBuilder, entry, schema

_HEAP = 64_000_000
_FILLING_HEAP = 128_000_000
"""More in memory makes larger segments, which are merged less often."""


class OpenIndex:
    """A reader that follows other processes' commits, and the writer from the first write on."""

    def __init__(self, generation: Generation, *, filling_threads: int = 0) -> None:
        self.generation = generation
        self._filling_threads = filling_threads
        self.schema = schema()
        is_new = not (generation.path / "meta.json").exists()
        with translated_errors(NOT_WRITTEN if is_new else NOT_OPENED):
            self.index = tantivy.Index(self.schema, path=str(generation.path), reuse=True)
        self.index.config_reader("manual")
        self._writer: tantivy.IndexWriter | None = None
        self._seen: tuple[int, int] | None = None

    def searcher(self) -> tantivy.Searcher:
        """Answer from the newest commit: each replaces the file `meta.json`."""
        with translated_errors(NOT_OPENED):
            stat = (self.generation.path / "meta.json").stat()
            state = (stat.st_ino, stat.st_mtime_ns)
            if state != self._seen:
                self.index.reload()
                self._seen = state
        return self.index.searcher()

    def write(self, documents: Sequence[SearchDocument]) -> IndexResult:
        """Add what is newer than what is there, and commit."""
        newest: dict[int, SearchDocument] = {}
        for document in documents:
            known = newest.get(document.id)
            if known is None or known.revision < document.revision:
                newest[document.id] = document
        revisions = {known.id: known.revision for known in self.entries_of(list(newest))}
        wanted = [
            one
            for one in newest.values()
            if one.id not in revisions or revisions[one.id] < one.revision
        ]
        entries, failures = _built(wanted)
        if entries:
            replaced = [document_id for document_id in entries if document_id in revisions]
            self._change(replaced, list(entries.values()))
        stale = len(documents) - len(entries) - len(failures)
        return IndexResult(len(entries), stale, failures)

    def append(self, documents: Sequence[SearchDocument]) -> IndexResult:
        """Add documents none of which is there; they are found and safe after `commit` only."""
        entries, failures = _built(documents)
        self._change([], list(entries.values()), is_committing=False)
        return IndexResult(len(entries), failures=failures)

    def commit(self) -> None:
        self._change([], [])

    def delete(self, ids: Sequence[int]) -> None:
        known = [found.id for found in self.entries_of(ids)]
        if known:
            self._change(known, [])

    def clear(self) -> None:
        self._open_writer().delete_all_documents()
        self._change([], [])

    def _change(
        self, deleted: list[int], added: list[tantivy.Document], *, is_committing: bool = True
    ) -> None:
        writer = self._open_writer()
        # If this fails, what was not committed goes with the writer; the next starts from the last commit.
        self._writer = None
        with translated_errors():
            if deleted:
                # Deleting by term takes a number for a signed one and finds nothing.
                query = QueryBuilder(self.schema, None).ids(deleted)
                writer.delete_documents_by_query(query)
            for fields in added:
                writer.add_document(fields)
            if is_committing:
                writer.commit()
        self._writer = writer

    def _open_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            try:
                with translated_errors():
                    threads = max(self._filling_threads, 1)
                    heap = _FILLING_HEAP if self._filling_threads else _HEAP
                    self._writer = self.index.writer(heap_size=heap * threads, num_threads=threads)
            except UnavailableError as error:
                if "LockBusy" not in str(error.__cause__):
                    raise
                raise ConflictError(
                    "另一个进程正在写检索索引；这一批没有写入，可以稍后再试。"
                ) from error
        return self._writer

    def entries(self, *, after: int, limit: int) -> tuple[IndexEntry, ...]:
        searcher = self.searcher()
        behind = tantivy.Query.range_query(
            self.schema, "id", tantivy.FieldType.Unsigned, after, None, include_lower=False
        )
        found = searcher.search(
            behind, limit=limit, count=False, order_by_field="id", order=tantivy.Order.Asc
        )
        return _entries(searcher, found)

    def entries_of(self, ids: Sequence[int]) -> tuple[IndexEntry, ...]:
        wanted = [document_id for document_id in ids if document_id >= 0]
        searcher = self.searcher()
        if not wanted or not searcher.num_docs:
            return ()
        # The same document is there twice at the most.
        query = QueryBuilder(self.schema, None).ids(wanted)
        return _entries(searcher, searcher.search(query, limit=2 * len(wanted), count=False))

    def close(self) -> None:
        """Wait for merges and let the writer go."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with translated_errors():
                writer.wait_merging_threads()


def _built(
    documents: Sequence[SearchDocument],
) -> tuple[dict[int, tantivy.Document], tuple[IndexFailure, ...]]:
    entries: dict[int, tantivy.Document] = {}
    failures: list[IndexFailure] = []
    for document in documents:
        try:
            entries[document.id] = entry(document)
        except (ValueError, OverflowError) as error:
            failure = IndexFailure(document.id, f"无法编入索引：{error}", is_retryable=False)
            failures.append(failure)
    return entries, tuple(failures)


def numbers(
    searcher: tantivy.Searcher, column: str, addresses: list[tantivy.DocAddress]
) -> list[int]:
    """Read a column that every document has."""
    values = searcher.fast_field_values(column, addresses)
    return [int(value) for value in values if value is not None]


def _entries(searcher: tantivy.Searcher, found: tantivy.SearchResult) -> tuple[IndexEntry, ...]:
    addresses = [address for _, address in found.hits]
    if not addresses:
        return ()
    columns = (numbers(searcher, column, addresses) for column in ("id", "revision", "digest"))
    return tuple(IndexEntry(*row) for row in zip(*columns, strict=True))
