"""Masks private persons' names and home addresses before any other step sees the text."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.lexicons import load_segmentation
from nlp.privacy import PrivateMatters, masked_input
from nlp.step import Resources


class PrivacyStep:
    name: ClassVar[str] = "privacy"
    requires: ClassVar[frozenset[str]] = frozenset()
    assigns: ClassVar[frozenset[str]] = frozenset({"private", "matching"})

    def __init__(self, _resources: Resources) -> None:
        self._private = PrivateMatters(load_segmentation())

    def annotate(self, batch: Batch) -> None:
        """Replace the texts by their masked forms, so that no keyword, entity or summary can hold a name."""
        found = [self._private.find(item) for item in batch.texts]
        batch.private = [spans for _, spans in found]
        batch.matching = [matching for matching, _ in found]
        batch.texts = [
            masked_input(item, spans)
            for item, spans in zip(batch.texts, batch.private, strict=True)
        ]
