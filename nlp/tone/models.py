"""The models of tone side by side: linear ones over the shared n-grams, and one network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.annotations import Emotion
from nlp.features import FeatureRows
from nlp.linear import LinearModels, Matrix, TaskModel, load_models
from nlp.tone.convolution import Convolution, load_convolution

FOLDER = "tone"
EMOTION, OFFENSIVE = "emotion", "offensive"
TONE_TASKS = (EMOTION, OFFENSIVE)

EMOTIONS = tuple(Emotion)
DOMAINS = ("usual", "virus")
"""Everyday posts, and posts on a public event: in the latter people feel and say things otherwise."""
EMOTION_COLUMNS = (
    *(f"{domain}.{emotion.value}" for domain in DOMAINS for emotion in EMOTIONS),
    "is_public_event",
)
OFFENSIVE_COLUMNS = ("bayesian", "plain")
NETWORK_COLUMNS = (*EMOTION_COLUMNS[:-1], OFFENSIVE)
_COUNT = len(EMOTIONS)


class ToneModels:
    """Read-only after construction; threads may share it.

    A row of scores holds the linear scores of emotion and of offence, then the network's.
    """

    def __init__(self, linear: LinearModels, convolution: Convolution) -> None:
        self.linear = linear
        self._convolution = convolution

    @property
    def versions(self) -> dict[str, str]:
        return self.linear.versions

    def score(self, normalised: Sequence[str], features: FeatureRows) -> Matrix:
        dense = np.zeros((len(features), 0), np.float32)
        by_network = self._convolution.score(normalised, features)
        return np.concatenate([self.linear.score(features, dense), by_network], axis=1)

    def emotions(self, scores: Matrix) -> tuple[Matrix, list[int]]:
        """Give the probabilities of ``EMOTIONS`` and the place of the one to answer with.

        That need not be the likeliest: rare emotions get an advance, tuned to the mean F1 of all six.
        """
        model = self.linear.tasks[EMOTION]
        own = np.concatenate(
            [self.linear.of(EMOTION, scores), scores[:, _network(EMOTION)]], axis=1
        )
        shares, favoured = mixture(model, own)
        return shares, favoured.argmax(axis=1).tolist()

    def offence(self, scores: Matrix) -> tuple[Matrix, float]:
        """Give the probability that a text is offensive, and the least one that counts as such."""
        model = self.linear.tasks[OFFENSIVE]
        own = np.concatenate(
            [self.linear.of(OFFENSIVE, scores), scores[:, _network(OFFENSIVE)]], axis=1
        )
        return model.probabilities(own)[:, 0], float(model.thresholds[0])


def mixture(model: TaskModel, own: Matrix) -> tuple[Matrix, Matrix]:
    """Mix the two domains' answers by how much a text looks like either; plain and with the advance."""
    odds = model.log_odds(own).astype(np.float64)
    public = 1.0 / (1.0 + np.exp(-np.clip(odds[:, -1:], -30.0, 30.0)))
    usual, virus = shares_of(odds[:, :_COUNT]), shares_of(odds[:, _COUNT : 2 * _COUNT])
    advance = np.exp(model.thresholds.astype(np.float64))
    plain = (1.0 - public) * usual + public * virus
    favoured = (1.0 - public) * usual * advance[:_COUNT]
    favoured += public * virus * advance[_COUNT : 2 * _COUNT]
    return plain.astype(np.float32), favoured.astype(np.float32)


def shares_of(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(odds - odds.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def load_tone_models(weights: Path) -> ToneModels:
    """Read the shipped models; raises ConfigurationError where a file is missing or foreign."""
    folder = weights / FOLDER
    linear = load_models(folder, TONE_TASKS)
    return ToneModels(linear, Convolution(load_convolution(folder)))


def _network(task: str) -> slice:
    """Give the columns of the network for a task, which stand behind those of the linear models."""
    first = len(EMOTION_COLUMNS) + len(OFFENSIVE_COLUMNS)
    last = first + len(NETWORK_COLUMNS)
    return slice(last - 1, last) if task == OFFENSIVE else slice(first, last - 1)
