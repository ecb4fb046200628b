"""Names the emotion of a text, one of six."""

from __future__ import annotations

from typing import ClassVar

from nlp.annotations import LabelScores
from nlp.batch import Batch
from nlp.step import Resources
from nlp.tone.models import EMOTIONS


class EmotionStep:
    name: ClassVar[str] = "emotion"
    requires: ClassVar[frozenset[str]] = frozenset({"tone"})
    assigns: ClassVar[frozenset[str]] = frozenset({"emotion"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.tone_models

    def annotate(self, batch: Batch) -> None:
        shares, chosen = self._models.emotions(batch.tone)
        batch.emotion = [
            LabelScores(EMOTIONS[place], dict(zip(EMOTIONS, row, strict=True)))
            for place, row in zip(chosen, shares.tolist(), strict=True)
        ]
