"""Matching text: what search, rules and spans compare, one character for each character of the stored text.

Character by character NFKC where that yields one character, then casefold likewise, then traditional to simplified
Chinese. Nothing is removed, so an offset in the matching text is an offset in the stored text.
"""

import sys
import unicodedata
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

RESERVED = range(0x10FF00, 0x10FFFE)
"""Private-use code points that no matching text holds; the engines encode white space and gaps with them."""

_SURROGATES = range(0xD800, 0xE000)  # Alone they can be neither stored nor indexed.
_REPLACEMENT = "\ufffd"
_SHORT = 32
"""Below so many characters the array costs more than it saves."""


class _Characters(dict[int, str]):
    """The map for `str.translate`, filled as characters are seen."""

    def __init__(self, simplified: dict[str, str]) -> None:
        super().__init__()
        self._simplified = simplified

    def __missing__(self, code: int) -> str:
        self[code] = character = self._folded(chr(code))
        return character

    def _folded(self, character: str) -> str:
        code = ord(character)
        if code in RESERVED or code in _SURROGATES:
            return _REPLACEMENT
        form = unicodedata.normalize("NFKC", character)
        if len(form) == 1:
            character = form
        folded = character.casefold()
        if len(folded) == 1:
            character = folded
        return self._simplified.get(character, character)


@cache
def _characters() -> _Characters:
    table = resources.files("config").joinpath("data/traditional_simplified.tsv")
    simplified: dict[str, str] = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            traditional, _, simple = line.partition("\t")
            simplified[traditional] = simple
    return _Characters(simplified)


@cache
def _table() -> NDArray[np.uint32]:
    """Give the same map as an array by code point, which folds long texts four times as fast.

    A code point that was not seen yet has 0, and so has NUL; pages nobody wrote to take no memory.
    """
    return np.zeros(sys.maxunicode + 1, dtype="<u4")


def matching_text(text: str) -> str:
    """Fold a text for comparison; the result has the same length."""
    if len(text) < _SHORT:
        return text.translate(_characters())
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    folded = _table().take(codes).tobytes().decode("utf-32-le")
    return _learned(text) if "\0" in folded else folded


def _learned(text: str) -> str:
    """Fold a text that holds characters the table lacks, and add them to it."""
    table = _table()
    for character in set(text):
        table[ord(character)] = ord(character.translate(_characters()))
    return text.translate(_characters())
