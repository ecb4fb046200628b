"""Linear models over the shared features, stored as one small integer per bucket and column."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError
from nlp.features import BUCKETS, FeatureRows

Matrix = NDArray[np.float32]
VOCABULARY_FILE = "vocabulary.npz"
FIXED_POINT = 2_048
"""Weights are summed as integers of this unit: exact, so a result never depends on its batch."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Known buckets in ascending order and the inverse document frequency of each."""

    buckets: NDArray[np.int32]
    frequencies: Matrix

    def digest(self) -> str:
        data = self.buckets.tobytes() + self.frequencies.astype(np.float16).tobytes()
        return hashlib.sha256(data).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class TaskModel:
    """Columns of one task: ``weights`` has a row for each bucket of the vocabulary.

    ``dense_weights`` has one for each dense column: the hints, then the word vectors. ``calibration`` maps
    the columns' scores and a constant one to log-odds, which a sigmoid (or, for classes that exclude each
    other, a softmax) turns into probabilities; ``thresholds`` apply to those: of exclusive classes the one is
    chosen that is most above its own.
    """

    task: str
    version: str
    columns: tuple[str, ...]
    weights: Matrix
    dense_weights: Matrix
    biases: Matrix
    calibration: Matrix
    thresholds: Matrix

    def log_odds(self, scores: Matrix) -> Matrix:
        # Not a matrix product: its rounding would depend on the number of rows.
        product: Matrix = np.einsum("ij,jk->ik", scores, self.calibration[:-1])
        odds: Matrix = product + self.calibration[-1]
        return odds

    def probabilities(self, scores: Matrix) -> Matrix:
        odds = np.clip(self.log_odds(scores), -30.0, 30.0)
        chances: Matrix = (1.0 / (1.0 + np.exp(-odds))).astype(np.float32)
        return chances

    def shares(self, scores: Matrix) -> Matrix:
        odds = self.log_odds(scores)
        powers = np.exp(odds - odds.max(axis=1, keepdims=True))
        shares: Matrix = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares

    def choose(self, shares: Matrix) -> list[int]:
        """Give the place of the chosen class for each row of shares."""
        places: list[int] = (shares / self.thresholds).argmax(axis=1).tolist()
        return places


