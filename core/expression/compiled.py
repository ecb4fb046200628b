"""One expression as tests over the hits of a document, the cheapest first."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

from core.expression.covers import terms_anywhere
from core.expression.facts import milliseconds, number, values
from core.expression.occurrences import Interval, Parts, all_occurrences, occurrences, pairs, within
from core.expression.scene import Scene
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
    TimeRange,
    Word,
    words_of,
)

Test = Callable[[Scene], bool]
Numbers = dict[str, int]
"""The number that the automaton gives each term."""

_COMPARE: dict[Comparator, Callable[[int, int], bool]] = {
    Comparator.GREATER: operator.gt,
    Comparator.AT_LEAST: operator.ge,
    Comparator.LESS: operator.lt,
    Comparator.AT_MOST: operator.le,
    Comparator.EQUAL: operator.eq,
}


def compiled(expression: Expression, numbers: Numbers) -> Test:  # noqa: PLR0911 -- one return for each kind of node
    match expression:
        case And(operands):
            return _every(operands, numbers)
        case Or(operands):
            return _some(operands, numbers)
        case Not(operand):
            test = compiled(operand, numbers)
            return lambda scene: not test(scene)
        case Word() | Group():
            return _words(expression, numbers)
        case Near():
            return Nearness.of(expression, numbers).is_met
        case Condition(field, wanted):
            chosen = frozenset(wanted)
            return lambda scene: not chosen.isdisjoint(values(scene.document, field))
        case Comparison():
            return _comparison(expression)
        case TimeRange():
            return _time(expression)


def word_parts(leaf: Word | Group, numbers: Numbers) -> tuple[Parts, ...]:
    return tuple(
        tuple((numbers[part], len(part)) for part in word.parts) for word in words_of((leaf,))
    )


def single_terms(leaf: Expression, numbers: Numbers) -> frozenset[int] | None:
    """List the terms one of which, anywhere, is all that a leaf asks; None where it asks more."""
    terms = terms_anywhere(leaf)
    return None if terms is None else frozenset(numbers[term] for term in terms)


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


def _every(operands: tuple[Expression, ...], numbers: Numbers) -> Test:
    """Test single terms together, by one look at the keys of the hits, and only then the rest."""
    terms = [single_terms(operand, numbers) for operand in operands]
    needed = frozenset(next(iter(found)) for found in terms if found and len(found) == 1)
    others = [
        operand
        for operand, found in zip(operands, terms, strict=True)
        if not found or len(found) > 1
    ]
    rest = tuple(compiled(operand, numbers) for operand in sorted(others, key=_cost))
    if not rest:
        return lambda scene: needed <= scene.terms
    if len(rest) == 1:
        only = rest[0]
        return lambda scene: needed <= scene.terms and only(scene)
    return lambda scene: needed <= scene.terms and all(test(scene) for test in rest)


def _some(operands: tuple[Expression, ...], numbers: Numbers) -> Test:
    found = [single_terms(operand, numbers) for operand in operands]
    terms: frozenset[int] = frozenset().union(*(one for one in found if one))
    others = [operand for operand, one in zip(operands, found, strict=True) if not one]
    rest = tuple(compiled(operand, numbers) for operand in sorted(others, key=_cost))
    if not rest:
        return lambda scene: not scene.terms.isdisjoint(terms)
    return lambda scene: not scene.terms.isdisjoint(terms) or any(test(scene) for test in rest)


def _words(leaf: Word | Group, numbers: Numbers) -> Test:
    terms = single_terms(leaf, numbers)
    if terms is not None and len(terms) == 1:
        (term,) = terms
        return lambda scene: term in scene.terms
    if terms is not None:
        return lambda scene: not scene.terms.isdisjoint(terms)
    words, scope = word_parts(leaf, numbers), leaf.scope

    def test(scene: Scene) -> bool:
        return any(
            parts[0][0] in scene.terms
            and within(occurrences(parts, scene.hits), scope, scene.boundary)
            for parts in words
        )

    return test


@dataclass(frozen=True, slots=True)
class Nearness:
    """A NEAR whose words are looked up; each side is first asked whether it occurs at all."""

    near: Near
    left: tuple[Parts, ...]
    right: tuple[Parts, ...]
    left_terms: frozenset[int]
    right_terms: frozenset[int]

    @classmethod
    def of(cls, near: Near, numbers: Numbers) -> "Nearness":
        left, right = (
            tuple(
                tuple((numbers[part], len(part)) for part in word.parts) for word in words_of(side)
            )
            for side in (near.left, near.right)
        )
        first = (frozenset(parts[0][0] for parts in side) for side in (left, right))
        return cls(near, left, right, *first)

    def is_met(self, scene: Scene) -> bool:
        keys = scene.terms
        if keys.isdisjoint(self.left_terms) or keys.isdisjoint(self.right_terms):
            return False
        distance = self.near.distance
        return any(
            next(pairs(first, second, distance), None) is not None
            for first, second in self.orders(scene)
        )

    def orders(self, scene: Scene) -> tuple[tuple[list[Interval], list[Interval]], ...]:
        """List the orders to look in: the occurrences of the first, and of the second."""
        scope, boundary = self.near.scope, scene.boundary
        left = within(all_occurrences(self.left, scene.hits), scope, boundary)
        right = within(all_occurrences(self.right, scene.hits), scope, boundary)
        return ((left, right),) if self.near.is_ordered else ((left, right), (right, left))


def _comparison(leaf: Comparison) -> Test:
    compare, field, wanted = _COMPARE[leaf.comparator], leaf.field, leaf.number

    def test(scene: Scene) -> bool:
        value = number(scene.document, field)
        return value is not None and compare(value, wanted)

    return test


def _time(leaf: TimeRange) -> Test:
    recent = None if leaf.recent is None else int(leaf.recent.total_seconds() * 1000)
    since = milliseconds(leaf.since) if leaf.since else None
    until = milliseconds(leaf.until) if leaf.until else None

    def test(scene: Scene) -> bool:
        if scene.document.published_at is None:
            return False
        published = milliseconds(scene.document.published_at)
        if recent is not None:
            return milliseconds(scene.now) - recent <= published
        return (since is None or since <= published) and (until is None or published < until)

    return test
