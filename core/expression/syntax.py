"""The typed syntax tree of the expression language; every value in it is already matching text."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GAP_LIMIT = 8
"""How many characters a `*` inside a phrase may stand for."""


class Scope(StrEnum):
    """The texts of a document that a word may occur in; never across the two."""

    ANY = "any"
    TITLE = "title"
    TEXT = "text"


class Field(StrEnum):
    """What a condition may ask of a document besides its words."""

    PLATFORM = "platform"
    SOURCE = "source"
    LEVEL = "level"
    REGION = "region"
    TOPIC = "topic"
    POLARITY = "polarity"
    RELEVANT = "relevant"
    OUR_UNION = "our_union"
    EMPLOYER = "employer"
    EVENT = "event"
    STORY = "story"
    VIEWS = "views"
    REPOSTS = "reposts"
    COMMENTS = "comments"


class Comparator(StrEnum):
    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "="


@dataclass(frozen=True, slots=True)
class Word:
    """A term (one part) or a phrase whose parts have 0 to 8 characters of any kind between them."""

    parts: tuple[str, ...]
    scope: Scope = Scope.ANY


@dataclass(frozen=True, slots=True)
class Group:
    """A named synonym group: any of its words."""

    name: str
    words: tuple[Word, ...]
    scope: Scope = Scope.ANY


@dataclass(frozen=True, slots=True)
class Near:
    """Some word of either side in the same field, apart by at most `distance` characters and not overlapping."""

    left: tuple[Word | Group, ...]
    right: tuple[Word | Group, ...]
    distance: int
    is_ordered: bool = False
    scope: Scope = Scope.ANY


@dataclass(frozen=True, slots=True)
class Condition:
    """The field has one of these values; a document that lacks the field does not meet it."""

    field: Field
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    field: Field
    comparator: Comparator
    number: int


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Published in `[since, until)`, or not earlier than `recent` before now; whole milliseconds."""

    since: datetime | None = None
    until: datetime | None = None
    recent: timedelta | None = None


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Expression"


Leaf = Word | Group | Near | Condition | Comparison | TimeRange
Expression = Leaf | And | Or | Not


def conjunction(operands: tuple[Expression, ...]) -> Expression:
    """All of the operands, in the one shape that the parser gives too."""
    flat = tuple(
        part
        for operand in operands
        for part in (operand.operands if isinstance(operand, And) else (operand,))
    )
    return flat[0] if len(flat) == 1 else And(flat)


def disjunction(operands: tuple[Expression, ...]) -> Expression:
    flat = tuple(
        part
        for operand in operands
        for part in (operand.operands if isinstance(operand, Or) else (operand,))
    )
    return flat[0] if len(flat) == 1 else Or(flat)


def negation(operand: Expression) -> Expression:
    return operand.operand if isinstance(operand, Not) else Not(operand)


def leaves(expression: Expression) -> Iterator[Leaf]:
    match expression:
        case And(operands) | Or(operands):
            for operand in operands:
                yield from leaves(operand)
        case Not(operand):
            yield from leaves(operand)
        case _:
            yield expression


def words_of(operands: tuple[Word | Group, ...]) -> tuple[Word, ...]:
    """List the words that a side of NEAR stands for, groups opened, each once."""
    words = (
        word
        for operand in operands
        for word in (operand.words if isinstance(operand, Group) else (operand,))
    )
    return tuple(dict.fromkeys(words))