class LinearModels:
    """All tasks side by side: one pass over the features of a batch scores every column."""

    def __init__(self, vocabulary: Vocabulary, tasks: Sequence[TaskModel]) -> None:
        self.tasks: Mapping[str, TaskModel] = {model.task: model for model in tasks}
        self._row_of = np.full(BUCKETS, len(vocabulary.buckets), dtype=np.int32)
        self._row_of[vocabulary.buckets] = np.arange(len(vocabulary.buckets), dtype=np.int32)
        squares = np.square(vocabulary.frequencies)[:, None]
        scaled = [model.weights * vocabulary.frequencies[:, None] for model in tasks]
        # The last column sums up the squared length of a text; the last row is for unknown buckets.
        table = np.round(np.concatenate([*scaled, squares], axis=1) * FIXED_POINT).astype(np.int32)
        self._table = np.concatenate([table, np.zeros((1, table.shape[1]), np.int32)])
        self._dense_weights = np.concatenate([model.dense_weights for model in tasks], axis=1)
        self._biases = np.concatenate([model.biases for model in tasks])
        self._places: dict[str, slice] = {}
        start = 0
        for model in tasks:
            self._places[model.task] = slice(start, start + len(model.biases))
            start += len(model.biases)

    @property
    def versions(self) -> dict[str, str]:
        return {task: model.version for task, model in self.tasks.items()}

    def score(self, features: FeatureRows, dense: Matrix) -> Matrix:
        """Score every column for every text; a text without a known bucket gets the biases."""
        rows = self._row_of[features.buckets]
        is_known = rows < len(self._table) - 1
        known = np.concatenate(([0], np.cumsum(is_known)))[features.starts]
        gathered = np.concatenate([self._table[rows[is_known]], self._table[-1:]])
        sums = np.add.reduceat(gathered, known[:-1], axis=0) if len(features) else gathered[:0]
        # With an empty range reduceat gives the next text's first row.
        sums[known[:-1] == known[1:]] = 0
        lengths = np.sqrt(np.maximum(sums[:, -1:], 1) * float(FIXED_POINT))
        scores: Matrix = (sums[:, :-1] / lengths + self._biases).astype(np.float32)
        scores += np.einsum("ij,jk->ik", dense, self._dense_weights)
        return scores

    def gram_parts(self, features: FeatureRows) -> Matrix:
        """Give what each bucket of one text adds to every column's score."""
        rows = self._table[self._row_of[features.buckets]]
        length = np.sqrt(max(int(rows[:, -1].sum()), 1) * float(FIXED_POINT))
        parts: Matrix = (rows[:, :-1] / length).astype(np.float32)
        return parts

    def dense_parts(self, dense: Matrix) -> Matrix:
        """Give what rows of dense values add to every column's score."""
        parts: Matrix = dense @ self._dense_weights
        return parts

    def biases_of(self, task: str) -> Matrix:
        return self._biases[self._places[task]]

    def columns_of(self, task: str, parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take a task's columns of what parts add to every column's score."""
        return parts[:, self._places[task]]

    def of(self, task: str, scores: Matrix) -> Matrix:
        return scores[:, self._places[task]]


def load_models(folder: Path, tasks: Sequence[str]) -> LinearModels:
    """Read the vocabulary and the named tasks; raises ConfigurationError for a missing or foreign file."""
    vocabulary = load_vocabulary(folder)
    digest = vocabulary.digest()
    return LinearModels(vocabulary, [_load_task(folder, task, digest) for task in tasks])


def load_vocabulary(folder: Path) -> Vocabulary:
    stored = _read(folder / VOCABULARY_FILE)
    return Vocabulary(stored["buckets"].astype(np.int32), stored["frequencies"].astype(np.float32))


def save_vocabulary(folder: Path, vocabulary: Vocabulary) -> None:
    np.savez_compressed(
        folder / VOCABULARY_FILE,
        buckets=vocabulary.buckets,
        frequencies=vocabulary.frequencies.astype(np.float16),
    )


def save_task(folder: Path, model: TaskModel, vocabulary: Vocabulary) -> None:
    """Store the weights as 8-bit integers with one scale for each column."""
    scales = np.maximum(np.abs(model.weights).max(axis=0), 1e-9) / 127.0
    np.savez_compressed(
        folder / f"{model.task}.npz",
        version=np.array(model.version),
        vocabulary=np.array(vocabulary.digest()),
        columns=np.array(model.columns),
        weights=np.round(model.weights / scales).astype(np.int8),
        scales=scales.astype(np.float32),
        dense_weights=model.dense_weights.astype(np.float32),
        biases=model.biases.astype(np.float32),
        calibration=model.calibration.astype(np.float32),
        thresholds=model.thresholds.astype(np.float32),
    )


def _load_task(folder: Path, task: str, digest: str) -> TaskModel:
    path = folder / f"{task}.npz"
    stored = _read(path)
    if str(stored["vocabulary"]) != digest:
        raise ConfigurationError(f"模型「{path.name}」与词表不是同一次训练的，请一起重新训练。")
    return TaskModel(
        task=task,
        version=str(stored["version"]),
        columns=tuple(map(str, stored["columns"])),
        weights=stored["weights"].astype(np.float32) * stored["scales"].astype(np.float32),
        dense_weights=stored["dense_weights"].astype(np.float32),
        biases=stored["biases"].astype(np.float32),
        calibration=stored["calibration"].astype(np.float32),
        thresholds=stored["thresholds"].astype(np.float32),
    )


def _read(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"模型文件「{path.name}」读不了：{error}") from error
