"""The values of a document that conditions are compared with, the same for the matcher and for both indexes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

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
    # Every document of a rebuild comes through here: plain loops take two thirds of the time of nested generators.
    found: list[Fact] = []
    for field, written in _WRITTEN.items():
        for value in written(document):
            if value:
                found.append((field, keyword(value)))  # noqa: PERF401 -- as above
    return frozenset(found)


def values(document: Matchable, field: Field) -> tuple[str, ...]:
    """List what a document has in a field that is compared whole; nothing where it is unknown."""
    return tuple(keyword(value) for value in _WRITTEN[field](document) if value)


def _source(document: Matchable) -> tuple[str, ...]:
    return (str(document.source_id) if document.source_id else "", document.source_name)


def _truth(value: bool | None) -> tuple[str, ...]:  # noqa: FBT001 -- a value, no switch
    return () if value is None else ("true" if value else "false",)


def _id(value: int | None) -> tuple[str, ...]:
    return () if value is None else (str(value),)


_WRITTEN: Mapping[Field, Callable[[Matchable], Sequence[str]]] = MappingProxyType(
    {
        Field.PLATFORM: lambda document: (document.platform,),
        Field.SOURCE: _source,
        Field.LEVEL: lambda document: (document.level or "",),
        Field.REGION: lambda document: document.regions,
        Field.TOPIC: lambda document: document.topics,
        Field.POLARITY: lambda document: (document.polarity or "",),
        Field.RELEVANT: lambda document: _truth(document.relevant),
        Field.OUR_UNION: lambda document: _truth(document.our_union),
        Field.EMPLOYER: lambda document: document.employers,
        Field.EVENT: lambda document: _id(document.event_id),
        Field.STORY: lambda document: _id(document.story_id),
    }
)


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
