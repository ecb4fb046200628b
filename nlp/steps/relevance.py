"""Decides whether a text is about work, workers or unions in mainland China."""

from __future__ import annotations

from typing import ClassVar

from nlp.annotations import Decision
from nlp.batch import Batch
from nlp.dilution import Dilution, diluted
from nlp.step import Resources


class RelevanceStep:
    name: ClassVar[str] = "relevance"
    requires: ClassVar[frozenset[str]] = frozenset({"normalised", "scores", "our_union"})
    assigns: ClassVar[frozenset[str]] = frozenset({"relevant"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.models
        self._dilution = Dilution(resources.lexicons.labour_terms)

    def annotate(self, batch: Batch) -> None:
        model = self._models.tasks["relevance"]
        undiluted = model.probabilities(self._models.of("relevance", batch.scores))[:, 0]
        found = diluted(undiluted, self._dilution.losses(batch.normalised)).tolist()
        threshold = float(model.thresholds[0])
        batch.relevant = [
            # A text about our unions is about labour by definition.
            Decision(label=True, score=max(value, union.score))
            if union.label
            else Decision(label=value >= threshold, score=value)
            for value, union in zip(found, batch.our_union, strict=True)
        ]
