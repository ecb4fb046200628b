"""Says a text in one or two of its own sentences."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.step import Resources
from nlp.summary import masked_summary


class SummaryStep:
    """Runs after whatever finds private names, so that none of them comes back in a summary."""

    name: ClassVar[str] = "summary"
    requires: ClassVar[frozenset[str]] = frozenset({"private", "keywords"})
    assigns: ClassVar[frozenset[str]] = frozenset({"summary"})

    def __init__(self, _resources: Resources) -> None:
        pass

    def annotate(self, batch: Batch) -> None:
        batch.summary = [
            masked_summary(item, private, keywords)
            for item, private, keywords in zip(
                batch.texts, batch.private, batch.keywords, strict=True
            )
        ]
