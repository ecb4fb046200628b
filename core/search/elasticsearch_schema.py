"""What the Elasticsearch indices hold of a document."""

from datetime import date

from core.expression.facts import facts, keyword, milliseconds
from core.expression.values import SHANGHAI
from core.matching_text import matching_text
from core.search.base import SearchDocument
from core.search.digest import digest
from core.search.phrases import GAP, visible
from core.search.selection import heat_key, order_key

SCHEMA_VERSION = 3
"""Raise it whenever the mapping or what fills it changes; older indices then ask to be rebuilt."""

_KEYWORDS = (
    "platform",
    "source",
    "source_id",
    "level",
    "region",
    "topic",
    "polarity",
    "relevant",
    "our_union",
    "employer",
    "keyword",
    "event",
    "story",
)
_COUNTED_ONLY = frozenset({"source_id", "keyword"})
"""Nothing is selected by them: their columns are enough."""
_NUMBERS = ("views", "reposts", "comments")

SERVING: dict[str, object] = {
    "refresh_interval": "1s",
    "translog": {"durability": "request"},
}
# Whoever interrupts a rebuild begins anew, so its writes need not reach the disk one by one.
_REBUILDING: dict[str, object] = {
    "refresh_interval": "-1",
    "translog": {"durability": "async"},
}

ANALYSIS: dict[str, object] = {
    "tokenizer": {
        "bigrams": {"type": "ngram", "min_gram": 2, "max_gram": 2},
        "characters": {"type": "ngram", "min_gram": 1, "max_gram": 1},
    },
    # A stop filter keeps positions, so the placeholder leaves a hole of one character in a phrase.
    "filter": {"gap": {"type": "stop", "stopwords": [GAP]}},
    "analyzer": {
        "bigrams": {"type": "custom", "tokenizer": "bigrams"},
        "characters": {"type": "custom", "tokenizer": "characters"},
        "gapped": {"type": "custom", "tokenizer": "characters", "filter": ["gap"]},
    },
}


def mappings() -> dict[str, object]:
    characters = {"type": "text", "analyzer": "characters", "norms": False}
    text = {
        "type": "text",
        "analyzer": "bigrams",
        "fields": {"ug": characters},
    }
    properties: dict[str, object] = {"title": text, "text": text}
    properties |= {
        name: {"type": "keyword", "index": name not in _COUNTED_ONLY} for name in _KEYWORDS
    }
    properties |= {name: {"type": "long"} for name in (*_NUMBERS, "order", "heat")}
    properties |= {"id": {"type": "long"}, "digest": {"type": "long", "index": False}}
    properties |= {
        name: {"type": "date", "format": "epoch_millis"} for name in ("published", "ingested")
    }
    return {"dynamic": "strict", "_source": {"enabled": False}, "properties": properties}


def replication(replicas: int | None) -> dict[str, object]:
    """Say how many copies are kept: None keeps one as soon as the cluster has a second node."""
    if replicas is None:
        return {"auto_expand_replicas": "0-1"}
    return {"auto_expand_replicas": "false", "number_of_replicas": replicas}


def settings(*, replicas: int | None, is_rebuilding: bool) -> dict[str, object]:
    return {
        "number_of_shards": 1,
        **replication(replicas),
        **(_REBUILDING if is_rebuilding else SERVING),
        "analysis": ANALYSIS,
    }


def month(document: SearchDocument) -> str:
    """Name the month of an index: that of the ingest, which never changes for a document."""
    return month_name(document.ingested_at.astimezone(SHANGHAI).date())


def month_name(day: date) -> str:
    return f"{day.year:04}{day.month:02}"


def first_day(month: str) -> date:
    return date(int(month[:4]), int(month[4:]), 1)


def entry(document: SearchDocument) -> dict[str, object]:
    values: dict[str, list[str]] = {}
    for field, value in sorted(facts(document)):
        values.setdefault(field.value, []).append(value)
    numbers = {
        "views": document.views,
        "reposts": document.reposts,
        "comments": document.comments,
    }
    return {
        **values,
        **{name: number for name, number in numbers.items() if number is not None},
        "id": document.id,
        "digest": digest(document),
        "title": visible(matching_text(document.title)),
        "text": visible(matching_text(document.text)),
        "source_id": str(document.source_id),
        "keyword": sorted({keyword(word) for word in document.keywords}),
        "order": order_key(document),
        "heat": heat_key(document),
        "published": milliseconds(document.published_at),
        "ingested": milliseconds(document.ingested_at),
    }
