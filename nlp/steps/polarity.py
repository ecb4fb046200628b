"""Decides the polarity toward the working conditions or the matter a text reports."""

from __future__ import annotations

from typing import ClassVar

from nlp.annotations import LabelScores, Polarity
from nlp.batch import Batch
from nlp.step import Resources


class PolarityStep:
    name: ClassVar[str] = "polarity"
    requires: ClassVar[frozenset[str]] = frozenset({"scores"})
    assigns: ClassVar[frozenset[str]] = frozenset({"polarity"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.models

    def annotate(self, batch: Batch) -> None:
        model = self._models.tasks["polarity"]
        names = tuple(Polarity(column) for column in model.columns)
        shares = model.shares(self._models.of("polarity", batch.scores))
        batch.polarity = [
            LabelScores(names[place], dict(zip(names, row, strict=True)))
            for place, row in zip(model.choose(shares), shares.tolist(), strict=True)
        ]
