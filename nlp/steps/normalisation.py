"""Folds traditional characters, full width and case; links, mentions and pictures become symbols."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.normalisation import normalise
from nlp.step import Resources


class NormalisationStep:
    name: ClassVar[str] = "normalisation"
    requires: ClassVar[frozenset[str]] = frozenset({"matching"})
    assigns: ClassVar[frozenset[str]] = frozenset({"normalised"})

    def __init__(self, _resources: Resources) -> None:
        pass

    def annotate(self, batch: Batch) -> None:
        batch.normalised = [normalise(item.title, item.text) for item in batch.texts]
