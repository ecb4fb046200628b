"""Finds employers, platforms, unions, government bodies and places, and the regions they lie in."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.entities.recognition import EntityFinder
from nlp.lexicons import load_segmentation
from nlp.step import Resources


class EntitiesStep:
    name: ClassVar[str] = "entities"
    requires: ClassVar[frozenset[str]] = frozenset({"matching"})
    assigns: ClassVar[frozenset[str]] = frozenset({"entities", "regions"})

    def __init__(self, resources: Resources) -> None:
        self._finder = EntityFinder(resources.gazetteer, load_segmentation())

    def annotate(self, batch: Batch) -> None:
        found = [
            self._finder.find(folded, item.title, item.text)
            for folded, item in zip(batch.matching, batch.texts, strict=True)
        ]
        batch.entities = [entities for entities, _ in found]
        batch.regions = [regions for _, regions in found]
