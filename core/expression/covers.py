"""What every document that meets an expression must hold: where to look at the expression at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.expression.syntax import (
    And,
    Condition,
    Expression,
    Field,
    Group,
    Near,
    Or,
    Scope,
    Word,
    words_of,
)

Trigger = str | tuple[Field, str]
Triggers = frozenset[Trigger]
"""Terms and values of fields, one of which a document must have."""

Cost = Callable[[str], float]
"""Estimates how many documents hold a term."""

_FIELD_COSTS = {
    Field.EVENT: 10.0,
    Field.STORY: 10.0,
    Field.EMPLOYER: 10.0,
    Field.SOURCE: 100.0,
    Field.REGION: 300.0,
}
_COMMON_FIELD = 1000.0
"""A value of the other fields is met by far more documents than a word is."""

_MOST_PAIRS = 64


@dataclass(frozen=True, slots=True)
class Cover:
    """Every document that meets an expression has one of `first` and, if there are any, one of the terms `second`.

    With `is_all` that is also all that the expression asks.
    """

    first: Triggers
    second: frozenset[str] = frozenset()
    is_all: bool = False


def cover(expression: Expression, cost: Cost) -> Cover | None:
    """Choose the rarest cover; None where documents may meet the expression and hold nothing."""
    needed = sorted(_needed(expression, cost), key=lambda triggers: _total(triggers, cost))
    if not needed:
        return None
    first, *others = needed
    for triggers in others:
        terms = frozenset(trigger for trigger in triggers if isinstance(trigger, str))
        if len(terms) == len(triggers) <= _MOST_PAIRS // len(first):
            return Cover(first, terms, _asks_no_more(expression, (first, terms)))
    return Cover(first, is_all=_asks_no_more(expression, (first,)))


def _asks_no_more(expression: Expression, triggers: tuple[Triggers, ...]) -> bool:
    operands = expression.operands if isinstance(expression, And) else (expression,)
    asked = [terms_anywhere(operand) for operand in operands]
    return len(asked) == len(triggers) and set(asked) == set(triggers)


def terms_anywhere(expression: Expression) -> frozenset[str] | None:
    """List the terms one of which, in title or text, is all that an expression asks; None where it asks more."""
    if isinstance(expression, Or):
        found = [terms_anywhere(operand) for operand in expression.operands]
        known = [terms for terms in found if terms is not None]
        return frozenset().union(*known) if len(known) == len(found) else None
    if not isinstance(expression, Word | Group) or expression.scope is not Scope.ANY:
        return None
    parts = [word.parts for word in words_of((expression,))]
    return (
        frozenset(term for term, *more in parts if not more)
        if all(len(p) == 1 for p in parts)
        else None
    )


def _needed(expression: Expression, cost: Cost) -> Iterator[Triggers]:
    match expression:
        case Word(parts):
            for part in parts:
                yield frozenset((part,))
        case Group():
            yield _rarest((expression,), cost)
        case Near(left, right):
            yield _rarest(left, cost)
            yield _rarest(right, cost)
        case Condition(field, values):
            yield frozenset((field, value) for value in values)
        case And(operands):
            for operand in operands:
                yield from _needed(operand, cost)
        case Or(operands):
            covers = [cover(operand, cost) for operand in operands]
            known = [found.first for found in covers if found is not None]
            if len(known) == len(covers):
                yield frozenset().union(*known)


def _rarest(operands: tuple[Word | Group, ...], cost: Cost) -> Triggers:
    return frozenset(min(word.parts, key=cost) for word in words_of(operands))


def _total(triggers: Triggers, cost: Cost) -> float:
    return sum(
        cost(trigger) if isinstance(trigger, str) else _FIELD_COSTS.get(trigger[0], _COMMON_FIELD)
        for trigger in triggers
    )
