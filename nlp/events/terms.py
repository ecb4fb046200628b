"""What a text speaks of, as hashed character bigrams and trigrams weighted by their rarity.

A trigram is about as rare as its two bigrams, so one small table of bigrams serves both. Names that no dictionary
knows are made of rare n-grams: texts that share one are near each other without anybody having found the name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError
from core.matching_text import matching_text
from nlp.stories.boilerplate import without_boilerplate

RARITY_FILE = "term_rarity.npz"
BUCKET_BITS = 18
MOST_TERMS = 96
LONGEST = 3_000

_WEIGHTS = Path(__file__).parent.parent / "weights"
_SEPARATOR = "\0"
_BREAK = re.compile(r"[\W_\d]+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIXER = np.uint64(0xBF58476D1CE4E5B9)
_TO_BUCKET = np.uint64(64 - BUCKET_BITS)
_TO_TERM = np.uint64(32)
_SHIFT = np.uint64(29)
_TRIGRAM = 1.15
_LEAST_RARITY = 2.0

Terms = NDArray[np.uint32]
Weights = NDArray[np.float32]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class WeightedTerms:
    """Terms in ascending order with their weights; the squares of the weights add up to one."""

    terms: Terms
    weights: Weights

    def __len__(self) -> int:
        return len(self.terms)

    def heaviest(self, most: int) -> WeightedTerms:
        """Keep the heaviest terms with the weights they have."""
        if len(self) <= most:
            return self
        chosen = np.sort(np.argpartition(-self.weights, most)[:most])
        return WeightedTerms(self.terms[chosen], self.weights[chosen])


NO_TERMS = WeightedTerms(np.zeros(0, np.uint32), np.zeros(0, np.float32))


@cache
def load_rarity() -> Weights:
    """Read how rare each bucket of bigrams is; raises ConfigurationError."""
    try:
        with np.load(_WEIGHTS / RARITY_FILE, allow_pickle=False) as stored:
            table: Weights = stored["rarity"].astype(np.float32) * stored["scale"]
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"模型文件「{RARITY_FILE}」读不了：{error}") from error
    return table


def broken(text: str) -> str:
    """Fold a text; what is no letter parts it, so that no n-gram crosses a full stop or a number."""
    return _BREAK.sub(_SEPARATOR, matching_text(text))


def weighted_terms(
    texts: Sequence[tuple[str, str]], kept: Sequence[tuple[str, str] | None] | None = None
) -> list[WeightedTerms]:
    """Weigh the terms of titles with their texts; the title counts twice.

    Where ``kept`` gives what is left of a text, only that has terms, on the scale of the whole: the squares of the
    weights then add up to less than one.
    """
    if kept is None:
        return _weighted(texts)
    wholes = _weighted(texts)
    places = [place for place, rest in enumerate(kept) if rest is not None]
    rests = _weighted([rest for rest in kept if rest is not None])
    for place, rest in zip(places, rests, strict=True):
        wholes[place] = _limited(wholes[place], rest)
    return wholes


def _limited(whole: WeightedTerms, rest: WeightedTerms) -> WeightedTerms:
    left = np.isin(whole.terms, rest.terms, assume_unique=True)
    return WeightedTerms(whole.terms[left], whole.weights[left])


def _weighted(texts: Sequence[tuple[str, str]]) -> list[WeightedTerms]:
    rarity = load_rarity()
    joined = [
        broken(f"{title}\n{title}\n{without_boilerplate(text[:LONGEST])}") + _SEPARATOR
        for title, text in texts
    ]
    bigrams, trigrams, starts = ngrams(joined)
    rare = rarity[(bigrams >> _TO_BUCKET).astype(np.int64)]
    rare_trigram = np.zeros(len(trigrams), np.float32)
    rare_trigram[:-1] = (rare[:-1] + rare[1:])[: len(trigrams) - 1] * (_TRIGRAM / 2)
    found = []
    for start, end in pairwise(starts):
        hashes = np.concatenate([bigrams[start:end], trigrams[start:end]])
        weights = np.concatenate([rare[start:end], rare_trigram[start:end]])
        found.append(_heaviest(hashes, weights))
    return found


def ngrams(texts: Sequence[str]) -> tuple[Hashes, Hashes, list[int]]:
    """Hash the bigram and the trigram that begin at each character; zero where one would cross a break."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate(([0], np.cumsum(lengths))).tolist()
    codes = np.frombuffer(
        ("".join(texts) + _SEPARATOR * 2).encode("utf-32-le", "surrogatepass"), dtype=np.uint32
    ).astype(np.uint64)
    first, second, third = codes[:-2], codes[1:-1], codes[2:]
    bigrams = _mixed(first * _MULTIPLIER + second)
    trigrams = _mixed((first * _MULTIPLIER + second) * _MULTIPLIER + third)
    has_two = (first != 0) & (second != 0)
    bigrams[~has_two] = 0
    trigrams[~(has_two & (third != 0))] = 0
    return bigrams, trigrams, starts


def _mixed(keys: Hashes) -> Hashes:
    keys = (keys ^ (keys >> _TO_TERM)) * _MIXER
    keys = (keys ^ (keys >> _SHIFT)) * _MULTIPLIER
    return np.asarray(keys ^ (keys >> _TO_TERM))


def _heaviest(hashes: Hashes, weights: Weights) -> WeightedTerms:
    kept = (hashes != 0) & (weights > _LEAST_RARITY)
    terms, places, counts = np.unique(
        (hashes[kept] >> _TO_TERM).astype(np.uint32), return_index=True, return_counts=True
    )
    if not len(terms):
        return NO_TERMS
    scored = weights[kept][places] * (1 + np.log(counts)).astype(np.float32)
    if len(terms) > MOST_TERMS:
        chosen = np.sort(np.argpartition(-scored, MOST_TERMS)[:MOST_TERMS])
        terms, scored = terms[chosen], scored[chosen]
    return WeightedTerms(terms, scored / np.float32(np.linalg.norm(scored)))
