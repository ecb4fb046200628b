"""Decides what a text does: reports, complains, asks, argues, rules or advertises."""

from __future__ import annotations

from typing import ClassVar

from nlp.annotations import Kind
from nlp.batch import Batch
from nlp.step import Resources


class KindStep:
    name: ClassVar[str] = "kind"
    requires: ClassVar[frozenset[str]] = frozenset({"scores"})
    assigns: ClassVar[frozenset[str]] = frozenset({"kind"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.models

    def annotate(self, batch: Batch) -> None:
        model = self._models.tasks["kind"]
        names = tuple(Kind(column) for column in model.columns)
        shares = model.shares(self._models.of("kind", batch.scores))
        batch.kind = [names[place] for place in model.choose(shares)]
