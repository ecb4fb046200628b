"""Extracts the shared features once and scores every linear model with them."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.features import extract
from nlp.step import Resources


class FeaturesStep:
    name: ClassVar[str] = "features"
    requires: ClassVar[frozenset[str]] = frozenset({"normalised", "words"})
    assigns: ClassVar[frozenset[str]] = frozenset({"features", "scores"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.models

    def annotate(self, batch: Batch) -> None:
        batch.features = extract(batch.normalised, batch.words)
        batch.scores = self._models.score(batch.features)
