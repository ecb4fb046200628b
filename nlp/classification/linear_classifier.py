"""A linear classifier: one row of weights for each known n-gram, one length for each block of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rjieba
from numpy.typing import NDArray

from core.errors import ConfigurationError
from nlp.classification.classifier import Places
from nlp.classification.gram_blocks import BLOCKS, block_of, gram_rows, key_space
from nlp.classification.text_views import view
from nlp.lexicons import load_segmentation
from nlp.linear import Matrix

WEIGHTS_FILE = "linear.npz"
CHUNK = 512
LEVELS = 32_767
LENGTH_UNIT = 1_024
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinearWeights:
    """``weights`` has a row for each key: what an n-gram adds to each label's score.

    That is in units of its block's scale, before the block is divided by its length; ``frequencies`` are
    inverse document frequencies and give that length. ``offsets`` are added to the log-probabilities before a label is chosen; ``known_words`` is None
    unless the set holds words separated by spaces.
    """

    labels: tuple[str, ...]
    keys: NDArray[np.int32]
    frequencies: Matrix
    weights: NDArray[np.int16]
    scales: Matrix
    biases: Matrix
    offsets: Matrix
    has_lead: bool
    known_words: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """Scores are sums of integers, so they do not depend on the texts of a call."""

    model: LinearWeights
    _row_of: NDArray[np.int32] = field(init=False)
    _squares: Rows = field(init=False)
    _blocks: Rows = field(init=False)
    _segmentation: rjieba.Jieba = field(init=False)

    def __post_init__(self) -> None:
        row_of = np.full(key_space(), -1, np.int32)
        row_of[self.model.keys] = np.arange(len(self.model.keys), dtype=np.int32)
        squares = np.round(np.square(self.model.frequencies, dtype=np.float64) * LENGTH_UNIT)
        # The dataclass is frozen: what is derived once is set here.
        object.__setattr__(self, "_row_of", row_of)
        object.__setattr__(self, "_squares", squares.astype(np.int64))
        object.__setattr__(self, "_blocks", block_of(self.model.keys.astype(np.int64)))
        object.__setattr__(self, "_segmentation", load_segmentation())

    @property
    def labels(self) -> tuple[str, ...]:
        return self.model.labels

    def probabilities(self, texts: Sequence[str]) -> Matrix:
        parts = [self._chunk(texts[at : at + CHUNK]) for at in range(0, len(texts), CHUNK)]
        return np.concatenate([np.zeros((0, len(self.labels)), np.float32), *parts])

    def choose(self, probabilities: Matrix) -> Places:
        logs = np.log(np.maximum(probabilities, 1e-9))
        places: Places = (logs + self.model.offsets).argmax(axis=1)
        return places

    def _chunk(self, texts: Sequence[str]) -> Matrix:
        known = self.model.known_words
        views = [view(text, self._segmentation, known) for text in texts]
        keys, starts = gram_rows(views, has_lead=self.model.has_lead)
        rows = self._row_of[keys]
        is_known = rows >= 0
        starts = np.concatenate(([0], np.cumsum(is_known)))[starts]
        scores = self._scores(rows[is_known], starts)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: Matrix = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares

    def _scores(self, rows: NDArray[np.int32], starts: Rows) -> NDArray[np.float64]:
        scores = np.tile(self.model.biases.astype(np.float64), (len(starts) - 1, 1))
        blocks = self._blocks[rows]
        for place in range(len(BLOCKS)):
            inside = blocks == place
            edges = np.concatenate(([0], np.cumsum(inside)))[starts]
            chosen = rows[inside]
            lengths = np.sqrt(summed(self._squares[chosen, None], edges) / LENGTH_UNIT)
            sums = summed(self.model.weights[chosen].astype(np.int64), edges)
            scores += sums * self.model.scales[place] / np.maximum(lengths, 1e-9)
        return scores


def summed(values: Rows, edges: Rows) -> Rows:
    """Add up the rows between each two edges; an empty range gives zeros."""
    padded = np.concatenate([values, np.zeros((1, values.shape[1]), values.dtype)])
    sums: Rows = np.add.reduceat(padded, edges[:-1], axis=0)
    # With an empty range reduceat gives the next text's first row.
    sums[edges[:-1] == edges[1:]] = 0
    return sums


def save(folder: Path, model: LinearWeights) -> None:
    arrays: dict[str, NDArray[np.generic]] = {
        "labels": np.array(model.labels),
        "keys": model.keys.astype(np.int32),
        "frequencies": model.frequencies.astype(np.float32),
        "weights": model.weights,
        "scales": model.scales.astype(np.float32),
        "biases": model.biases.astype(np.float32),
        "offsets": model.offsets.astype(np.float32),
        "has_lead": np.array(model.has_lead),
    }
    if model.known_words is not None:
        words = "\n".join(sorted(model.known_words))
        arrays["known_words"] = np.frombuffer(words.encode("utf-8", "surrogatepass"), np.uint8)
    np.savez_compressed(folder / WEIGHTS_FILE, allow_pickle=False, **arrays)


def load(folder: Path) -> LinearClassifier:
    """Read the weights; raises ConfigurationError where the file is missing or another program's."""
    path = folder / WEIGHTS_FILE
    try:
        with np.load(path, allow_pickle=False) as stored:
            words = (
                stored["known_words"].tobytes().decode("utf-8", "surrogatepass")
                if "known_words" in stored
                else None
            )
            model = LinearWeights(
                labels=tuple(map(str, stored["labels"])),
                keys=stored["keys"],
                frequencies=stored["frequencies"],
                weights=stored["weights"],
                scales=stored["scales"],
                biases=stored["biases"],
                offsets=stored["offsets"],
                has_lead=bool(stored["has_lead"]),
                known_words=None if words is None else frozenset(words.split("\n")),
            )
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"模型文件「{path}」读不了：{error}。请重新训练。") from error
    return LinearClassifier(model)
