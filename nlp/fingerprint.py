"""A 64-bit fingerprint under which texts that differ little differ in few bits (SimHash, Charikar 2002)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NEAR_DUPLICATE_BITS = 7
"""Two texts are near duplicates when their fingerprints differ in at most so many bits."""

BITS = 64
BAND_BITS = 8
LONGEST_TEXT = 20_000
_NOT_WORD = re.compile(r"[\W_]+")
_MULTIPLIERS = tuple(
    np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
)
_MIXERS = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_SHIFT = np.uint64(33)


def fingerprints(texts: Sequence[str]) -> list[int | None]:
    """Fingerprint folded texts as signed integers; None for a text without letters or digits.

    Punctuation and white space do not count, so a re-typeset reprint keeps its fingerprint.
    """
    cores = [_NOT_WORD.sub("", text[:LONGEST_TEXT]) for text in texts]
    lengths = np.fromiter(map(len, cores), dtype=np.int64, count=len(cores))
    if not lengths.sum():
        return [None] * len(cores)
    hashes, owners = _trigrams(cores, lengths)
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    counts = np.bincount(owners, minlength=len(cores))
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    present = counts > 0
    ones = np.add.reduceat(bits, starts[present], axis=0, dtype=np.int32)
    majority = (2 * ones > counts[present, None]).astype(np.uint8)
    packed = np.packbits(majority, axis=1, bitorder="little").copy().view(np.int64).ravel()
    found = iter(packed.tolist())
    return [next(found) if count else None for count in counts.tolist()]


def _trigrams(
    cores: Sequence[str], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hash the distinct character trigrams of every text; shorter texts are padded."""
    padded = [core.ljust(3, "\0") if core else "" for core in cores]
    codes = np.frombuffer(
        "".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32
    ).astype(np.uint64)
    lengths = np.where(lengths > 0, np.maximum(lengths, 3), 0)
    owners = np.repeat(np.arange(len(cores), dtype=np.int64), lengths)
    first, second, third = _MULTIPLIERS
    hashes = codes[:-2] * first + codes[1:-1] * second + codes[2:] * third
    inside = owners[:-2] == owners[2:]
    hashes, owners = hashes[inside], owners[:-2][inside]
    for mixer in _MIXERS:
        hashes = (hashes ^ (hashes >> _SHIFT)) * mixer
    hashes ^= hashes >> _SHIFT
    order = np.lexsort((hashes, owners))
    hashes, owners = hashes[order], owners[order]
    is_first = np.concatenate(([True], (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])))
    return np.ascontiguousarray(hashes[is_first]), owners[is_first]


def hamming(left: int, right: int) -> int:
    """Count the bits in which two fingerprints differ; signed and unsigned forms may be mixed."""
    return ((left ^ right) & ((1 << BITS) - 1)).bit_count()


def bands(fingerprint: int) -> tuple[tuple[int, int], ...]:
    """Cut a fingerprint into eight numbered slices.

    Fingerprints within ``NEAR_DUPLICATE_BITS`` of each other share at least one slice.
    """
    value = fingerprint & ((1 << BITS) - 1)
    mask = (1 << BAND_BITS) - 1
    return tuple(
        (place, (value >> (place * BAND_BITS)) & mask) for place in range(BITS // BAND_BITS)
    )
