"""Small samples of texts under which copies of one piece of writing are found and measured (MinHash).

A text is taken as the set of its character trigrams; the smallest hashes of the set are an even sample of it
(bottom-k sketch, Broder 1997), so the share of one text inside another can be read off two samples.
Sevengrams are so rare that two texts with one in common are worth comparing: the smallest are the look-up keys.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.matching_text import matching_text
from nlp.stories.boilerplate import without_boilerplate
from nlp.stories.marks import marks_of

SAMPLE = 128
KEYS = 16
SHINGLE = 3
KEY_SHINGLE = 7
SHORTEST = 12
"""Shorter texts are only compared for being equal."""

BODY_ALONE = 24
"""From so many characters on a body is compared without its title, so that a new title changes nothing."""

LONGEST = 20_000

_NOT_WORD = re.compile(r"[\W_]+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIXERS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_SHIFT = np.uint64(33)
_HASH_BITS, _OWNER_BITS = np.uint64(48), np.uint64(16)
_HASH_MASK = np.uint64((1 << 48) - 1)
_TO_32_BITS = np.uint64(16)
_AT_ONCE = 512

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Sketch:
    """``digest`` is equal for texts equal in letters and digits; ``keys`` are signed 64-bit.

    ``shingles`` are sorted and at most ``SAMPLE``; ``is_whole`` when they are all the text has.
    ``numbers`` and ``names`` are sorted hashes of what a template would leave open.
    """

    digest: int
    keys: NDArray[np.int64]
    shingles: NDArray[np.uint32]
    numbers: NDArray[np.uint32]
    names: NDArray[np.uint32]

    @property
    def is_whole(self) -> bool:
        return len(self.shingles) < SAMPLE


def sketches(texts: Sequence[tuple[str, str]]) -> list[Sketch | None]:
    """Sketch titles with their texts; None where there is no letter or digit."""
    return [
        sketch
        for start in range(0, len(texts), _AT_ONCE)
        for sketch in _sketched(texts[start : start + _AT_ONCE])
    ]


def _sketched(texts: Sequence[tuple[str, str]]) -> list[Sketch | None]:
    folded = [(matching_text(title), matching_text(text[:LONGEST])) for title, text in texts]
    cores = [(_NOT_WORD.sub("", title), _NOT_WORD.sub("", text)) for title, text in folded]
    compared = [
        _NOT_WORD.sub("", without_boilerplate(text)) if len(core) >= BODY_ALONE else title + core
        for (_, text), (title, core) in zip(folded, cores, strict=True)
    ]
    bounded = [core if len(core) >= SHORTEST else "" for core in compared]
    shingles = _smallest(bounded, SHINGLE, SAMPLE)
    keys = _smallest(bounded, KEY_SHINGLE, KEYS)
    found: list[Sketch | None] = []
    for place, (title, text) in enumerate(cores):
        if not compared[place]:
            found.append(None)
            continue
        digest = _digest(title + text)
        numbers, names = marks_of(*folded[place]) if bounded[place] else (_NONE, _NONE)
        own = keys[place].view(np.int64)
        found.append(
            Sketch(
                digest=digest,
                keys=own if len(own) else np.array([digest], np.int64),
                shingles=(shingles[place] >> _TO_32_BITS).astype(np.uint32),
                numbers=numbers,
                names=names,
            )
        )
    return found


_NONE = np.zeros(0, np.uint32)


def _digest(core: str) -> int:
    return int.from_bytes(hashlib.blake2b(core.encode(), digest_size=8).digest(), signed=True)


def _smallest(cores: Sequence[str], width: int, count: int) -> list[Hashes]:
    """Give the ``count`` smallest distinct hashes of every text's n-grams, in order."""
    lengths = np.fromiter(map(len, cores), dtype=np.int64, count=len(cores))
    codes = np.frombuffer(
        "".join(cores).encode("utf-32-le", "surrogatepass"), dtype=np.uint32
    ).astype(np.uint64)
    if len(codes) < width:
        return [np.zeros(0, np.uint64)] * len(cores)
    owners = np.repeat(np.arange(len(cores), dtype=np.int64), lengths)
    last = len(codes) - width + 1
    hashes = np.zeros(last, np.uint64)
    for offset in range(width):
        hashes = hashes * _MULTIPLIER + codes[offset : offset + last]
    inside = owners[:last] == owners[width - 1 :]
    hashes, owners = hashes[inside], owners[:last][inside]
    for mixer in _MIXERS:
        hashes = (hashes ^ (hashes >> _SHIFT)) * mixer
    hashes ^= hashes >> _SHIFT
    # Text and hash in one number sort much faster than side by side.
    packed = np.sort((owners.astype(np.uint64) << _HASH_BITS) | (hashes >> _OWNER_BITS))
    if len(packed):
        packed = packed[np.concatenate(([True], packed[1:] != packed[:-1]))]
    hashes = packed & _HASH_MASK
    edges = np.searchsorted(packed, np.arange(len(cores) + 1, dtype=np.uint64) << _HASH_BITS)
    return [
        hashes[start : min(end, start + count)]
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
