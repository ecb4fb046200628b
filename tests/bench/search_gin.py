"""The peer: one PostgreSQL table with the pairs of characters of each document in an array under a GIN index.

It knows nothing of places in a text: a NEAR takes the documents that hold both words and looks at their texts by a
regular expression; words that must be absent are looked for in the texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import psycopg

from core.matching_text import matching_text
from core.search.base import SearchDocument
from tests.bench.search_engines import Answer
from tests.bench.search_questions import DISTANCE, Ask, Question

BIGRAM = 2


class Gin:
    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        # Compiling takes longer than these questions do.
        self._connection.execute("SET jit = off")
        self._connection.execute("SET work_mem = '64MB'")
        self._connection.execute("SET maintenance_work_mem = '512MB'")

    def fill(self, documents: Iterable[SearchDocument]) -> None:
        self._connection.execute(SCHEMA)
        self.write(documents)
        for statement in INDICES:
            self._connection.execute(statement)

    def settle(self) -> int:
        """Count the indexes alone: the texts lie in PostgreSQL whoever searches them."""
        self._connection.execute("VACUUM ANALYZE post")
        ((size,),) = self._rows("SELECT pg_indexes_size('post')", ())
        return int(str(size))

    def write(self, documents: Iterable[SearchDocument]) -> None:
        # One COPY is one transaction.
        with self._connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for document in documents:
                copy.write_row(_row(document))

    def answer(self, question: Question) -> Answer:
        where, values = _condition(question)
        match question.ask:
            case Ask.TOP:
                ids = self._rows(NEWEST.format(where=where), values)
                return (self._total(where, values), *(id_ for (id_,) in ids))
            case Ask.COUNT:
                return (self._total(where, values),)
            case Ask.HISTOGRAM:
                return self._histogram(where, values)
            case Ask.FACETS:
                return tuple(self._rows(COUNTS.format(where=where), values))
            case Ask.TERMS:
                return tuple(self._rows(TERMS.format(where=where), values))

    def _total(self, where: str, values: Sequence[object]) -> object:
        ((total,),) = self._rows(TOTAL.format(where=where), values)
        return total

    def _histogram(self, where: str, values: Sequence[object]) -> Answer:
        topics: dict[object, dict[object, object]] = {}
        totals: dict[object, object] = {}
        for hour, topic, number in self._rows(HOURS.format(where=where), values):
            if topic is None:
                totals[hour] = number
            else:
                topics.setdefault(hour, {})[topic] = number
        return tuple((hour, total, topics.get(hour, {})) for hour, total in totals.items())

    def _rows(self, statement: str, values: Sequence[object]) -> list[tuple[object, ...]]:
        return self._connection.execute(statement.encode(), values).fetchall()

    def close(self) -> None:
        self._connection.close()


SCHEMA = """
CREATE TABLE post (
    id bigint PRIMARY KEY, published_at timestamptz NOT NULL, platform text NOT NULL, polarity text, level text,
    regions text[] NOT NULL, topics text[] NOT NULL, keywords text[] NOT NULL, matching text NOT NULL,
    bigrams text[] NOT NULL
)
"""
INDICES = (
    "CREATE INDEX ON post USING gin (bigrams)",
    "CREATE INDEX ON post (published_at DESC, id DESC)",
)
COPY = """
COPY post (id, published_at, platform, polarity, level, regions, topics, keywords, matching, bigrams) FROM STDIN
"""
NEWEST = "SELECT id FROM post WHERE {where} ORDER BY published_at DESC, id DESC LIMIT 20"
TOTAL = "SELECT count(*) FROM post WHERE {where}"
HOURS = """
WITH found AS MATERIALIZED (
    SELECT date_trunc('hour', published_at, 'UTC') AS hour, topics FROM post WHERE {where}
)
SELECT hour, NULL AS topic, count(*) FROM found GROUP BY 1
UNION ALL SELECT hour, topic COLLATE "C", count(*) FROM found, unnest(topics) AS topic GROUP BY 1, 2
ORDER BY 1, 2
"""
COUNTS = """
WITH found AS MATERIALIZED (SELECT platform, polarity, regions, topics, level FROM post WHERE {where}),
counted AS (
    SELECT 1 AS place, 'platform' AS field, platform AS value, count(*) AS number FROM found GROUP BY 3
    UNION ALL SELECT 2, 'polarity', polarity, count(*) FROM found GROUP BY 3
    UNION ALL SELECT 3, 'region', value, count(*) FROM found, unnest(regions) AS value GROUP BY 3
    UNION ALL SELECT 4, 'topic', value, count(*) FROM found, unnest(topics) AS value GROUP BY 3
    UNION ALL SELECT 5, 'level', level, count(*) FROM found GROUP BY 3
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY place ORDER BY number DESC, value COLLATE "C") AS rank FROM counted
)
SELECT field, value, number FROM ranked WHERE rank <= 20 ORDER BY place, rank
"""
TERMS = """
SELECT 'keyword', value, count(*) FROM post, unnest(keywords) AS value WHERE {where}
GROUP BY value ORDER BY 3 DESC, value COLLATE "C" LIMIT 20
"""


def _row(document: SearchDocument) -> tuple[object, ...]:
    title, text = matching_text(document.title), matching_text(document.text)
    return (
        document.id,
        document.published_at,
        document.platform,
        document.polarity,
        document.level,
        list(document.regions),
        list(document.topics),
        list(document.keywords),
        f"{title}\n{text}",
        sorted(_bigrams(title) | _bigrams(text)),
    )


def _bigrams(text: str) -> set[str]:
    return set(map("".join, pairwise(text)))


def _condition(question: Question) -> tuple[str, list[object]]:
    parts: list[tuple[str, object]] = []
    if question.words:
        bigrams = set[str]().union(*map(_bigrams, question.words))
        parts.append(("bigrams @> %s", sorted(bigrams)))
    # The bigrams of a longer word may stand apart: then the text itself is looked at.
    parts += [("matching LIKE %s", f"%{word}%") for word in question.words if len(word) > BIGRAM]
    if question.is_near:
        first, second = question.words
        gap = f"[^\n]{{0,{DISTANCE}}}"
        parts.append(("matching ~ %s", f"{first}{gap}{second}|{second}{gap}{first}"))
    parts += [("matching NOT LIKE %s", f"%{word}%") for word in question.without]
    if question.platforms:
        parts.append(("platform = ANY(%s)", list(question.platforms)))
    if question.polarities:
        parts.append(("polarity = ANY(%s)", list(question.polarities)))
    if question.since is not None:
        parts.append(("published_at >= %s", question.since))
    return " AND ".join(part for part, _ in parts) or "true", [value for _, value in parts]
