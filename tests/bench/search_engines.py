"""The engines that answer the same questions: ours, and PostgreSQL's GIN in a module of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import sleep
from typing import Protocol

from elasticsearch import Elasticsearch as Client

from core.search.base import Breakdown, DocumentSearch, Interval, SearchDocument, SearchQuery
from core.search.elasticsearch_engine import ElasticsearchSearch
from core.search.tantivy_engine import TantivySearch
from tests.bench.search_questions import FACETS, TERMS, Ask, Question

ALIAS = "zhisheng-bench"
ELASTICSEARCH = "ZHISHENG_TEST_ELASTICSEARCH"
HEAP = "2g"
PATIENCE_S = 300.0
MERGE_PATIENCE_S = 7_200.0
LOOKED_AFTER_S = 45.0
MANY = 100_000

Answer = tuple[object, ...]


class Engine(Protocol):
    """``answer`` gives the same for the same documents, whoever answers."""

    def fill(self, documents: Iterable[SearchDocument]) -> None: ...

    def settle(self) -> int:
        """Wait for what goes on after filling, and give the bytes on disk."""
        ...

    def write(self, documents: Sequence[SearchDocument]) -> None: ...

    def answer(self, question: Question) -> Answer: ...

    def close(self) -> None: ...


class OurSearch:
    """What both of our engines do alike."""

    def __init__(self, search: DocumentSearch) -> None:
        self.search = search

    def fill(self, documents: Iterable[SearchDocument]) -> None:
        result = self.search.rebuild(documents)
        if result.failures:
            raise AssertionError(f"not indexed: {result.failures[:3]}")

    def write(self, documents: Sequence[SearchDocument]) -> None:
        self.search.index(documents)

    def answer(self, question: Question) -> Answer:
        query = question.query()
        match question.ask:
            case Ask.TOP:
                page = self.search.search(query)
                return (page.total, *page.ids)
            case Ask.COUNT:
                return (self.search.count(query),)
            case Ask.HISTOGRAM:
                buckets = self.search.histogram(query, interval=Interval.HOUR, by=Breakdown.TOPIC)
                return tuple((bucket.start, bucket.total, bucket.counts) for bucket in buckets)
            case Ask.FACETS | Ask.TERMS:
                fields = FACETS if question.ask is Ask.FACETS else (TERMS,)
                found = self.search.facets(query, fields)
                return tuple(
                    (field.value, term.value, term.count)
                    for field in fields
                    for term in found[field]
                )

    def close(self) -> None:
        self.search.close()


class Tantivy(OurSearch):
    def __init__(self, folder: str) -> None:
        super().__init__(TantivySearch(Path(folder)))

    def settle(self) -> int:
        size = self.search.health().bytes_on_disk or 0
        self.search.close()  # Lets go of the folder, for the process that writes.
        return size


class Elasticsearch(OurSearch):
    search: ElasticsearchSearch

    def __init__(self, url: str) -> None:
        super().__init__(ElasticsearchSearch(url, alias=ALIAS, timeout_s=PATIENCE_S))
        self._indices = Client(url, request_timeout=MERGE_PATIENCE_S).indices
        self._ends: list[SearchDocument] = []

    def fill(self, documents: Iterable[SearchDocument]) -> None:
        super().fill(self._noting_ends(documents))

    def _noting_ends(self, documents: Iterable[SearchDocument]) -> Iterator[SearchDocument]:
        document = None
        for document in documents:
            if not self._ends:
                self._ends.append(document)
            yield document
        if document is not None:
            self._ends.append(document)

    def settle(self) -> int:
        """Merge the segments of each month into one, as they are in time.

        The cluster keeps the source of what replicas may still ask for, looks twice a minute how far they are, and
        drops it when segments are merged; a segment alone in its month is merged only once something in it changed.
        """
        self._indices.flush(index=ALIAS)
        if self.search.count(SearchQuery()) >= MANY:
            sleep(LOOKED_AFTER_S)
        self.search.index([replace(document, revision=2) for document in self._ends])
        self._indices.forcemerge(index=ALIAS, max_num_segments=1)
        self._indices.flush(index=ALIAS)
        return self.size()

    def size(self) -> int:
        return self.search.health().bytes_on_disk or 0

    def clear(self) -> None:
        self.search.clear()


@contextmanager
def elasticsearch(folder: Path) -> Iterator[str | None]:
    """Lend the URL of an Elasticsearch: the one named, or that of the node a command starts with its data in a folder."""
    value = os.environ.get(ELASTICSEARCH, "")
    if not value or value.startswith(("http://", "https://")):
        yield value or None
        return
    command = [*shlex.split(value), "--stop-with-stdin", "--heap", HEAP, "--data", str(folder)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as node:
        if node.stdin is None or node.stdout is None:
            raise AssertionError("both were asked for")
        line = next((line for line in node.stdout if line.startswith("ready ")), "")
        if not line:
            raise RuntimeError(f"the command in {ELASTICSEARCH} ended without a line `ready URL`")
        yield line.split()[1]
        node.stdin.close()
