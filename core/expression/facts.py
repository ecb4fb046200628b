"""The values of a document that conditions are compared with, the same for the matcher and for both indexes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from core.expression.document import Matchable
from core.expression.syntax import Field
from core.matching_text import matching_text

Fact = tuple[Field, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=8192)
def keyword(value: str) -> str:
    """Fold a value that is compared whole."""
    return matching_text(value).strip()


def facts(document: Matchable) -> frozenset[Fact]:
    return frozenset((field, keyword(value)) for field, value in _values(document) if value)


def _values(document: Matchable) -> Iterator[Fact]:
    yield Field.PLATFORM, document.platform
    if document.source_id:
        yield Field.SOURCE, str(document.source_id)
    yield Field.SOURCE, document.source_name
    yield Field.LEVEL, document.level or ""
    yield Field.POLARITY, document.polarity or ""
    for region in document.regions:
        yield Field.REGION, region
    for topic in document.topics:
        yield Field.TOPIC, topic
    for employer in document.employers:
        yield Field.EMPLOYER, employer
    if document.relevant is not None:
        yield Field.RELEVANT, "true" if document.relevant else "false"
    if document.our_union is not None:
        yield Field.OUR_UNION, "true" if document.our_union else "false"
    if document.event_id is not None:
        yield Field.EVENT, str(document.event_id)
    if document.story_id is not None:
        yield Field.STORY, str(document.story_id)


def number(document: Matchable, field: Field) -> int | None:
    match field:
        case Field.VIEWS:
            return document.views
        case Field.REPOSTS:
            return document.reposts
        case _:
            return document.comments


def milliseconds(moment: datetime) -> int:
    """Count whole milliseconds since 1970; times are compared in them everywhere."""
    delta = moment - _EPOCH
    return (delta.days * 86_400_000) + delta.seconds * 1000 + delta.microseconds // 1000
