"""The words of an expression, and the expression as it would be without one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.expression.syntax import (
    And,
    Expression,
    Group,
    Leaf,
    Near,
    Not,
    Or,
    TimeRange,
    Word,
    conjunction,
    disjunction,
    leaves,
    negation,
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word, group or proximity that makes documents hits.

    ``shown`` is what it says; ``leaf`` is where it stands. They differ for one word among several on a side of a
    NEAR: ``contained`` is then the NEAR with this word alone, and ``rest`` the NEAR without it, None elsewhere.
    """

    shown: Word | Group | Near
    leaf: Word | Group | Near
    contained: Word | Group | Near
    rest: Near | None = None


def joined(*expressions: Expression | None) -> Expression | None:
    parts = tuple(expression for expression in expressions if expression is not None)
    return conjunction(parts) if parts else None


def positive_terms(expression: Expression) -> tuple[Term, ...]:
    """List what a document may hold to be a hit, each once, in order; nothing of what is excluded."""
    found = dict.fromkeys(
        term
        for leaf, is_positive in signed_leaves(expression)
        if is_positive
        for term in _terms(leaf)
    )
    return tuple(found)


def _terms(leaf: Leaf) -> Iterator[Term]:
    if isinstance(leaf, Near):
        yield Term(leaf, leaf, leaf)
        for side in ("left", "right"):
            operands: tuple[Word | Group, ...] = getattr(leaf, side)
            for place, operand in enumerate(operands if len(operands) > 1 else ()):
                others = operands[:place] + operands[place + 1 :]
                # The name is one of the two sides of this record.
                alone, rest = (replace(leaf, **{side: kept}) for kept in ((operand,), others))  # type: ignore[arg-type]
                yield Term(operand, leaf, alone, rest)
    elif isinstance(leaf, Word | Group):
        yield Term(leaf, leaf, leaf)


def without(expression: Expression, term: Term) -> Expression | None:
    """Give the expression as if the term never occurred; None when then nothing could meet it.

    What it excludes stays as it is, so the hits of the answer are always among those of the expression.
    """
    match expression:
        case Or(operands):
            kept = tuple(rest for part in operands if (rest := without(part, term)) is not None)
            return disjunction(kept) if kept else None
        case And(operands):
            parts = tuple(without(part, term) for part in operands)
            whole = tuple(part for part in parts if part is not None)
            return conjunction(whole) if len(whole) == len(parts) else None
        case Not():
            return expression
        case _:
            return term.rest if expression == term.leaf else expression


def given(expression: Expression, term: Term) -> Expression | None:
    """Give what is left to ask of a document that is known to hold the term; None when nothing is.

    So the hits that hold the term are asked for without asking for what it makes sure of already.
    """
    match expression:
        case Or(operands):
            parts = tuple(given(part, term) for part in operands)
            whole = tuple(part for part in parts if part is not None)
            return disjunction(whole) if len(whole) == len(parts) else None
        case And(operands):
            kept = tuple(rest for part in operands if (rest := given(part, term)) is not None)
            return conjunction(kept) if kept else None
        case Not():
            return expression
        case _:
            return None if expression == term.leaf else expression


def lacking(has: Expression | None, lacks: Expression | None) -> Expression | None:
    """Say ``has AND NOT lacks`` with what follows from it left out; None when nothing can meet it.

    No expression at all is met by everything.
    """
    if lacks is None:
        return None
    asked = _parts(has)
    missing = tuple(part for part in _parts(lacks) if part not in asked)
    if not missing:
        return None
    # Each alternative of the only thing that is missing is known not to hold.
    known = _alternatives(missing[0]) if len(missing) == 1 else ()
    kept: list[Expression] = []
    for part in asked:
        open_ = tuple(one for one in _alternatives(part) if one not in known)
        if not open_:
            return None
        kept.append(part if isinstance(part, Not) else disjunction(open_))
    return conjunction((*kept, negation(conjunction(missing))))


def _parts(expression: Expression | None) -> tuple[Expression, ...]:
    if expression is None:
        return ()
    return expression.operands if isinstance(expression, And) else (expression,)


def _alternatives(expression: Expression) -> tuple[Expression, ...]:
    return expression.operands if isinstance(expression, Or) else (expression,)


def signed_leaves(
    expression: Expression, *, is_positive: bool = True
) -> Iterator[tuple[Leaf, bool]]:
    """Yield every leaf with whether it is asked for or excluded."""
    match expression:
        case And(operands) | Or(operands):
            for operand in operands:
                yield from signed_leaves(operand, is_positive=is_positive)
        case Not(operand):
            yield from signed_leaves(operand, is_positive=not is_positive)
        case _:
            yield expression, is_positive


def recent_ranges(expression: Expression) -> tuple[TimeRange, ...]:
    """List the time ranges that count back from now."""
    ranges = (leaf for leaf in leaves(expression) if isinstance(leaf, TimeRange))
    return tuple(dict.fromkeys(leaf for leaf in ranges if leaf.recent is not None))


@dataclass(frozen=True, slots=True)
class WordingChange:
    """Which leaves came and went between two expressions, asked for and excluded."""

    added: tuple[Leaf, ...]
    removed: tuple[Leaf, ...]
    newly_excluded: tuple[Leaf, ...]
    no_longer_excluded: tuple[Leaf, ...]

    @property
    def is_empty(self) -> bool:
        changes = (self.added, self.removed, self.newly_excluded, self.no_longer_excluded)
        return not any(changes)


def wording_change(saved: Expression | None, draft: Expression | None) -> WordingChange:
    before = dict.fromkeys(() if saved is None else signed_leaves(saved))
    after = dict.fromkeys(() if draft is None else signed_leaves(draft))
    came = [signed for signed in after if signed not in before]
    went = [signed for signed in before if signed not in after]
    return WordingChange(
        added=_of(came, is_positive=True),
        removed=_of(went, is_positive=True),
        newly_excluded=_of(came, is_positive=False),
        no_longer_excluded=_of(went, is_positive=False),
    )


def _of(signed: list[tuple[Leaf, bool]], *, is_positive: bool) -> tuple[Leaf, ...]:
    return tuple(leaf for leaf, sign in signed if sign is is_positive)
