"""Extracts the shared features once and scores every linear model with them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nlp.batch import Batch
from nlp.features import extract
from nlp.step import Resources


class FeaturesStep:
    name: ClassVar[str] = "features"
    requires: ClassVar[frozenset[str]] = frozenset({"normalised", "words"})
    assigns: ClassVar[frozenset[str]] = frozenset({"features", "dense", "scores"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.models
        self._hint_terms = resources.hint_terms
        self._word_vectors = resources.word_vectors

    def annotate(self, batch: Batch) -> None:
        batch.features = extract(batch.normalised, batch.words)
        hints = self._hint_terms.rows(batch.normalised)
        vectors = self._word_vectors.rows(batch.normalised, batch.features)
        batch.dense = np.concatenate([hints, vectors], axis=1)
        batch.scores = self._models.score(batch.features, batch.dense)
