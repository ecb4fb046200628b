"""Names one to three topics of a relevant text."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nlp.annotations import TopicScore
from nlp.batch import Batch
from nlp.linear import Matrix
from nlp.step import Resources

MOST_TOPICS = 3


class TopicsStep:
    name: ClassVar[str] = "topics"
    requires: ClassVar[frozenset[str]] = frozenset({"relevant", "scores"})
    assigns: ClassVar[frozenset[str]] = frozenset({"topics"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.models

    def annotate(self, batch: Batch) -> None:
        model = self._models.tasks["topics"]
        found = model.probabilities(self._models.of("topics", batch.scores))
        batch.topics = [
            _chosen(row, model.columns, model.thresholds) if decision.label else ()
            for row, decision in zip(found, batch.relevant, strict=True)
        ]


def _chosen(row: Matrix, codes: tuple[str, ...], thresholds: Matrix) -> tuple[TopicScore, ...]:
    return tuple(
        TopicScore(codes[place], float(row[place])) for place in chosen_places(row, thresholds)
    )


def chosen_places(row: Matrix, thresholds: Matrix) -> list[int]:
    """Take the columns above their thresholds, or the likeliest: a relevant text has at least one."""
    above = np.flatnonzero(row >= thresholds)
    places = above if len(above) else np.array([int(np.argmax(row / thresholds))])
    return sorted(places.tolist(), key=lambda place: -float(row[place]))[:MOST_TOPICS]
