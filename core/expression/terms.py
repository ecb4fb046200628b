"""The terms of all rules, and the automaton that finds them in a text."""

from __future__ import annotations

from collections.abc import Iterable

import daachorse

from core.expression.scene import Found
from core.matching_text import matching_text


class Terms:
    """Never changes; `numbers` says by which number the automaton tells each term."""

    def __init__(self, terms: Iterable[str]) -> None:
        self.numbers = {term: number for number, term in enumerate(terms)}
        self._automaton = (
            daachorse.CharwiseDoubleArrayAhoCorasick(list(self.numbers)) if self.numbers else None
        )

    def joined(self, terms: frozenset[str]) -> Terms:
        """Add terms behind those that have a number."""
        more = sorted(terms - self.numbers.keys())
        return Terms([*self.numbers, *more]) if more else self

    def find(self, text: str) -> Found:
        if self._automaton is None or not text:
            return ()
        found: Found = self._automaton.find_overlapping(matching_text(text))
        return found
