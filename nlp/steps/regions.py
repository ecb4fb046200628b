"""Finds the places a text names."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.step import Resources


class RegionsStep:
    name: ClassVar[str] = "regions"
    requires: ClassVar[frozenset[str]] = frozenset({"matching"})
    assigns: ClassVar[frozenset[str]] = frozenset({"regions"})

    def __init__(self, resources: Resources) -> None:
        self._gazetteer = resources.gazetteer

    def annotate(self, batch: Batch) -> None:
        batch.regions = [self._gazetteer.find(text) for text in batch.matching]
