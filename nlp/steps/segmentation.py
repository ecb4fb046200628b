"""Cuts texts into words with jieba's dictionary and our own terms."""

from __future__ import annotations

from typing import ClassVar

from nlp.batch import Batch
from nlp.lexicons import load_segmentation
from nlp.step import Resources


class SegmentationStep:
    name: ClassVar[str] = "segmentation"
    requires: ClassVar[frozenset[str]] = frozenset({"normalised"})
    assigns: ClassVar[frozenset[str]] = frozenset({"words"})

    def __init__(self, _resources: Resources) -> None:
        self._segmentation = load_segmentation()

    def annotate(self, batch: Batch) -> None:
        batch.words = [self._segmentation.cut(text) for text in batch.normalised]
