"""Hashed character and word n-grams of a whole batch, extracted once and shared by every linear model.

All arithmetic is numpy over the code points of the batch laid end to end; nothing is done per character in
Python. A bucket depends on the n-gram alone, so rows do not depend on the batch they were computed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BUCKET_BITS = 19
BUCKETS = 1 << BUCKET_BITS
CHARACTER_ORDERS = 3
BOUNDARY = "\ue0ff"

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIXER = np.uint64(0xBF58476D1CE4E5B9)
_BASE = 0x2545F4914F6CDD1D
_WORD_BASE = 0x5851F42D4C957F2D
_WORD_SALT = np.uint64(0x632BE59BD9B4E019)
_HALF = np.uint64(32)
_ALL_BITS = (1 << 64) - 1

Buckets = NDArray[np.int64]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Distinct buckets of each text: those of text ``i`` are ``buckets[starts[i]:starts[i + 1]]``.

    ``word_buckets`` are the buckets of the single words in their order, laid out by ``word_starts``.
    """

    buckets: Buckets
    starts: Buckets
    word_buckets: Buckets
    word_starts: Buckets

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class Grams:
    """The hash of every n-gram of a batch and the place of the text it stands in, kind by kind."""

    characters: tuple[tuple[Buckets, Hashes], ...]
    words: tuple[Buckets, Hashes]
    pairs: tuple[Buckets, Hashes]


def extract(texts: Sequence[str], words: Sequence[Sequence[str]]) -> FeatureRows:
    """Hash character n-grams and word uni- and bigrams; the words of a text must spell the text."""
    grams = hash_grams(texts, words)
    kinds = (*grams.characters, grams.words, grams.pairs)
    hashes = np.concatenate([kind for _, kind in kinds])
    owners = np.concatenate([owner for owner, _ in kinds])
    keys = np.sort((owners << BUCKET_BITS) | bucket(hashes))
    if len(keys):
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    edges = np.arange(len(texts) + 1, dtype=np.int64)
    return FeatureRows(
        buckets=keys & (BUCKETS - 1),
        starts=np.searchsorted(keys, edges << BUCKET_BITS),
        word_buckets=bucket(grams.words[1]),
        word_starts=np.searchsorted(grams.words[0], edges),
    )


def hash_grams(texts: Sequence[str], words: Sequence[Sequence[str]]) -> Grams:
    """Hash the n-grams of each kind; the words of a text must spell the text."""
    bounded = [f"{BOUNDARY}{text}{BOUNDARY}" for text in texts]
    codes = np.frombuffer(
        "".join(bounded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32
    ).astype(np.uint64)
    lengths = np.fromiter(map(len, bounded), dtype=np.int64, count=len(bounded))
    owners = np.repeat(np.arange(len(bounded), dtype=np.int64), lengths)
    mixed = (codes + np.uint64(1)) * _MULTIPLIER
    mixed ^= mixed >> _HALF
    hashes, word_owners = _word_hashes(mixed, words)
    same = word_owners[1:] == word_owners[:-1]
    pairs = hashes[:-1] * np.uint64(_BASE) + hashes[1:] * _MULTIPLIER
    return Grams(
        characters=_character_grams(mixed, owners),
        words=(word_owners, hashes),
        pairs=(word_owners[:-1][same], pairs[same]),
    )


def bucket(hashes: Hashes, bits: int = BUCKET_BITS) -> Buckets:
    """Keep the highest ``bits`` bits, so that fewer of them only make coarser buckets."""
    return ((hashes * _MIXER) >> np.uint64(64 - bits)).astype(np.int64)


def _character_grams(mixed: Hashes, owners: Buckets) -> tuple[tuple[Buckets, Hashes], ...]:
    base = np.uint64(_BASE)
    parts: list[tuple[Buckets, Hashes]] = []
    rolling = mixed
    for order in range(1, CHARACTER_ORDERS + 1):
        if order > 1:
            rolling = rolling[:-1] * base + mixed[order - 1 :]
        owner = owners[: len(rolling)]
        inside = owner == owners[order - 1 :]
        parts.append((owner[inside], rolling[inside]))
    return tuple(parts)


def _word_hashes(mixed: Hashes, words: Sequence[Sequence[str]]) -> tuple[Hashes, Buckets]:
    """Hash each word through prefix sums: the sum over its code points times powers of an odd base."""
    counts = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    sizes = np.fromiter(
        (len(word) for row in words for word in row), dtype=np.int64, count=int(counts.sum())
    )
    owners = np.repeat(np.arange(len(words), dtype=np.int64), counts)
    powers, inverses = _powers(len(mixed) + 1)
    sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(mixed * powers[:-1], dtype=np.uint64)))
    # Words leave out the two boundary characters of their text.
    ends = np.cumsum(sizes) + 2 * owners + 1
    begins = ends - sizes
    return (sums[ends] - sums[begins]) * inverses[begins] + _WORD_SALT, owners


def _powers(count: int) -> tuple[Hashes, Hashes]:
    inverse = pow(_WORD_BASE, -1, 1 << 64)
    powers = np.full(count, np.uint64(_WORD_BASE))
    inverses = np.full(count, np.uint64(inverse))
    powers[0] = inverses[0] = np.uint64(1)
    return np.cumprod(powers, dtype=np.uint64), np.cumprod(inverses, dtype=np.uint64)
