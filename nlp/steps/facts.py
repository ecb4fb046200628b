"""Reads what a text states: headcount, amount, days, casualties, a call to gather, the appeal."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.facts.extraction import facts
from nlp.step import Resources


class FactsStep:
    name: ClassVar[str] = "facts"
    requires: ClassVar[frozenset[str]] = frozenset({"matching"})
    assigns: ClassVar[frozenset[str]] = frozenset({"facts"})

    def __init__(self, _resources: Resources) -> None:
        pass

    def annotate(self, batch: Batch) -> None:
        batch.facts = [
            facts(folded, f"{item.title}\n{item.text}", item.published_at)
            for folded, item in zip(batch.matching, batch.texts, strict=True)
        ]
