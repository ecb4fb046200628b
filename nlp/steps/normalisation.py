"""Folds traditional characters, full width and case; links, mentions and pictures become symbols."""

from __future__ import annotations

from typing import ClassVar

from core.matching_text import matching_text
from nlp.batch import Batch
from nlp.normalisation import normalise
from nlp.step import Resources


class NormalisationStep:
    name: ClassVar[str] = "normalisation"
    requires: ClassVar[frozenset[str]] = frozenset()
    assigns: ClassVar[frozenset[str]] = frozenset({"matching", "normalised"})

    def __init__(self, _resources: Resources) -> None:
        pass

    def annotate(self, batch: Batch) -> None:
        batch.matching = [matching_text(f"{item.title}\n{item.text}") for item in batch.texts]
        batch.normalised = [normalise(item.title, item.text) for item in batch.texts]
