"""Scores how a text sounds, for the steps that name its emotion and its offence."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.step import Resources


class ToneStep:
    name: ClassVar[str] = "tone"
    requires: ClassVar[frozenset[str]] = frozenset({"normalised", "features"})
    assigns: ClassVar[frozenset[str]] = frozenset({"tone"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.tone_models

    def annotate(self, batch: Batch) -> None:
        batch.tone = self._models.score(batch.normalised, batch.features)
