"""The form of a text that a general classifier sees: its words, and the characters that they spell.

Some sets hold words separated by spaces, with the stop words left out. Then whatever comes is brought into that
form: raw text is segmented, and words that the set never uses are left out before n-grams are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rjieba

from nlp.normalisation import folded

MOST_CHARACTERS = 20_000
LEAST_LETTERS = 4
SPACED_SHARE = 0.12
"""Share of white space above which a text counts as words already separated; English has more, prose less."""
MAJORITY = 0.5


@dataclass(frozen=True, slots=True)
class TextView:
    """``words`` spell ``characters``."""

    characters: str
    words: tuple[str, ...]


def is_spaced(text: str) -> bool:
    spaces = text.count(" ")
    return len(text) - spaces >= LEAST_LETTERS and spaces > SPACED_SHARE * len(text)


def are_spaced(texts: Sequence[str]) -> bool:
    """Tell whether most texts of a set, one word texts aside, are words separated by spaces."""
    judged = [is_spaced(text) for text in texts if len(text) > LEAST_LETTERS]
    return bool(judged) and float(np.mean(judged)) > MAJORITY


def view(text: str, segmentation: rjieba.Jieba, known_words: frozenset[str] | None) -> TextView:
    """Fold and cut a text; with ``known_words``, those of a set of separated words, keep only them."""
    normal = folded(text[:MOST_CHARACTERS])
    if known_words is None:
        return TextView(normal, tuple(segmentation.cut(normal)))
    cut = normal.split() if is_spaced(normal) else segmentation.cut(normal)
    words = tuple(word for word in cut if word in known_words)
    return TextView("".join(words), words)


def lead(whole: TextView, count: int) -> TextView:
    """Keep the first words: titles stand there, and what a letter is about."""
    words = whole.words[:count]
    return TextView("".join(words), words)
