"""Hashed n-grams in blocks: characters and words of the whole text, and both of its lead.

A finer hashing than the shared one of ``nlp.features``, because here the whole vocabulary of a set is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.classification.text_views import TextView, lead
from nlp.features import Grams, bucket, hash_grams

BUCKET_BITS = 22
BLOCKS = ("characters", "words", "lead")
LEAD_WORDS = 14

# The lead has its own characters and words, told apart by one more bit.
_KEY_BITS = BUCKET_BITS + 2
_CHARACTERS, _WORDS, _LEAD = 0, 1 << BUCKET_BITS, 2 << BUCKET_BITS
_LEAD_WORDS = 3 << BUCKET_BITS

Keys = NDArray[np.int64]


def key_space() -> int:
    return 1 << _KEY_BITS


def block_of(keys: Keys) -> Keys:
    """Give the place in ``BLOCKS`` of each key."""
    blocks: Keys = np.minimum(keys >> BUCKET_BITS, len(BLOCKS) - 1)
    return blocks


def gram_rows(views: Sequence[TextView], *, has_lead: bool) -> tuple[Keys, Keys]:
    """Give the distinct keys of each text in ascending order, and where each text's begin and end."""
    parts = _keys(_grams(views), _CHARACTERS, _WORDS)
    if has_lead:
        parts += _keys(_grams([lead(item, LEAD_WORDS) for item in views]), _LEAD, _LEAD_WORDS)
    keys = np.sort(np.concatenate(parts))
    if len(keys):
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    edges = np.arange(len(views) + 1, dtype=np.int64)
    return keys & (key_space() - 1), np.searchsorted(keys, edges << _KEY_BITS)


def _grams(views: Sequence[TextView]) -> Grams:
    return hash_grams([item.characters for item in views], [item.words for item in views])


def _keys(grams: Grams, characters: int, words: int) -> list[Keys]:
    parts = [
        (owners << _KEY_BITS) | (characters + bucket(hashes, BUCKET_BITS))
        for owners, hashes in grams.characters
    ]
    for owners, hashes in (grams.words, grams.pairs):
        parts.append((owners << _KEY_BITS) | (words + bucket(hashes, BUCKET_BITS)))
    return parts
