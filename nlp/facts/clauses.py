"""Where the clauses and sentences of a folded text begin and end."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

# A comma between digits groups them; 「、」 joins words.
_CLAUSE_END = re.compile(r"[。!?;\n:…]|,(?!\d{3})|(?<!\d),")
# What stands farther away has nothing to do with a number, even in a text without punctuation.
_FARTHEST = 120
_SENTENCE_ENDS = frozenset("。!?;\n…")


class Clauses:
    """Half-open bounds around a place; made once for a text that holds a candidate."""

    def __init__(self, text: str) -> None:
        ends = [match.start() for match in _CLAUSE_END.finditer(text)]
        self._text = text
        self._clauses = ends
        self._sentences = [end for end in ends if text[end] in _SENTENCE_ENDS]

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        first, last = _bounds(self._sentences, start, end, len(self._text))
        return max(first, start - _FARTHEST), min(last, end + _FARTHEST)

    def before(self, start: int, count: int = 1) -> str:
        """Give the clause around ``start`` up to it, with ``count`` clauses before within the sentence."""
        place = bisect_left(self._clauses, start) - 1 - count
        first = self._clauses[place] + 1 if place >= 0 else 0
        return self._text[max(first, self.sentence(start, start)[0]) : start]

    def after(self, end: int, count: int = 1) -> str:
        place = bisect_left(self._clauses, end) + count
        last = self._clauses[place] if place < len(self._clauses) else len(self._text)
        return self._text[end : min(last, self.sentence(end, end)[1])]


def _bounds(ends: list[int], start: int, end: int, length: int) -> tuple[int, int]:
    before = bisect_right(ends, start - 1) - 1
    after = bisect_left(ends, end)
    return (
        ends[before] + 1 if before >= 0 else 0,
        ends[after] if after < len(ends) else length,
    )
