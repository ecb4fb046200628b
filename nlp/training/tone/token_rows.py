"""Texts as rows of numbers of characters and words, as the network reads them while it learns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rjieba
from numpy.typing import NDArray

from nlp.features import extract
from nlp.normalisation import normalise
from nlp.word_vectors import WordVectors

PADDING, UNKNOWN, FIRST = 0, 1, 2
LEAST_SEEN = 4
MOST_CHARACTERS, MOST_WORDS = 240, 160
CHUNK = 2_048

Tokens = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TokenRows:
    """Both are padded with zeros behind; ``sizes`` are the numbers of characters."""

    characters: Tokens
    words: Tokens
    sizes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sizes)


def common_characters(texts: Sequence[str]) -> str:
    """Give the characters that the normalised texts hold often enough, in ascending order."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(normalise("", text))
    return "".join(sorted(item for item, count in seen.items() if count >= LEAST_SEEN))


def token_rows(
    texts: Sequence[str], characters: str, vectors: WordVectors, segmentation: rjieba.Jieba
) -> TokenRows:
    row_of = {item: row for row, item in enumerate(characters, start=FIRST)}
    letters = np.zeros((len(texts), MOST_CHARACTERS), np.int32)
    words = np.zeros((len(texts), MOST_WORDS), np.int32)
    sizes = np.zeros(len(texts), np.int64)
    for begin in range(0, len(texts), CHUNK):
        normalised = [normalise("", text) for text in texts[begin : begin + CHUNK]]
        features = extract(normalised, [segmentation.cut(text) for text in normalised])
        known = vectors.word_rows(features)
        # Row -1 stands for a word without a vector.
        tokens = np.where(known < 0, UNKNOWN, known + FIRST)
        for place, text in enumerate(normalised, start=begin):
            row = [row_of.get(item, UNKNOWN) for item in text[:MOST_CHARACTERS]]
            letters[place, : len(row)] = row
            sizes[place] = len(row)
            own = slice(*features.word_starts[place - begin : place - begin + 2])
            cut = tokens[own][:MOST_WORDS]
            words[place, : len(cut)] = cut
    return TokenRows(letters, words, sizes)
