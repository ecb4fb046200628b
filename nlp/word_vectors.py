"""Where the words and characters of a text lie in a space learnt from much unlabelled text.

Neighbours in that space are used alike, so a model that learns from few labelled texts also knows the words
that none of them holds. Vectors come from skip-grams with negative sampling (Mikolov et al. 2013), trained on
titles and posts of open licence; each is stored as 8-bit integers, already weighted by how rare it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError
from nlp.features import BUCKETS, FeatureRows, extract

VECTORS_FILE = "word_vectors.npz"
VECTOR_SIZE = 0.4
"""The length of each half of a text's vector beside features whose row has length one."""

_CODES = 1 << 16
Vectors = NDArray[np.float32]
Cells = NDArray[np.int8]
Rows = NDArray[np.int32]


class WordVectors:
    """Read-only after construction; threads may share it."""

    def __init__(
        self, words: Sequence[str], word_cells: Cells, characters: str, cells: Cells
    ) -> None:
        # The last row of both tables is zero and stands for what is unknown.
        self._words = np.concatenate([word_cells, np.zeros_like(word_cells[:1])])
        self._characters = np.concatenate([cells, np.zeros_like(cells[:1])])
        self._row_of_bucket = np.full(BUCKETS, len(words), np.int32)
        self._row_of_bucket[buckets_of(words)] = np.arange(len(words), dtype=np.int32)
        self._row_of_code = np.full(_CODES, len(characters), np.int32)
        codes = np.frombuffer(characters.encode("utf-32-le"), np.uint32)
        self._row_of_code[codes] = np.arange(len(characters), dtype=np.int32)

    @property
    def size(self) -> int:
        return 2 * int(self._words.shape[1])

    @property
    def word_cells(self) -> Cells:
        """One row for each known word."""
        return self._words[:-1]

    @property
    def word_buckets(self) -> tuple[NDArray[np.int64], Rows]:
        """Give the buckets of known words, ascending, and the row of each."""
        buckets = np.flatnonzero(self._row_of_bucket < len(self._words) - 1)
        return buckets, self._row_of_bucket[buckets]

    def word_rows(self, features: FeatureRows) -> NDArray[np.int64]:
        """Give the row of each word in the order of the texts; -1 where it is not known."""
        rows = self._row_of_bucket[features.word_buckets].astype(np.int64)
        return np.where(rows < len(self._words) - 1, rows, -1)

    def rows(self, texts: Sequence[str], features: FeatureRows) -> Vectors:
        """Give a row of ``size`` numbers for each normalised text: its words' half and its characters'."""
        by_word = _sums(
            self._words, self._row_of_bucket[features.word_buckets], features.word_starts
        )
        joined = "".join(texts).encode("utf-32-le", "surrogatepass")
        codes = np.minimum(np.frombuffer(joined, np.uint32), _CODES - 1)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
        by_character = _sums(self._characters, self._row_of_code[codes], starts)
        return np.concatenate([_scaled(by_word), _scaled(by_character)], axis=1)

    def parts(self, text: str, features: FeatureRows) -> tuple[Vectors, Vectors]:
        """Give what each word and each character of one normalised text adds to its row of ``rows``."""
        words = self._words[self._row_of_bucket[features.word_buckets]]
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        characters = self._characters[self._row_of_code[np.minimum(codes, _CODES - 1)]]
        return (
            np.pad(_shares(words), ((0, 0), (0, characters.shape[1]))),
            np.pad(_shares(characters), ((0, 0), (words.shape[1], 0))),
        )


def buckets_of(words: Sequence[str]) -> NDArray[np.int64]:
    """Give the bucket that the shared extraction files each word under."""
    return extract(words, [[word] for word in words]).word_buckets


def load_word_vectors(folder: Path) -> WordVectors:
    """Read the shipped vectors; raises ConfigurationError where the file cannot be read."""
    path = folder / VECTORS_FILE
    try:
        with np.load(path, allow_pickle=False) as stored:
            return WordVectors(
                str(stored["words"]).split("\n"),
                stored["word_cells"],
                str(stored["characters"]),
                stored["character_cells"],
            )
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"模型文件「{path.name}」读不了：{error}") from error


def _sums(table: Cells, rows: Rows, starts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Add up integers, so that the order of a batch cannot change a result."""
    # With an empty range reduceat gives the next text's first row; a last row of zeros keeps it in bounds.
    gathered = table[np.append(rows, np.int32(len(table) - 1))]
    sums: NDArray[np.int32] = np.add.reduceat(gathered, starts[:-1], axis=0, dtype=np.int32)
    sums[starts[:-1] == starts[1:]] = 0
    return sums


def _shares(cells: Cells) -> Vectors:
    """Divide the vectors of one text by the length of their sum, as ``_scaled`` does with the sum."""
    total = cells.sum(axis=0, dtype=np.int64)
    length = float(np.sqrt(max(int(total @ total), 1)))
    shares: Vectors = (cells * (VECTOR_SIZE / length)).astype(np.float32)
    return shares


def _scaled(sums: NDArray[np.int32]) -> Vectors:
    squares = np.einsum("ij,ij->i", sums.astype(np.int64), sums.astype(np.int64))
    lengths = np.sqrt(np.maximum(squares, 1).astype(np.float64))
    scaled: Vectors = (sums * (VECTOR_SIZE / lengths)[:, None]).astype(np.float32)
    return scaled
