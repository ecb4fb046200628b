"""Decides whether a text speaks about Chinese trade unions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nlp.annotations import Decision
from nlp.batch import Batch
from nlp.step import Resources
from nlp.union_sense import holds_only_by_chance, union_evidence


class OurUnionStep:
    name: ClassVar[str] = "our_union"
    requires: ClassVar[frozenset[str]] = frozenset({"matching", "scores"})
    assigns: ClassVar[frozenset[str]] = frozenset({"our_union"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.models

    def annotate(self, batch: Batch) -> None:
        model = self._models.tasks["our_union"]
        evidence = np.array(union_evidence(batch.matching), np.float32).reshape(-1, 3)
        scores = np.concatenate([self._models.of("our_union", batch.scores), evidence], axis=1)
        found = model.probabilities(scores)[:, 0]
        # The n-grams cannot see a border between words; the pattern can.
        found[[holds_only_by_chance(text) for text in batch.matching]] = 0.0
        threshold = float(model.thresholds[0])
        batch.our_union = [Decision(value >= threshold, value) for value in found.tolist()]
