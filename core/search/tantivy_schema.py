"""What the tantivy index holds of a document, and the queries over it."""

import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import product
from typing import cast

import tantivy

from core.expression.facts import facts, keyword, milliseconds
from core.expression.occurrences import FIELDS
from core.expression.syntax import (
    GAP_LIMIT,
    And,
    Comparator,
    Comparison,
    Condition,
    Expression,
    Field,
    Group,
    Near,
    Not,
    Or,
    Scope,
    TimeRange,
    Word,
    words_of,
)
from core.matching_text import matching_text
from core.search.base import SearchDocument, SearchQuery
from core.search.digest import digest
from core.search.phrases import END, Phrase, near_phrases, visible, word_phrases
from core.search.selection import bounds, has_scored_words, heat_key, order_key, selection

SCHEMA_VERSION = 4
"""Raise it whenever the schema or what fills it changes; an older index then asks to be rebuilt."""

_SPLIT = "whitespace"
_PAIR = 2
_HOUR = 3_600_000
"""In milliseconds. Histograms count whole hours: dates would be printed, one for each bucket."""
_FACETS = ("platform", "level", "region", "topic", "polarity", "employer", "event", "story")
_COUNTED = ("source_id", "keyword")
_FILTERS = ("source", "relevant", "our_union")
_NUMBERS = ("views", "reposts", "comments")
_UTF_32 = f"utf-32-{sys.byteorder[0]}e"
_SPACE = " ".encode(_UTF_32)


def schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("id", "revision", "digest", "order", "heat"):
        builder.add_unsigned_field(name, indexed=name == "id", fast=True)
    # Ranges are answered from the columns: an index of single values would only cost space.
    for name in ("published", "ingested"):
        builder.add_date_field(name, indexed=False, fast=True)
    for name in (*_NUMBERS, "hour"):
        builder.add_integer_field(name, indexed=False, fast=True)
    for scope in (Scope.TITLE, Scope.TEXT):
        builder.add_text_field(scope.value, tokenizer_name=_SPLIT, index_option="position")
        builder.add_text_field(f"{scope.value}_ug", tokenizer_name=_SPLIT, index_option="basic")
    for name in (*_FACETS, *_COUNTED, *_FILTERS):
        is_fast = name not in _FILTERS
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=is_fast)
    return builder.build()


