"""Says a text in one or two of its own sentences."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.step import Resources
from nlp.summary import summary


class SummaryStep:
    """Needs ``private``, so that it quotes the texts in which names and addresses are masked already."""

    name: ClassVar[str] = "summary"
    requires: ClassVar[frozenset[str]] = frozenset({"private", "keywords"})
    assigns: ClassVar[frozenset[str]] = frozenset({"summary"})

    def __init__(self, _resources: Resources) -> None:
        pass

    def annotate(self, batch: Batch) -> None:
        batch.summary = [
            summary(item, keywords)
            for item, keywords in zip(batch.texts, batch.keywords, strict=True)
        ]
