"""Decides whether a text abuses persons or groups; anger at a matter, however harsh, is no abuse."""

from __future__ import annotations

from typing import ClassVar

from nlp.annotations import Decision
from nlp.batch import Batch
from nlp.step import Resources


class OffensiveStep:
    name: ClassVar[str] = "offensive"
    requires: ClassVar[frozenset[str]] = frozenset({"tone"})
    assigns: ClassVar[frozenset[str]] = frozenset({"offensive"})

    def __init__(self, resources: Resources) -> None:
        self._models = resources.tone_models

    def annotate(self, batch: Batch) -> None:
        found, threshold = self._models.offence(batch.tone)
        batch.offensive = [Decision(value >= threshold, value) for value in found.tolist()]
