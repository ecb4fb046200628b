"""The two engines that answer the same questions: tantivy as we use it, and PostgreSQL's GIN over bigrams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import psycopg

from core.expression import parse
from core.matching_text import matching_text
from core.search.base import FacetField, Interval, SearchDocument, SearchQuery
from core.search.tantivy_engine import TantivySearch
from tests.bench.search_corpus import Ask, Question

TOP = 20
FACETS = (FacetField.PLATFORM, FacetField.TOPIC, FacetField.REGION, FacetField.POLARITY)
BIGRAM = 2

Answer = tuple[object, ...]


class Engine(Protocol):
    """``answer`` gives the same for the same documents, whoever answers."""

    def fill(self, documents: Iterable[SearchDocument]) -> None: ...

    def write(self, documents: Sequence[SearchDocument]) -> None: ...

    def answer(self, question: Question) -> Answer: ...

    def close(self) -> None: ...


class Tantivy:
    def __init__(self, folder: Path) -> None:
        self._search = TantivySearch(folder)

    def fill(self, documents: Iterable[SearchDocument]) -> None:
        self._search.rebuild(documents)

    def write(self, documents: Sequence[SearchDocument]) -> None:
        self._search.index(documents)

    def answer(self, question: Question) -> Answer:
        query = SearchQuery(
            expression=parse(" AND ".join(question.words)),
            platforms=question.platforms,
            polarities=question.polarities,
            since=question.since,
            limit=TOP,
        )
        match question.ask:
            case Ask.TOP:
                page = self._search.search(query)
                return (page.total, *page.ids)
            case Ask.HISTOGRAM:
                buckets = self._search.histogram(query, interval=Interval.HOUR)
                return tuple((bucket.start, bucket.total) for bucket in buckets)
            case Ask.FACETS:
                found = self._search.facets(query, FACETS)
                return tuple(
                    (field.value, term.value, term.count)
                    for field in FACETS
                    for term in found[field]
                )

    def close(self) -> None:
        self._search.close()


class Gin:
    """One table with the bigrams of each document in an array under a GIN index."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        # Compiling takes longer than these questions do.
        self._connection.execute("SET jit = off")
        self._connection.execute("SET work_mem = '64MB'")
        self._connection.execute("SET maintenance_work_mem = '512MB'")

    def fill(self, documents: Iterable[SearchDocument]) -> None:
        self._connection.execute(SCHEMA)
        with self._connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for document in documents:
                copy.write_row(_row(document))
        for statement in INDICES:
            self._connection.execute(statement)
        self._connection.execute("VACUUM ANALYZE post")

    def write(self, documents: Sequence[SearchDocument]) -> None:
        # One COPY is one transaction.
        with self._connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for document in documents:
                copy.write_row(_row(document))

    def answer(self, question: Question) -> Answer:
        where, values = _condition(question)
        match question.ask:
            case Ask.TOP:
                ids = self._rows(NEWEST.format(where=where), values)
                ((total,),) = self._rows(TOTAL.format(where=where), values)
                return (total, *(id_ for (id_,) in ids))
            case Ask.HISTOGRAM:
                return tuple(self._rows(HOURS.format(where=where), values))
            case Ask.FACETS:
                return tuple(self._rows(COUNTS.format(where=where), values))

    def _rows(self, statement: str, values: Sequence[object]) -> list[tuple[object, ...]]:
        return self._connection.execute(statement.encode(), values).fetchall()

    def close(self) -> None:
        self._connection.close()


SCHEMA = """
CREATE TABLE post (
    id bigint PRIMARY KEY, published_at timestamptz NOT NULL, platform text NOT NULL, polarity text,
    regions text[] NOT NULL, topics text[] NOT NULL, matching text NOT NULL, bigrams text[] NOT NULL
)
"""
INDICES = (
    "CREATE INDEX ON post USING gin (bigrams)",
    "CREATE INDEX ON post (published_at DESC, id DESC)",
)
COPY = "COPY post (id, published_at, platform, polarity, regions, topics, matching, bigrams) FROM STDIN"
NEWEST = "SELECT id FROM post WHERE {where} ORDER BY published_at DESC, id DESC LIMIT 20"
TOTAL = "SELECT count(*) FROM post WHERE {where}"
HOURS = """
SELECT date_trunc('hour', published_at, 'UTC') AS hour, count(*) FROM post WHERE {where} GROUP BY 1 ORDER BY 1
"""
COUNTS = """
WITH found AS MATERIALIZED (SELECT platform, topics, regions, polarity FROM post WHERE {where}),
counted AS (
    SELECT 1 AS place, 'platform' AS field, platform AS value, count(*) AS number FROM found GROUP BY 3
    UNION ALL SELECT 2, 'topic', value, count(*) FROM found, unnest(topics) AS value GROUP BY 3
    UNION ALL SELECT 3, 'region', value, count(*) FROM found, unnest(regions) AS value GROUP BY 3
    UNION ALL SELECT 4, 'polarity', polarity, count(*) FROM found GROUP BY 3
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY place ORDER BY number DESC, value COLLATE "C") AS rank FROM counted
)
SELECT field, value, number FROM ranked WHERE rank <= 20 ORDER BY place, rank
"""


def _row(document: SearchDocument) -> tuple[object, ...]:
    title, text = matching_text(document.title), matching_text(document.text)
    return (
        document.id,
        document.published_at,
        document.platform,
        document.polarity,
        list(document.regions),
        list(document.topics),
        f"{title}\n{text}",
        sorted(_bigrams(title) | _bigrams(text)),
    )


def _bigrams(text: str) -> set[str]:
    return set(map("".join, pairwise(text)))


def _condition(question: Question) -> tuple[str, list[object]]:
    bigrams = set[str]().union(*map(_bigrams, question.words))
    parts: list[tuple[str, object]] = [("bigrams @> %s", sorted(bigrams))]
    # The bigrams of a longer word may stand apart: then the text itself is looked at.
    parts += [("matching LIKE %s", f"%{word}%") for word in question.words if len(word) > BIGRAM]
    if question.platforms:
        parts.append(("platform = ANY(%s)", list(question.platforms)))
    if question.polarities:
        parts.append(("polarity = ANY(%s)", list(question.polarities)))
    if question.since is not None:
        parts.append(("published_at >= %s", question.since))
    return " AND ".join(part for part, _ in parts), [value for _, value in parts]
