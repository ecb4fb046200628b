"""All live expressions at once over one document."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from core.expression.compiled import Test, compiled
from core.expression.covers import Cover, cover
from core.expression.document import Matchable
from core.expression.evidence import Collect, Occurring, evidence
from core.expression.facts import values
from core.expression.occurrences import GUTTER, Interval
from core.expression.scene import Scene
from core.expression.syntax import Expression, Field, Group, Near, Scope, Word, leaves, words_of
from core.expression.terms import Terms

_MOST_UNUSED = 0.25
"""Terms of rules that went away stay in the automaton until so many are of no use."""


class Span(NamedTuple):
    """Half-open code-point offsets into the stored title or text."""

    field: Scope
    start: int
    end: int


class RuleMatch(NamedTuple):
    key: int
    spans: tuple[Span, ...]


_rule_match = partial(tuple.__new__, RuleMatch)
"""Makes a RuleMatch of a pair, in half the time: dozens of rules may match a document."""


class _Rule(NamedTuple):
    expression: Expression
    terms: frozenset[str]
    cover: Cover | None
    test: Test


class Matcher:
    """Never changes: build the next one from the `former` when a rule changes, and swap it in.

    One automaton finds the terms of all rules; each rule is tested only where something it cannot
    do without was found (its cover), so the cost follows what a document holds, not the rules.
    With a `former` matcher only expressions that are new objects are compiled.
    """

    def __init__(
        self, expressions: Mapping[int, Expression], *, former: Matcher | None = None
    ) -> None:
        kept = {} if former is None else former.kept(expressions)
        held = {
            key: frozenset(_terms(expression))
            for key, expression in expressions.items()
            if key not in kept
        }
        new: frozenset[str] = frozenset().union(*held.values())
        self.terms: Terms = former.terms.joined(new) if former and kept else Terms(sorted(new))
        uses = Counter(term for terms in held.values() for term in terms)
        uses.update(term for rule in kept.values() for term in rule.terms)
        self._rules = {
            key: kept[key] if key in kept else self._rule(expression, held[key], uses)
            for key, expression in expressions.items()
        }
        self._evidence: dict[int, Occurring | Collect] = {}
        # The rules that ask no more than their two terms.
        self._certain: set[int] = set()
        self._always: list[int] = []
        # Two terms that a rule cannot do without, to the rules.
        self._by_terms: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        # The only second term that a first one wants, itself where it wants several, -1 where it wants none.
        self._gates = [-1] * len(self.terms.numbers)
        self._by_value: dict[Field, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._arrange()

    def kept(self, expressions: Mapping[int, Expression]) -> dict[int, _Rule]:
        """Find the rules whose expression is the same object; none when too many terms would be of no use."""
        rules = {
            key: rule
            for key, rule in self._rules.items()
            if expressions.get(key) is rule.expression
        }
        used = len(frozenset().union(*(rule.terms for rule in rules.values())))
        return rules if used >= len(self.terms.numbers) * (1 - _MOST_UNUSED) else {}

    def _rule(self, expression: Expression, terms: frozenset[str], uses: Counter[str]) -> _Rule:
        def cost(term: str) -> float:
            return uses[term] + 1 / len(term) ** 2

        test = compiled(expression, self.terms.numbers)
        return _Rule(expression, terms, cover(expression, cost), test)

    def _arrange(self) -> None:
        numbers = self.terms.numbers
        for key, rule in self._rules.items():
            if rule.cover is None:
                self._always.append(key)
                continue
            if rule.cover.is_all:
                self._certain.add(key)
            for trigger in rule.cover.first:
                if isinstance(trigger, str):
                    first = numbers[trigger]
                    for second in [numbers[term] for term in rule.cover.second] or [first]:
                        self._by_terms[first][second].append(key)
                else:
                    field, value = trigger
                    self._by_value[field][value].append(key)
        for first, seconds in self._by_terms.items():
            self._gates[first] = first if len(seconds) > 1 else next(iter(seconds))

    def match(self, document: Matchable, *, now: datetime) -> list[RuleMatch]:
        """List the expressions the document meets, by key; `time:24h` counts back from `now`."""
        title, find = document.title, self.terms.find
        scene = Scene(document, now, (find(title), find(document.text)), len(title) + GUTTER)
        rules, certain = self._rules, self._certain
        matched = [
            key for key in self._candidates(scene) if key in certain or rules[key].test(scene)
        ]
        if not matched:
            return []
        matched.sort()
        shown, evidence_of = _Shown(scene), self._evidence
        matches: list[RuleMatch] = []
        for key in matched:
            found = evidence_of.get(key)
            if found is None:
                found = evidence(rules[key].expression, self.terms.numbers)
                evidence_of[key] = found
            spans = shown.of_terms(found) if isinstance(found, tuple) else shown.collected(found)
            matches.append(_rule_match((key, spans)))
        return matches

    def _candidates(self, scene: Scene) -> set[int]:
        candidates = set(self._always)
        terms, gates = scene.terms, self._gates
        for number in [number for number in terms if gates[number] in terms]:
            for second, keys in self._by_terms[number].items():
                if second in terms:
                    candidates.update(keys)
        for field, by_value in self._by_value.items():
            for value in values(scene.document, field):
                candidates.update(by_value.get(value, ()))
        return candidates


class _Shown:
    """The spans of one document, made once for the many rules that show the same."""

    __slots__ = ("_of_term", "_scene", "_spans")

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._spans: dict[Interval, Span] = {}
        self._of_term: dict[int, list[tuple[Interval, Span]]] = {}

    def of_terms(self, terms: Occurring) -> tuple[Span, ...]:
        """List all occurrences of terms, no two of which can be equal."""
        known = self._of_term
        found: list[tuple[Interval, Span]] = []
        for number, length in terms:
            listed = known.get(number)
            if listed is None:
                starts = self._scene.hits.get(number, ())
                intervals = [(start, start + length) for start in starts]
                listed = known[number] = [(one, self._span(one)) for one in intervals]
            found = found + listed if found else listed
        if len(terms) > 1 and len(found) > 1:
            found = sorted(found)
        return tuple([span for _, span in found])

    def collected(self, collect: Collect) -> tuple[Span, ...]:
        found: set[Interval] = set()
        collect(self._scene, found)
        return tuple([self._span(interval) for interval in sorted(found)])

    def _span(self, interval: Interval) -> Span:
        span = self._spans.get(interval)
        if span is None:
            start, end = interval
            boundary, shift = self._scene.boundary, self._scene.shift
            if start < boundary:
                span = Span(Scope.TITLE, start, end)
            else:
                span = Span(Scope.TEXT, start - shift, end - shift)
            self._spans[interval] = span
        return span


def _terms(expression: Expression) -> Iterator[str]:
    for leaf in leaves(expression):
        if isinstance(leaf, Word | Group | Near):
            operands = (*leaf.left, *leaf.right) if isinstance(leaf, Near) else (leaf,)
            for word in words_of(operands):
                yield from word.parts
