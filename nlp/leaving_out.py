"""Says why any model decided as it did, by leaving out one word after another and asking again.

For models that are not linear. What a word weighs is how much the log-odds of a label fall without it; what words
do only together stays in the remainder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nlp.attribution import WordValue, phrases, tells
from nlp.linear import Matrix

MOST_WORDS = 48
"""So many different words are tried, in their order: a model may take milliseconds for each."""

_LEAST = 1e-6


class Judge(Protocol):
    """Gives the probabilities of its labels for normalised texts; ``words`` spell the texts."""

    @property
    def version(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    def probabilities(self, texts: Sequence[str], words: Sequence[Sequence[str]]) -> Matrix: ...


@dataclass(frozen=True, slots=True)
class LeftOut:
    """``score`` is the label's log-odds with every word, ``rest`` what no single word accounts for."""

    score: float
    words: Sequence[WordValue]
    rest: float


def leave_out(
    judge: Judge, words: Sequence[str], label: str, stop_words: frozenset[str]
) -> LeftOut:
    """Ask the judge once for the text and all its variants; each lacks every occurrence of one word."""
    tried = [word for word in dict.fromkeys(words) if tells(word, stop_words)][:MOST_WORDS]
    variants = [list(words), *([one for one in words if one != word] for word in tried)]
    rows = judge.probabilities(["".join(variant) for variant in variants], variants)
    shares = np.clip(rows[:, judge.labels.index(label)].astype(np.float64), _LEAST, 1 - _LEAST)
    odds = np.log(shares) - np.log1p(-shares)
    falls = dict(zip(tried, (odds[0] - odds[1:]).tolist(), strict=True))
    each = np.array([falls.get(word, 0.0) / words.count(word) for word in words])
    found, _ = phrases(words, each, stop_words)
    score = float(odds[0])
    return LeftOut(score, found, score - sum(item.value for item in found))
