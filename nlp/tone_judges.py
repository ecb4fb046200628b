"""Lets the models of tone judge texts for an explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.features import extract
from nlp.leaving_out import Judge
from nlp.linear import Matrix
from nlp.tone.models import EMOTION, EMOTIONS, OFFENSIVE, ToneModels


@dataclass(frozen=True, slots=True)
class ToneJudge:
    models: ToneModels
    task: str

    @property
    def version(self) -> str:
        return self.models.versions[self.task]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(EMOTIONS) if self.task == EMOTION else ("0", "1")

    def probabilities(self, texts: Sequence[str], words: Sequence[Sequence[str]]) -> Matrix:
        scores = self.models.score(texts, extract(texts, words))
        if self.task == EMOTION:
            return self.models.emotions(scores)[0]
        found, _ = self.models.offence(scores)
        return np.stack([1.0 - found, found], axis=1)


def tone_judges(models: ToneModels) -> dict[str, Judge]:
    return {task: ToneJudge(models, task) for task in (EMOTION, OFFENSIVE)}
