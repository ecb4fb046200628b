"""A small convolutional network over characters and words, read out of tables of integers.

A filter over neighbouring characters is linear until its largest value is taken, so what each character adds
at each place of a filter is multiplied out once, when the weights are loaded. Judging a text then takes looked-up
integers, additions and maxima: exact, and so the same in whatever batch the text comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError
from nlp.features import BUCKETS, FeatureRows
from nlp.linear import Matrix

CONVOLUTION_FILE = "convolution.npz"
WIDEST = 3
POSITIONS_AT_ONCE = 4_096
LARGEST = 10_000
"""Three looked-up numbers of this size still add up within sixteen bits."""

Cells = NDArray[np.int8]
Rows = NDArray[np.int64]
Table = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Filters:
    """Filters over one kind of token.

    ``cells`` has a row for each known token and a last one for unknown tokens; ``filters[width - 1]`` is
    of shape (width, size of a cell, filters). ``scales`` and ``biases`` turn the sums of each width's
    filters, in this order, into what the network was trained with.
    """

    cells: Cells
    filters: tuple[Cells, ...]
    scales: Matrix
    biases: Matrix


@dataclass(frozen=True, slots=True)
class ConvolutionWeights:
    """``characters`` and ``word_buckets`` name the tokens, both ascending; ``output`` has a row for each filter."""

    characters: str
    word_buckets: NDArray[np.int32]
    character_filters: Filters
    word_filters: Filters
    output: Matrix
    output_biases: Matrix


class Convolution:
    """Read-only after construction; threads may share it."""

    def __init__(self, weights: ConvolutionWeights) -> None:
        self._characters = _Tables(weights.character_filters)
        self._words = _Tables(weights.word_filters)
        self._codes = np.array([ord(item) for item in weights.characters], np.uint32)
        self._row_of_bucket = np.full(BUCKETS, len(weights.word_buckets), np.int64)
        self._row_of_bucket[weights.word_buckets] = np.arange(len(weights.word_buckets))
        self._output = weights.output
        self._output_biases = weights.output_biases

    def score(self, texts: Sequence[str], features: FeatureRows) -> Matrix:
        """Give a row of scores for each normalised text."""
        joined = "".join(texts).encode("utf-32-le", "surrogatepass")
        codes = np.frombuffer(joined, np.uint32)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
        by_character = self._characters.strongest(self._character_rows(codes), starts)
        word_rows = self._row_of_bucket[features.word_buckets]
        by_word = self._words.strongest(word_rows, features.word_starts)
        found = np.concatenate([by_character, by_word], axis=1)
        # Not a matrix product: its rounding would depend on the number of rows.
        scores: Matrix = np.einsum("ij,jk->ik", found, self._output) + self._output_biases
        return scores

    def _character_rows(self, codes: NDArray[np.uint32]) -> Rows:
        places = np.searchsorted(self._codes, codes)
        nearest = self._codes[np.minimum(places, len(self._codes) - 1)]
        return np.where(nearest == codes, places, len(self._codes))


class _Tables:
    def __init__(self, filters: Filters) -> None:
        cells = filters.cells.astype(np.float32)
        # Products of 8-bit integers add up exactly in 32-bit floats: whatever multiplies them, the same comes out.
        products = [
            [cells @ piece.astype(np.float32) for piece in width] for width in filters.filters
        ]
        largest = max(float(np.abs(item).max()) for width in products for item in width)
        unit = max(largest / LARGEST, 1.0)
        gap = np.zeros((1, filters.filters[0].shape[2]), np.int16)
        self._tables: list[list[Table]] = [
            [np.concatenate([np.rint(item / unit).astype(np.int16), gap]) for item in width]
            for width in products
        ]
        self._gap_row = len(cells)
        self._scales = filters.scales * np.float32(unit)
        self._biases = filters.biases

    def strongest(self, rows: Rows, starts: Rows) -> Matrix:
        """Give each filter's largest value over a text and the gap around it, not below zero."""
        parts: list[Matrix] = []
        begin, count = 0, len(starts) - 1
        while begin < count:
            end = int(np.searchsorted(starts, starts[begin] + POSITIONS_AT_ONCE, "right")) - 1
            end = min(max(end, begin + 1), count)
            edges = starts[begin : end + 1]
            parts.append(self._chunk(rows[edges[0] : edges[-1]], edges - edges[0]))
            begin = end
        width = len(self._biases)
        return np.concatenate([np.zeros((0, width), np.float32), *parts])

    def _chunk(self, rows: Rows, starts: Rows) -> Matrix:
        gap = WIDEST - 1
        lengths = np.diff(starts)
        owners = np.repeat(np.arange(len(lengths)), lengths)
        laid = np.full(len(rows) + gap * (len(lengths) + 1), self._gap_row, np.int64)
        laid[np.arange(len(rows)) + gap * (owners + 1)] = rows
        windows = len(laid) - gap
        begins = starts[:-1] + gap * np.arange(len(lengths))
        found = []
        for tables in self._tables:
            sums = tables[0][laid[:windows]]
            for place, table in enumerate(tables[1:], start=1):
                sums += table[laid[place : windows + place]]
            found.append(np.maximum.reduceat(sums, begins, axis=0))
        values = np.concatenate(found, axis=1) * self._scales + self._biases
        strongest: Matrix = np.maximum(values, 0.0).astype(np.float32)
        return strongest


def save_convolution(folder: Path, weights: ConvolutionWeights) -> None:
    arrays: dict[str, NDArray[np.generic]] = {
        "characters": np.array([ord(item) for item in weights.characters], np.uint32),
        "word_buckets": weights.word_buckets,
        "output": weights.output.astype(np.float32),
        "output_biases": weights.output_biases.astype(np.float32),
    }
    for name, kind in (("character", weights.character_filters), ("word", weights.word_filters)):
        arrays[f"{name}_cells"] = kind.cells
        arrays[f"{name}_scales"] = kind.scales.astype(np.float32)
        arrays[f"{name}_biases"] = kind.biases.astype(np.float32)
        for width, filters in enumerate(kind.filters, start=1):
            arrays[f"{name}_filters_{width}"] = filters
    np.savez_compressed(folder / CONVOLUTION_FILE, allow_pickle=False, **arrays)


def load_convolution(folder: Path) -> ConvolutionWeights:
    """Read the weights; raises ConfigurationError where the file cannot be read."""
    path = folder / CONVOLUTION_FILE
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return ConvolutionWeights(
            characters="".join(map(chr, arrays["characters"].tolist())),
            word_buckets=arrays["word_buckets"],
            character_filters=_filters(arrays, "character"),
            word_filters=_filters(arrays, "word"),
            output=arrays["output"],
            output_biases=arrays["output_biases"],
        )
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"模型文件「{path.name}」读不了：{error}") from error


def _filters(arrays: dict[str, NDArray[np.generic]], name: str) -> Filters:
    widths = [width for width in range(1, WIDEST + 1) if f"{name}_filters_{width}" in arrays]
    return Filters(
        cells=arrays[f"{name}_cells"].astype(np.int8),
        filters=tuple(arrays[f"{name}_filters_{width}"].astype(np.int8) for width in widths),
        scales=arrays[f"{name}_scales"].astype(np.float32),
        biases=arrays[f"{name}_biases"].astype(np.float32),
    )
