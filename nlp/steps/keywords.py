"""Names the words that are frequent in a text and rare elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from nlp.batch import Batch
from nlp.step import Resources

MOST_KEYWORDS = 8
_WORD = re.compile(r"[\u4e00-\u9fff]{2,8}|[a-z][a-z0-9+]{1,15}|\d{2,3}(?:\+)?|n\+1")


class KeywordsStep:
    name: ClassVar[str] = "keywords"
    requires: ClassVar[frozenset[str]] = frozenset({"words", "features"})
    assigns: ClassVar[frozenset[str]] = frozenset({"keywords"})

    def __init__(self, resources: Resources) -> None:
        self._stop_words = resources.lexicons.stop_words
        self._rarity = resources.lexicons.rarity

    def annotate(self, batch: Batch) -> None:
        rarity = self._rarity[batch.features.word_buckets].tolist()
        starts = batch.features.word_starts.tolist()
        batch.keywords = [
            self._chosen(words, rarity[start:end])
            for words, start, end in zip(batch.words, starts[:-1], starts[1:], strict=True)
        ]

    def _chosen(self, words: Sequence[str], rarity: Sequence[float]) -> tuple[str, ...]:
        """Weigh a word by how often it stands here and how rare it is elsewhere."""
        weights: dict[str, float] = {}
        for word, rare in zip(words, rarity, strict=True):
            if word in weights:
                weights[word] += rare
            elif len(word) > 1 and word not in self._stop_words and _WORD.fullmatch(word):
                weights[word] = rare
        return tuple(sorted(weights, key=weights.__getitem__, reverse=True)[:MOST_KEYWORDS])