def entry(document: SearchDocument) -> tantivy.Document:
    """Turn a document into what is indexed; raises ValueError or OverflowError for what cannot be."""
    fields = tantivy.Document()
    fields.add_unsigned("id", document.id)
    fields.add_unsigned("revision", document.revision)
    fields.add_unsigned("digest", digest(document))
    fields.add_unsigned("order", order_key(document))
    fields.add_unsigned("heat", heat_key(document))
    fields.add_integer("hour", milliseconds(document.published_at) // _HOUR)
    fields.add_date("published", _whole(document.published_at))
    fields.add_date("ingested", _whole(document.ingested_at))
    for name in _NUMBERS:
        number = getattr(document, name)
        if number is not None:
            fields.add_integer(name, number)
    for name, text in (("title", document.title), ("text", document.text)):
        pairs, characters = _tokens(visible(matching_text(text)))
        fields.add_text(name, pairs)
        fields.add_text(f"{name}_ug", characters)
    for field, value in facts(document):
        fields.add_text(field, value)
    fields.add_text("source_id", str(document.source_id))
    for value in {keyword(word) for word in document.keywords}:
        fields.add_text("keyword", value)
    return fields


def _tokens(text: str) -> tuple[str, str]:
    """Join the pairs of characters by spaces, the last of them with END so that one begins at each, and the characters.

    Blocks of memory are moved, which takes half the time of joining strings.
    """
    codes = memoryview((text + END).encode(_UTF_32)).cast("I")
    pairs = bytearray(_SPACE * (3 * len(text)))
    places = memoryview(pairs).cast("I")
    places[0::3] = codes[:-1]
    places[1::3] = codes[1:]
    characters = bytearray(_SPACE * (2 * len(text)))
    memoryview(characters).cast("I")[0::2] = codes[:-1]
    return pairs.decode(_UTF_32), characters.decode(_UTF_32)


def _whole(moment: datetime) -> datetime:
    """Cut a moment to milliseconds, in which times are compared everywhere."""
    local = moment.astimezone(UTC)
    return local.replace(microsecond=local.microsecond // 1000 * 1000)


class QueryBuilder:
    """Builds tantivy's queries; `now` is what recent time ranges count back from.

    With `is_scored` only words count in the score: without, whatever is cheapest.
    """

    def __init__(
        self, index_schema: tantivy.Schema, now: datetime | None, *, is_scored: bool = False
    ) -> None:
        self._schema = index_schema
        self._now = now
        self._is_scored = is_scored

    def query(self, search: SearchQuery) -> tantivy.Query:
        expression = selection(search)
        query = tantivy.Query.all_query() if expression is None else self._build(expression)
        if search.ingested_since is not None:
            since = self._range("ingested", tantivy.FieldType.Date, _whole(search.ingested_since))
            query = _all([query, since])
        return query

    def after(
        self, query: tantivy.Query, column: str, key: int, *, is_rising: bool
    ) -> tantivy.Query:
        """Keep what comes behind a key in the order of a column."""
        kind = tantivy.FieldType.Unsigned
        lower, upper = (key, None) if is_rising else (None, key)
        behind = tantivy.Query.range_query(
            self._schema,
            column,
            kind,
            lower,
            upper,
            include_lower=lower is None,
            include_upper=upper is None,
        )
        return _all([query, behind])

    def ids(self, ids: list[int]) -> tantivy.Query:
        return tantivy.Query.term_set_query(self._schema, "id", ids)

    def _build(self, expression: Expression) -> tantivy.Query:
        query = self._unweighted(expression)
        if self._is_scored and not has_scored_words(expression):
            return tantivy.Query.const_score_query(query, 0.0)
        return query

    def _unweighted(self, expression: Expression) -> tantivy.Query:  # noqa: PLR0911 -- one return for each kind of node
        match expression:
            case And(operands):
                return self._and(operands)
            case Or(operands):
                return _any([self._build(operand) for operand in operands])
            case Not():
                return self._and((expression,))
            case Word() | Group():
                return self._words(expression)
            case Near():
                return self._near(expression)
            case Condition(field, values):
                return _any([self._term(field.value, value) for value in values])
            case Comparison():
                return self._comparison(expression)
            case TimeRange():
                return self._time(expression)

    def _and(self, operands: tuple[Expression, ...]) -> tantivy.Query:
        clauses = [
            (tantivy.Occur.MustNot, self._build(operand.operand))
            if isinstance(operand, Not)
            else (tantivy.Occur.Must, self._build(operand))
            for operand in operands
        ]
        if all(isinstance(operand, Not) for operand in operands):
            clauses.append((tantivy.Occur.Must, tantivy.Query.all_query()))
        return tantivy.Query.boolean_query(clauses)

    def _words(self, words: Word | Group) -> tantivy.Query:
        queries: list[tantivy.Query] = []
        phrases: set[Phrase] = set()
        for word in words_of((words,)):
            if len(word.parts) == _PAIR and _are_tokens(word.parts):
                first, second = word.parts
                queries += self._followed(first, second, GAP_LIMIT, words.scope)
            else:
                phrases.update(word_phrases(word))
        return self._either(queries, phrases, words.scope)

    def _near(self, near: Near) -> tantivy.Query:
        queries: list[tantivy.Query] = []
        phrases: set[Phrase] = set()
        for left, right in product(words_of(near.left), words_of(near.right)):
            parts = (*left.parts, *right.parts)
            if len(parts) == _PAIR and near.distance and _are_tokens(parts):
                first, second = parts
                if not near.is_ordered and _are_apart(first, second):
                    queries += self._beside(first, second, near.distance, near.scope)
                    continue
                queries += self._followed(first, second, near.distance, near.scope)
                if not near.is_ordered:
                    queries += self._followed(second, first, near.distance, near.scope)
            else:
                pair = Near((left,), (right,), near.distance, near.is_ordered, near.scope)
                phrases |= near_phrases(pair)
        return self._either(queries, phrases, near.scope)

    def _beside(self, left: str, right: str, distance: int, scope: Scope) -> list[tantivy.Query]:
        """Find two tokens of one length that cannot overlap, either one first: at one place, give or take."""
        words = [(0, visible(left)), (0, visible(right))]
        return [self._placed(words, field.value, len(left) + distance) for field in FIELDS[scope]]

    def _followed(self, left: str, right: str, distance: int, scope: Scope) -> list[tantivy.Query]:
        """Find one token behind another, with up to so many characters between.

        Slop is how far a place may differ either way, so it reaches every distance from one in the middle: exact for
        two tokens and an odd number of distances, wherefore the last of an even number is asked for by itself.
        """
        middle = distance // 2
        found = [(middle, middle)] if distance % 2 == 0 else [(middle, middle), (distance, 0)]
        return [
            self._placed([(0, visible(left)), (len(left) + gap, visible(right))], field.value, slop)
            for field in FIELDS[scope]
            for gap, slop in found
        ]

    def _either(
        self, queries: list[tantivy.Query], phrases: set[Phrase], scope: Scope
    ) -> tantivy.Query:
        return _any([*queries, *self._phrases(phrases, scope)])

    def _phrases(self, phrases: set[Phrase], scope: Scope) -> list[tantivy.Query]:
        return [self._phrase(phrase, field.value) for field in FIELDS[scope] for phrase in phrases]

    def _phrase(self, phrase: Phrase, column: str) -> tantivy.Query:
        pieces = _joined(phrase)
        if len(pieces) == 1 and len(pieces[0][1]) == 1:
            return self._term(f"{column}_ug", pieces[0][1])
        tokens: dict[int, str] = {}
        for offset, piece in pieces:
            last = len(piece) - _PAIR
            # Every second pair of characters and the last pair cover the whole piece.
            for start in {*range(0, last, _PAIR), max(last, 0)}:
                tokens[offset + start] = piece[start : start + _PAIR]
        words = sorted(tokens.items())
        if len(words) == 1:
            return self._term(column, words[0][1])
        return self._placed(words, column)

    def _placed(self, words: list[tuple[int, str]], column: str, slop: int = 0) -> tantivy.Query:
        # The binding takes places with the words, though its stub does not say so of a list of pairs.
        if all(len(word) == _PAIR for _, word in words):
            placed = cast("list[str | tuple[int, str]]", words)
            return tantivy.Query.phrase_query(self._schema, column, placed, slop=slop)
        patterns: list[str | tuple[int, str]] = [(place, _pattern(word)) for place, word in words]
        return tantivy.Query.regex_phrase_query(self._schema, column, patterns, slop=slop)

    def _term(self, column: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, column, value)

    def _range(
        self,
        column: str,
        kind: tantivy.FieldType,
        lower: datetime | None = None,
        upper: datetime | None = None,
    ) -> tantivy.Query:
        return tantivy.Query.range_query(
            self._schema, column, kind, lower, upper, include_upper=upper is None
        )

    def _comparison(self, leaf: Comparison) -> tantivy.Query:
        rising = leaf.comparator in (Comparator.GREATER, Comparator.AT_LEAST, Comparator.EQUAL)
        falling = leaf.comparator in (Comparator.LESS, Comparator.AT_MOST, Comparator.EQUAL)
        return tantivy.Query.range_query(
            self._schema,
            Field(leaf.field).value,
            tantivy.FieldType.Integer,
            leaf.number if rising else None,
            leaf.number if falling else None,
            include_lower=leaf.comparator is not Comparator.GREATER,
            include_upper=leaf.comparator is not Comparator.LESS,
        )

    def _time(self, leaf: TimeRange) -> tantivy.Query:
        lower, upper = (
            None if bound is None else datetime.fromtimestamp(bound / 1000, UTC)
            for bound in bounds(leaf, self._now)
        )
        if lower is None and upper is None:
            return tantivy.Query.all_query()
        return self._range("published", tantivy.FieldType.Date, lower, upper)


def _pattern(word: str) -> str:
    """Write a pair of characters, or one and any other, as a regular expression."""
    return re.escape(word) + "." * (_PAIR - len(word))


def _are_apart(left: str, right: str) -> bool:
    """Say whether two tokens are of one length and can neither be equal nor overlap."""
    if len(left) != len(right) or left == right:
        return False
    return len(left) == 1 or (left[1] != right[0] and right[1] != left[0])


def _are_tokens(parts: Iterable[str]) -> bool:
    return all(len(part) <= _PAIR for part in parts)


def _joined(phrase: Phrase) -> list[tuple[int, str]]:
    """Make one piece of those that touch."""
    pieces: list[tuple[int, str]] = []
    for offset, piece in phrase.pieces:
        if pieces and pieces[-1][0] + len(pieces[-1][1]) == offset:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + piece)
        else:
            pieces.append((offset, piece))
    return pieces


def _all(queries: list[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])


def _any(queries: list[tantivy.Query]) -> tantivy.Query:
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])
