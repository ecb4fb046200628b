"""How much an expression may ask for."""

from core.expression.errors import ExpressionError
from core.expression.syntax import (
    GAP_LIMIT,
    And,
    Expression,
    Group,
    Near,
    Not,
    Or,
    Word,
    leaves,
    words_of,
)

MAX_LENGTH = 1000
MAX_TERMS = 100
MAX_DEPTH = 20
MAX_DISTANCE = 30
MAX_PHRASES = 512
"""How many exact phrases NEAR and `*` may stand for: what an index is asked in one query."""


def phrases(expression: Expression) -> int:
    """Count the exact phrases that the NEARs and gapped phrases of an expression expand to."""
    total = 0
    for leaf in leaves(expression):
        if isinstance(leaf, Near):
            sides = sum(_variants(word) for word in words_of(leaf.left)) * sum(
                _variants(word) for word in words_of(leaf.right)
            )
            total += sides * (leaf.distance + 1) * (1 if leaf.is_ordered else 2)
        elif isinstance(leaf, Word | Group):
            total += sum(_variants(word) for word in words_of((leaf,)) if len(word.parts) > 1)
    return total


def _variants(word: Word) -> int:
    return int((GAP_LIMIT + 1) ** (len(word.parts) - 1))


def is_positive(expression: Expression) -> bool:
    """Tell whether a document must hold something to meet the expression, not only lack something."""
    match expression:
        case And(operands):
            return any(is_positive(operand) for operand in operands)
        case Or(operands):
            return all(is_positive(operand) for operand in operands)
        case Not():
            return False
        case _:
            return True


def require_positive(expression: Expression) -> None:
    """Refuse, for a live rule, an expression that nearly every document would meet."""
    if not is_positive(expression):
        raise ExpressionError(
            0, "规则至少要有一个肯定的条件，不能只有排除；否则几乎每条内容都会命中"
        )
