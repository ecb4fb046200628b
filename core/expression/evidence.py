"""What made an expression true: the occurrences of its words, not those of what it excludes."""

from collections.abc import Callable

from core.expression.compiled import Nearness, Numbers, compiled, single_terms, word_parts
from core.expression.occurrences import Interval, all_occurrences, pairs, within
from core.expression.scene import Scene
from core.expression.syntax import (
    And,
    Comparison,
    Condition,
    Expression,
    Group,
    Near,
    Not,
    Or,
    TimeRange,
    Word,
)

Occurring = tuple[tuple[int, int], ...]
"""Number and length of each of some terms."""

Collect = Callable[[Scene, set[Interval]], None]
"""Adds the intervals that a document's scene holds for an expression that it meets."""


def evidence(expression: Expression, numbers: Numbers) -> Occurring | Collect:
    """Prepare what lists the intervals of an expression, for scenes that meet it.

    Most expressions show all occurrences of their terms; then these are given.
    """
    terms = _terms(expression, numbers)
    return _collector(expression, numbers) if terms is None else tuple(sorted(terms))


def _terms(expression: Expression, numbers: Numbers) -> frozenset[tuple[int, int]] | None:
    """List number and length of the terms all of whose occurrences count; None where not all might."""
    match expression:
        case And(operands):
            found = [_terms(operand, numbers) for operand in operands]
        case Or(operands) if not any(isinstance(operand, And) for operand in operands):
            found = [_terms(operand, numbers) for operand in operands]
        case Word() | Group() if single_terms(expression, numbers) is not None:
            return frozenset(parts[0] for parts in word_parts(expression, numbers))
        case Not() | Condition() | Comparison() | TimeRange():
            return frozenset()
        case _:
            return None
    known = [terms for terms in found if terms is not None]
    return frozenset().union(*known) if len(known) == len(found) else None


def _collector(expression: Expression, numbers: Numbers) -> Collect:
    match expression:
        case And(operands):
            return _each(operands, numbers)
        case Or(operands):
            return _true_ones(operands, numbers)
        case Word() | Group():
            return _words(expression, numbers)
        case Near():
            return _near(expression, numbers)
        case _:
            return lambda _scene, _found: None


def _each(operands: tuple[Expression, ...], numbers: Numbers) -> Collect:
    shown = [operand for operand in operands if isinstance(operand, And | Or | Word | Group | Near)]
    collectors = tuple(_collector(operand, numbers) for operand in shown)
    if len(collectors) == 1:
        return collectors[0]

    def collect(scene: Scene, found: set[Interval]) -> None:
        for one in collectors:
            one(scene, found)

    return collect


def _true_ones(operands: tuple[Expression, ...], numbers: Numbers) -> Collect:
    """Collect from the operands that hold; only of an And may some words occur and it still not hold."""
    mixed = tuple(operand for operand in operands if isinstance(operand, And))
    simple = _each(tuple(operand for operand in operands if operand not in mixed), numbers)
    tested = tuple((compiled(one, numbers), _collector(one, numbers)) for one in mixed)
    if not tested:
        return simple

    def collect(scene: Scene, found: set[Interval]) -> None:
        simple(scene, found)
        for test, one in tested:
            if test(scene):
                one(scene, found)

    return collect


def _words(leaf: Word | Group, numbers: Numbers) -> Collect:
    words, scope = word_parts(leaf, numbers), leaf.scope

    def collect(scene: Scene, found: set[Interval]) -> None:
        found.update(within(all_occurrences(words, scene.hits), scope, scene.boundary))

    return collect


def _near(leaf: Near, numbers: Numbers) -> Collect:
    nearness = Nearness.of(leaf, numbers)

    def collect(scene: Scene, found: set[Interval]) -> None:
        for first, second in nearness.orders(scene):
            for pair in pairs(first, second, leaf.distance):
                found.update(pair)

    return collect
