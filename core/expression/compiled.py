"""One expression as tests over the hits of a document."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

from core.expression.document import Matchable
from core.expression.facts import Fact, milliseconds, number
from core.expression.occurrences import (
    FIELDS,
    Hits,
    Interval,
    Parts,
    all_occurrences,
    occurrences,
    pairs,
)
from core.expression.syntax import (
    And,
    Comparator,
    Comparison,
    Condition,
    Expression,
    Group,
    Leaf,
    Near,
    Not,
    Or,
    Scope,
    TimeRange,
    Word,
    words_of,
)

SpanKey = tuple[Scope, int, int]

_COMPARE: dict[Comparator, Callable[[int, int], bool]] = {
    Comparator.GREATER: operator.gt,
    Comparator.AT_LEAST: operator.ge,
    Comparator.LESS: operator.lt,
    Comparator.AT_MOST: operator.le,
    Comparator.EQUAL: operator.eq,
}


@dataclass(slots=True)
class Scene:
    """What the tests of one document share; times in milliseconds."""

    title: Hits
    text: Hits
    facts: frozenset[Fact]
    document: Matchable
    published: int | None
    now: int

    def hits(self, field: Scope) -> Hits:
        return self.title if field is Scope.TITLE else self.text


Test = Callable[[Scene], bool]
Numbers = dict[str, int]
"""The number that the automaton gives each term."""


def compiled(expression: Expression, numbers: Numbers) -> Test:  # noqa: PLR0911 -- one return for each kind of node
    match expression:
        case And(operands):
            tests = tuple(compiled(part, numbers) for part in sorted(operands, key=_cost))
            return lambda scene: all(test(scene) for test in tests)
        case Or(operands):
            tests = tuple(compiled(part, numbers) for part in sorted(operands, key=_cost))
            return lambda scene: any(test(scene) for test in tests)
        case Not(operand):
            test = compiled(operand, numbers)
            return lambda scene: not test(scene)
        case Word() | Group():
            return _words(expression, numbers)
        case Near():
            return _near(expression, numbers)
        case Condition(field, values):
            wanted = frozenset((field, value) for value in values)
            return lambda scene: not wanted.isdisjoint(scene.facts)
        case Comparison():
            return _comparison(expression)
        case TimeRange():
            return _time(expression)


def _cost(expression: Expression) -> int:
    """Rank what is cheap to test before what is not."""
    match expression:
        case Word():
            return len(expression.parts)
        case Near():
            return 20
        case And(operands) | Or(operands):
            return 2 + sum(_cost(operand) for operand in operands)
        case Not(operand):
            return 1 + _cost(operand)
        case _:
            return 3


def _parts(word: Word, numbers: Numbers) -> Parts:
    return tuple((numbers[part], len(part)) for part in word.parts)


def _words(leaf: Word | Group, numbers: Numbers) -> Test:
    fields = FIELDS[leaf.scope]
    words = tuple(_parts(word, numbers) for word in words_of((leaf,)))
    single = [parts[0][0] for parts in words if len(parts) == 1]
    if len(single) < len(words):
        return lambda scene: any(
            occurrences(parts, scene.hits(field)) for field in fields for parts in words
        )
    if len(single) == 1:
        term = single[0]
        if leaf.scope is Scope.ANY:
            return lambda scene: term in scene.title or term in scene.text
        return lambda scene: any(term in scene.hits(field) for field in fields)
    terms = frozenset(single)
    return lambda scene: any(not terms.isdisjoint(scene.hits(field)) for field in fields)


def near_pairs(
    near: Near, numbers: Numbers, hits: Hits
) -> tuple[tuple[list[Interval], list[Interval]], ...]:
    """List the orders to look in: the occurrences of the first, and of the second."""
    left = all_occurrences((_parts(word, numbers) for word in words_of(near.left)), hits)
    right = all_occurrences((_parts(word, numbers) for word in words_of(near.right)), hits)
    return ((left, right),) if near.is_ordered else ((left, right), (right, left))


def _near(near: Near, numbers: Numbers) -> Test:
    fields, distance = FIELDS[near.scope], near.distance

    def test(scene: Scene) -> bool:
        return any(
            next(pairs(first, second, distance), None) is not None
            for field in fields
            for first, second in near_pairs(near, numbers, scene.hits(field))
        )

    return test


def _comparison(leaf: Comparison) -> Test:
    compare, field, wanted = _COMPARE[leaf.comparator], leaf.field, leaf.number

    def test(scene: Scene) -> bool:
        value = number(scene.document, field)
        return value is not None and compare(value, wanted)

    return test


def _time(leaf: TimeRange) -> Test:
    if leaf.recent is not None:
        recent = int(leaf.recent.total_seconds() * 1000)
        return lambda scene: scene.published is not None and scene.now - recent <= scene.published
    since = milliseconds(leaf.since) if leaf.since else None
    until = milliseconds(leaf.until) if leaf.until else None
    return lambda scene: (
        scene.published is not None
        and (since is None or since <= scene.published)
        and (until is None or scene.published < until)
    )


def spans(expression: Expression, numbers: Numbers, scene: Scene) -> set[SpanKey]:
    """Collect what made the expression true: the occurrences of its words, not those of what it excludes."""
    match expression:
        case And(operands):
            return {key for operand in operands for key in spans(operand, numbers, scene)}
        case Or(operands):
            return {
                key
                for operand in operands
                if compiled(operand, numbers)(scene)
                for key in spans(operand, numbers, scene)
            }
        case Not():
            return set()
        case _:
            return _leaf_spans(expression, numbers, scene)


def _leaf_spans(leaf: Leaf, numbers: Numbers, scene: Scene) -> set[SpanKey]:
    if isinstance(leaf, Word | Group):
        words = [_parts(word, numbers) for word in words_of((leaf,))]
        return {
            (field, start, end)
            for field in FIELDS[leaf.scope]
            for start, end in all_occurrences(words, scene.hits(field))
        }
    if isinstance(leaf, Near):
        return {
            (field, start, end)
            for field in FIELDS[leaf.scope]
            for first, second in near_pairs(leaf, numbers, scene.hits(field))
            for pair in pairs(first, second, leaf.distance)
            for start, end in pair
        }
    return set()
