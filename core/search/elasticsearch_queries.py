"""Expressions as Elasticsearch queries; never a query string."""

from datetime import datetime

from core.expression.facts import milliseconds
from core.expression.occurrences import FIELDS
from core.expression.syntax import (
    And,
    Comparator,
    Comparison,
    Condition,
    Expression,
    Group,
    Near,
    Not,
    Or,
    Scope,
    TimeRange,
    Word,
    words_of,
)
from core.search.base import SearchQuery
from core.search.phrases import GAP, Phrase, near_phrases, visible, word_phrases
from core.search.selection import bounds, selection

Query = dict[str, object]

_BOUNDS = {
    Comparator.GREATER: ("gt",),
    Comparator.AT_LEAST: ("gte",),
    Comparator.LESS: ("lt",),
    Comparator.AT_MOST: ("lte",),
    Comparator.EQUAL: ("gte", "lte"),
}
_PAIR = 2


def query_of(search: SearchQuery) -> Query:
    expression = selection(search)
    query = {"match_all": {}} if expression is None else _build(expression, search.now)
    if search.ingested_since is not None:
        since = {"gte": milliseconds(search.ingested_since)}
        query = _all([query, {"range": {"ingested": since}}])
    # Nothing is scored: every order is a column.
    return {"constant_score": {"filter": query}}


def ranked_query_of(search: SearchQuery) -> Query:
    """Score the words outside NOT, and nothing else."""
    if search.expression is None:
        raise ValueError("A query without words has nothing to rank by.")
    words = _scored(search.expression, search.now)
    return {"bool": {"must": [words], "filter": [query_of(search)]}}


def _scored(expression: Expression, now: datetime | None) -> Query:
    match expression:
        case And(operands):
            return {"bool": {"must": [_scored(operand, now) for operand in operands]}}
        case Or(operands):
            return _any([_scored(operand, now) for operand in operands])
        case Word() | Group():
            return _build(expression, now)
        case Near(left, right):
            fields = FIELDS[expression.scope]
            words = words_of((*left, *right))
            both = _any([_word(word, field) for field in fields for word in words])
            return {"bool": {"must": [both], "filter": [_build(expression, now)]}}
        case _:
            return {"constant_score": {"filter": _build(expression, now), "boost": 0}}


def _build(expression: Expression, now: datetime | None) -> Query:  # noqa: PLR0911 -- one return for each kind of node
    match expression:
        case And(operands):
            return _all([_build(operand, now) for operand in operands])
        case Or(operands):
            return _any([_build(operand, now) for operand in operands])
        case Not(operand):
            return {"bool": {"must_not": [_build(operand, now)]}}
        case Word() | Group():
            fields = FIELDS[expression.scope]
            words = words_of((expression,))
            return _any([_word(word, field) for field in fields for word in words])
        case Near():
            return _any([_near(expression, field) for field in FIELDS[expression.scope]])
        case Condition(field, values):
            return {"terms": {field.value: list(values)}}
        case Comparison(field, comparator, number):
            return {"range": {field.value: dict.fromkeys(_BOUNDS[comparator], number)}}
        case TimeRange():
            since, until = bounds(expression, now)
            wanted = {"gte": since, "lt": until}
            limits = {name: bound for name, bound in wanted.items() if bound is not None}
            return {"range": {"published": limits}}


def _all(queries: list[Query]) -> Query:
    return {"bool": {"filter": queries}}


def _any(queries: list[Query]) -> Query:
    if len(queries) == 1:
        return queries[0]
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _word(word: Word, field: Scope) -> Query:
    if len(word.parts) > 1:
        return _any([_gapped(phrase, field) for phrase in word_phrases(word)])
    literal = visible(word.parts[0])
    column = field.value if len(literal) >= _PAIR else f"{field.value}.ug"
    if len(literal) <= _PAIR:
        return {"term": {column: literal}}
    return {"match_phrase": {column: literal}}


def _gapped(phrase: Phrase, field: Scope) -> Query:
    characters = [GAP] * phrase.length
    for offset, piece in phrase.pieces:
        characters[offset : offset + len(piece)] = piece
    query = {"query": "".join(characters), "analyzer": "gapped"}
    return {"match_phrase": {f"{field.value}.ug": query}}


def _near(near: Near, field: Scope) -> Query:
    """Ask for each pair of words by itself: together, intervals keep only the shortest of each side."""
    pairs = ((left, right) for left in words_of(near.left) for right in words_of(near.right))
    return _any([_near_pair(near, left, right, field) for left, right in pairs])


def _near_pair(near: Near, left: Word, right: Word, field: Scope) -> Query:
    both = [_word(left, field), _word(right, field)]
    if left.parts == right.parts or len(left.parts) > 1 or len(right.parts) > 1:
        # Intervals count one occurrence twice where both sides are alike, and sum nested gaps.
        pair = Near((left,), (right,), near.distance, near.is_ordered, field)
        phrases = near_phrases(pair)
        return _all([*both, _any([_gapped(phrase, field) for phrase in phrases])])
    sides = [_interval(left), _interval(right)]
    orders = [sides] if near.is_ordered else [sides, sides[::-1]]
    rules = [
        {"all_of": {"intervals": order, "ordered": True, "max_gaps": near.distance}}
        for order in orders
    ]
    intervals = {f"{field.value}.ug": {"any_of": {"intervals": rules}}}
    return _all([*both, {"intervals": intervals}])


def _interval(word: Word) -> Query:
    literal = visible(word.parts[0])
    return {"match": {"query": literal, "max_gaps": 0, "ordered": True}}
