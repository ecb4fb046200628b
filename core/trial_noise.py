"""How much noise each word of an expression brings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.expression import Expression
from core.expression.syntax import negation
from core.search.base import DocumentSearch, SearchQuery
from core.trial_terms import Term, given, joined, without


@dataclass(frozen=True, slots=True)
class TermNoise:
    """How many hits hold a term and how many only it brings, and how many of these are not about labour.

    ``rest`` is the typed expression without it, None where every hit has to hold it.
    """

    term: Term
    hits: int
    irrelevant: int
    only: int
    only_irrelevant: int
    rest: Expression | None


@dataclass(frozen=True, slots=True)
class NoiseQuestions:
    """Asks what the terms bring to ``total`` hits, of which ``irrelevant`` are not about labour."""

    search: DocumentSearch
    expression: Expression
    scope: Expression | None
    query: SearchQuery
    total: int
    irrelevant: int

    def ranked(self, term: Term) -> TermNoise:
        """Say how much noise holds the term; every hit needs a term without which nothing is found."""
        rest = without(self.expression, term)
        if rest is None:
            return TermNoise(term, self.total, self.irrelevant, self.total, self.irrelevant, None)
        irrelevant = self.search.count(replace(self._holding(term), relevant=False))
        return TermNoise(term, 0, irrelevant, 0, 0, rest)

    def _holding(self, term: Term) -> SearchQuery:
        left = given(self.expression, term)
        return replace(self.query, expression=joined(term.contained, left, self.scope))

    def detailed(self, noise: TermNoise) -> TermNoise:
        """Add how many hits hold the term, and how many it alone brings."""
        if noise.rest is None:
            return noise
        holding = self._holding(noise.term)
        only = replace(holding, expression=joined(holding.expression, negation(noise.rest)))
        return replace(
            noise,
            hits=self.search.count(holding),
            only=self.search.count(only),
            only_irrelevant=self.search.count(replace(only, relevant=False)),
        )
