"""All live expressions at once over one document."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import daachorse

from core.expression.compiled import Scene, Test, compiled, spans
from core.expression.document import Matchable
from core.expression.facts import facts, milliseconds
from core.expression.occurrences import Hits
from core.expression.syntax import (
    And,
    Condition,
    Expression,
    Group,
    Near,
    Or,
    Scope,
    Word,
    leaves,
    words_of,
)
from core.matching_text import matching_text

_FIELD_COST = 1000
"""A condition's value is met by far more documents than a word is."""


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
    """Immutable: build a new one when a rule changes, and swap it in.

    One automaton finds the terms of all rules; each rule is tested only where something it cannot
    do without was found (its cover), so the cost follows what a document holds, not the rules.
    """

    def __init__(self, expressions: Mapping[int, Expression]) -> None:
        self._expressions = dict(expressions)
        terms = {
            part
            for expression in expressions.values()
            for word in _all_words(expression)
            for part in word.parts
        }
        self._numbers = {term: number for number, term in enumerate(sorted(terms))}
        self._automaton = (
            daachorse.CharwiseDoubleArrayAhoCorasick(list(self._numbers)) if terms else None
        )
        self._tests: dict[int, Test] = {
            key: compiled(expression, self._numbers) for key, expression in expressions.items()
        }
        self._triggers: dict[Hashable, list[int]] = defaultdict(list)
        self._always: list[int] = []
        self._arrange()

    def _arrange(self) -> None:
        """Choose each rule's cover: the words shared by the fewest rules, since those are the rare ones."""
        uses = Counter(
            part
            for expression in self._expressions.values()
            for word in set(_all_words(expression))
            for part in word.parts
        )
        for key, expression in self._expressions.items():
            cover = _cover(expression, uses)
            if cover is None:
                self._always.append(key)
                continue
            for trigger in cover:
                number = self._numbers[trigger] if isinstance(trigger, str) else trigger
                self._triggers[number].append(key)

    def match(self, document: Matchable, *, now: datetime) -> list[RuleMatch]:
        """List the expressions the document meets, by key; `time:24h` counts back from `now`."""
        scene = Scene(
            title=self._hits(document.title),
            text=self._hits(document.text),
            facts=facts(document),
            document=document,
            published=milliseconds(document.published_at) if document.published_at else None,
            now=milliseconds(now),
        )
        tests = self._tests
        matched = [key for key in self._candidates(scene) if tests[key](scene)]
        return [self._found(key, scene) for key in sorted(matched)]

    def _hits(self, text: str) -> Hits:
        hits: Hits = {}
        if self._automaton is not None:
            for start, _, number in self._automaton.find_overlapping(matching_text(text)):
                if number in hits:
                    hits[number].append(start)
                else:
                    hits[number] = [start]
        return hits

    def _candidates(self, scene: Scene) -> set[int]:
        candidates = set(self._always)
        for triggers in (scene.title, scene.text, scene.facts):
            for trigger in triggers:
                if keys := self._triggers.get(trigger):
                    candidates.update(keys)
        return candidates

    def _found(self, key: int, scene: Scene) -> RuleMatch:
        found = spans(self._expressions[key], self._numbers, scene)
        ordered = sorted(found, key=lambda span: (span[0] is Scope.TEXT, span[1:]))
        return RuleMatch(key, tuple(Span(*span) for span in ordered))


def _all_words(expression: Expression) -> Iterator[Word]:
    for leaf in leaves(expression):
        if isinstance(leaf, Word | Group):
            yield from words_of((leaf,))
        elif isinstance(leaf, Near):
            yield from words_of((*leaf.left, *leaf.right))


def _cover(expression: Expression, uses: Counter[str]) -> frozenset[Hashable] | None:  # noqa: PLR0911 -- one return for each kind of node
    """Name terms and values one of which every document that meets the expression holds."""
    match expression:
        case Word() | Group():
            return frozenset(_rarest(word, uses) for word in words_of((expression,)))
        case Near(left, right):
            sides = (
                frozenset(_rarest(word, uses) for word in words_of(side)) for side in (left, right)
            )
            return min(sides, key=lambda side: _cover_cost(side, uses))
        case Condition(field, values):
            return frozenset((field, value) for value in values)
        case And(operands):
            covers = [cover for part in operands if (cover := _cover(part, uses)) is not None]
            return min(covers, key=lambda cover: _cover_cost(cover, uses), default=None)
        case Or(operands):
            union: frozenset[Hashable] = frozenset()
            for part in operands:
                cover = _cover(part, uses)
                if cover is None:
                    return None
                union |= cover
            return union
        case _:
            return None


def _rarest(word: Word, uses: Counter[str]) -> str:
    return min(word.parts, key=lambda part: (uses[part], -len(part)))


def _cover_cost(cover: frozenset[Hashable], uses: Counter[str]) -> float:
    return sum(
        uses[trigger] + 1 / len(trigger) ** 2 if isinstance(trigger, str) else _FIELD_COST
        for trigger in cover
    )
