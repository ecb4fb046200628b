"""All live expressions at once over one document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.expression.document import Matchable
from core.expression.syntax import Expression, Scope


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open code-point offsets into the stored title or text."""

    field: Scope
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RuleMatch:
    key: int
    spans: tuple[Span, ...]


class Matcher:
    """Immutable: build a new one when a rule changes, and swap it in."""

    def __init__(self, expressions: Mapping[int, Expression]) -> None:
        raise NotImplementedError

    def match(self, document: Matchable, *, now: datetime) -> list[RuleMatch]:
        """The expressions the document meets, by ascending key; `now` is what `time:24h` counts back from."""
        raise NotImplementedError
