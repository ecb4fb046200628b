"""Words and NEARs as exact phrases: what an index of characters with positions can answer.

A phrase is a tuple of (offset, text) pieces; what lies between the pieces may be any characters.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from core.expression.syntax import GAP_LIMIT, Near, Word, words_of
from core.matching_text import RESERVED


@dataclass(frozen=True, slots=True)
class Phrase:
    pieces: tuple[tuple[int, str], ...]
    length: int

    def followed_by(self, other: "Phrase", gap: int) -> "Phrase":
        shift = self.length + gap
        moved = tuple((offset + shift, piece) for offset, piece in other.pieces)
        return Phrase(self.pieces + moved, shift + other.length)


_SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_SPACE_CODES = str.maketrans({space: chr(RESERVED[number]) for number, space in enumerate(_SPACES)})
GAP = chr(RESERVED[-1])
"""Stands for any one character in a query; no text holds it."""
END = chr(RESERVED[-2])
"""Stands behind the last character of a text where that must be told."""


def visible(text: str) -> str:
    """Replace white space, which tokenizers drop or split at, by characters that no text holds."""
    if text.split(maxsplit=1) == [text]:
        return text  # Several times as fast, and most text holds none.
    return text.translate(_SPACE_CODES)


def word_phrases(word: Word) -> Iterator[Phrase]:
    """Yield the phrases of a word: one for each choice of its gaps."""
    first, *rest = (Phrase(((0, piece),), len(piece)) for piece in map(visible, word.parts))
    yield from _gapped(first, rest)


def _gapped(phrase: Phrase, rest: list[Phrase]) -> Iterator[Phrase]:
    if not rest:
        yield phrase
        return
    for gap in range(GAP_LIMIT + 1):
        yield from _gapped(phrase.followed_by(rest[0], gap), rest[1:])


def near_phrases(near: Near) -> frozenset[Phrase]:
    sides = [
        [phrase for word in words_of(side) for phrase in word_phrases(word)]
        for side in (near.left, near.right)
    ]
    orders = [sides] if near.is_ordered else [sides, sides[::-1]]
    return frozenset(
        left.followed_by(right, gap)
        for lefts, rights in orders
        for left in lefts
        for right in rights
        for gap in range(near.distance + 1)
    )
