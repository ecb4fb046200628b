"""What could come next in an expression: fields, their values, synonym groups, operators, earlier searches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice

from core.expression.caret import Caret, Writing, at_caret
from core.expression.fields import FIELD_LABELS, FieldName
from core.expression.limits import MAX_LENGTH
from core.expression.references import folded_name
from core.expression.syntax import Field
from core.recent_queries import recent
from core.synonym_groups import group_words
from webui.console import reading
from webui.query_vocabulary import FIELD_NOTES, OPERATORS, Value, field_values, regions

MOST = 10
MOST_RECENT = 8
SHORTEST_PLACE = 2


class SuggestionKind(StrEnum):
    FIELD = "field"
    VALUE = "value"
    GROUP = "group"
    OPERATOR = "operator"
    RECENT = "recent"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``text`` is the whole expression with the suggestion in it, ``at`` where the caret is to stand, in code points."""

    kind: SuggestionKind
    label: str
    detail: str
    text: str
    at: int


def suggestions(
    text: str, at: int, now: dt.datetime, *, person_id: int | None = None
) -> list[Suggestion]:
    """Suggest for the offset ``at``, at most ten; a person's own searches only where ``person_id`` is given."""
    if len(text) > MAX_LENGTH:
        return []
    caret = at_caret(text, at)
    match caret.writing:
        case Writing.VALUE if caret.field is not None:
            found = _values(text, caret, caret.field, now)
        case Writing.GROUP:
            found = _groups(text, caret, caret.typed)
        case Writing.WORD:
            found = _words(text, caret, now, person_id)
        case _:
            found = iter(())
    unique = {one.text: one for one in islice(found, MOST * 2) if one.text != text}
    return list(unique.values())[:MOST]


def _words(
    text: str, caret: Caret, now: dt.datetime, person_id: int | None
) -> Iterator[Suggestion]:
    if not text.strip():
        return chain(_recent(person_id, "", MOST_RECENT), _fields(text, caret))
    if not caret.typed:
        operators = _operators(text, caret) if caret.follows else iter(())
        return chain(operators, _fields(text, caret))
    return chain(
        _fields(text, caret),
        _groups(text, caret, caret.typed),
        _operators(text, caret),
        _places_and_topics(text, caret, now),
        _recent(person_id, text.strip(), 3),
    )


def _recent(person_id: int | None, holding: str, limit: int) -> Iterator[Suggestion]:
    if person_id is None:
        return
    for one in recent(reading(), person_id, holding=holding, limit=limit):
        yield Suggestion(
            SuggestionKind.RECENT, one.expression, "搜过", one.expression, len(one.expression)
        )


def _fields(text: str, caret: Caret) -> Iterator[Suggestion]:
    for field, note in FIELD_NOTES.items():
        label = FIELD_LABELS[field]
        if label.startswith(caret.typed) or str(field).startswith(caret.typed):
            colon = text[caret.end : caret.end + 1] in {":", "："}
            put = _put(text, caret, f"{label}:", end=caret.end + colon, space=False)
            yield Suggestion(SuggestionKind.FIELD, f"{label}:", note, *put)


def _values(text: str, caret: Caret, field: FieldName, now: dt.datetime) -> Iterator[Suggestion]:
    for value in field_values(field, caret.typed.strip(), now):
        yield _of_value(text, caret, value, value.written)


def _places_and_topics(text: str, caret: Caret, now: dt.datetime) -> Iterator[Suggestion]:
    """Suggest, for the beginning of a word, the values that it may mean, each with its field."""
    for field in (Field.POLARITY, Field.TOPIC, Field.PLATFORM):
        for value in field_values(field, caret.typed, now):
            yield _of_value(text, caret, value, f"{FIELD_LABELS[field]}:{value.written}")
    if len(caret.typed) >= SHORTEST_PLACE:
        for value in islice(regions(caret.typed), 3):
            yield _of_value(text, caret, value, f"{FIELD_LABELS[Field.REGION]}:{value.written}")


def _of_value(text: str, caret: Caret, value: Value, put: str) -> Suggestion:
    label = value.label if put == value.written else put
    return Suggestion(SuggestionKind.VALUE, label, value.detail, *_put(text, caret, put))


def _groups(text: str, caret: Caret, typed: str) -> Iterator[Suggestion]:
    words = group_words(reading())
    found = [name for name in words if typed in folded_name(name)]
    for name in sorted(found, key=lambda name: (not folded_name(name).startswith(typed), name)):
        put = f"{name}}}" if caret.writing is Writing.GROUP else f"{{{name}}}"
        some = "、".join(words[name][:4])
        detail = f"同义词组，{len(words[name])} 个词：{some}"
        yield Suggestion(SuggestionKind.GROUP, f"{{{name}}}", detail, *_put(text, caret, put))


def _operators(text: str, caret: Caret) -> Iterator[Suggestion]:
    for operator, note in OPERATORS:
        if operator.lower().startswith(caret.typed) and (caret.follows or operator == "NOT"):
            yield Suggestion(SuggestionKind.OPERATOR, operator, note, *_put(text, caret, operator))


def _put(
    text: str, caret: Caret, put: str, *, end: int | None = None, space: bool = True
) -> tuple[str, int]:
    """Replace what stands at the caret; a space comes after it where nothing follows yet."""
    end = caret.end if end is None else end
    rest = text[end:]
    if space and not rest:
        put += " "
    return text[: caret.start] + put + rest, caret.start + len(put)
