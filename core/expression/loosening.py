"""The smallest changes of an expression after which more documents may meet it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from core.expression.syntax import (
    And,
    Expression,
    Group,
    Near,
    Not,
    Or,
    Scope,
    Word,
    conjunction,
    disjunction,
)


class Change(StrEnum):
    """DROP takes a part away, APART lifts a distance, ANYWHERE lifts the restriction to title or text."""

    DROP = "drop"
    APART = "apart"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Loosening:
    """``rest`` is what remains; whatever met the expression meets it too."""

    change: Change
    part: Expression
    rest: Expression


def loosenings(expression: Expression) -> Iterator[Loosening]:
    """List them, those of the outermost parts first; dropping all of the expression is none of them."""
    match expression:
        case And(operands):
            if len(operands) > 1:
                for place, part in enumerate(operands):
                    rest = operands[:place] + operands[place + 1 :]
                    yield Loosening(Change.DROP, part, conjunction(rest))
            yield from _inside(operands, is_all=True)
        case Or(operands):
            yield from _inside(operands, is_all=False)
        case Not(Or(operands)):
            for place, part in enumerate(operands):
                rest = operands[:place] + operands[place + 1 :]
                yield Loosening(Change.DROP, Not(part), Not(disjunction(rest)))
        case Near(left, right, scope=scope):
            sides = (_any_of(left, scope), _any_of(right, scope))
            yield Loosening(Change.APART, expression, conjunction(sides))
        case Word() | Group() if expression.scope is not Scope.ANY:
            yield Loosening(Change.ANYWHERE, expression, replace(expression, scope=Scope.ANY))


def _inside(operands: tuple[Expression, ...], *, is_all: bool) -> Iterator[Loosening]:
    join = conjunction if is_all else disjunction
    for place, part in enumerate(operands):
        for inner in loosenings(part):
            rest = (*operands[:place], inner.rest, *operands[place + 1 :])
            yield Loosening(inner.change, inner.part, join(rest))


def _any_of(side: tuple[Word | Group, ...], scope: Scope) -> Expression:
    return disjunction(tuple(replace(operand, scope=scope) for operand in side))
