"""Gives the words of a text their shares of a linear score over its n-grams.

A bucket's part is divided among the places where its n-grams stand, and each place's among its characters. So
overlapping n-grams add up under the words a reader sees, and nothing of the score is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from nlp.features import Buckets, FeatureRows, bucket, hash_grams
from nlp.normalisation import LINK, LONG_NUMBER, MENTION, PICTURE_KINDS, PICTURES

Values = NDArray[np.float64]

MOST_PHRASE_CHARACTERS = 8
LEAST_PHRASE_SHARE = 0.25
"""Words this strong beside the strongest one are joined with a strong neighbour of the same sign."""

_SYMBOLS = {LINK: "（链接）", MENTION: "（提到某人）", LONG_NUMBER: "（长数字）"}


@dataclass(frozen=True, slots=True)
class WordValue:
    """A word or phrase as it stands in the normalised text, and what all its places add together."""

    text: str
    value: float


def word_values(
    text: str, words: Sequence[str], features: FeatureRows, parts: Values
) -> tuple[Values, Values]:
    """Give what each word adds, from what each bucket adds to each column, and what no word can be given.

    ``words`` spell ``text``; the second result belongs to the beginning and end of the text as such.
    """
    buckets, starts, ends = _places(text, words)
    rows = np.searchsorted(features.buckets, buckets)
    times = np.bincount(rows, minlength=len(features.buckets))
    values = parts[rows] / times[rows][:, None]
    lengths = ends - starts
    inside = lengths > 0
    each = values[inside] / lengths[inside][:, None]
    steps = np.zeros((len(text) + 1, parts.shape[1]))
    np.add.at(steps, starts[inside], each)
    np.add.at(steps, ends[inside], -each)
    return by_word(np.cumsum(steps, axis=0)[:-1], words), values[~inside].sum(axis=0)


def by_word(characters: Values, words: Sequence[str]) -> Values:
    """Add up the rows of the characters of each word."""
    edges = np.cumsum([0, *map(len, words)])
    sums = np.concatenate([np.zeros((1, characters.shape[1])), np.cumsum(characters, axis=0)])
    added: Values = sums[edges[1:]] - sums[edges[:-1]]
    return added


def phrases(
    words: Sequence[str], values: Values, stop_words: frozenset[str]
) -> tuple[list[WordValue], float]:
    """Join strong neighbours of one sign, add up what stands several times, leave out what says nothing.

    Gives the phrases, strongest first, and the sum of what was left out.
    """
    telling = [tells(word, stop_words) for word in words]
    strongest = max(
        (abs(value) for value, is_telling in zip(values, telling, strict=True) if is_telling),
        default=0.0,
    )
    added: dict[str, float] = {}
    left_out, phrase, total, previous = 0.0, "", 0.0, 0.0
    for word, value, is_telling in zip(words, values.tolist(), telling, strict=True):
        joins = (
            is_telling
            and previous * value > 0
            and min(abs(previous), abs(value)) >= LEAST_PHRASE_SHARE * strongest
            and len(phrase) + len(word) <= MOST_PHRASE_CHARACTERS
        )
        if phrase and not joins:
            added[phrase] = added.get(phrase, 0.0) + total
            phrase, total = "", 0.0
        if is_telling:
            phrase, total, previous = phrase + word, total + value, value
        else:
            left_out, previous = left_out + value, 0.0
    if phrase:
        added[phrase] = added.get(phrase, 0.0) + total
    found = [WordValue(_readable(text), value) for text, value in added.items()]
    return sorted(found, key=lambda item: -abs(item.value)), left_out


def _places(text: str, words: Sequence[str]) -> tuple[Buckets, Buckets, Buckets]:
    """Give bucket, start and end in the text of every n-gram; a boundary character takes no room."""
    grams = hash_grams([text], [words])
    size = len(text)
    edges = np.cumsum([0, *map(len, words)], dtype=np.int64)
    spans = [(edges[:-1], edges[1:]), (edges[:-2], edges[2:])]
    kinds = [grams.words, grams.pairs]
    for order, kind in enumerate(grams.characters, start=1):
        at = np.arange(len(kind[1]), dtype=np.int64) - 1
        spans.append((np.clip(at, 0, size), np.clip(at + order, 0, size)))
        kinds.append(kind)
    return (
        np.concatenate([bucket(hashes) for _, hashes in kinds]),
        np.concatenate([start for start, _ in spans]),
        np.concatenate([end for _, end in spans]),
    )


def tells(word: str, stop_words: frozenset[str]) -> bool:
    """Tell whether a word is worth reading: letters, numerals, pictures and our symbols are."""
    return word not in stop_words and any(
        category(character)[0] in "LN" or category(character) in {"So", "Co"} for character in word
    )


def _readable(text: str) -> str:
    return "".join(
        "（表情）"
        if PICTURES <= ord(character) < PICTURES + PICTURE_KINDS
        else _SYMBOLS.get(character, character)
        for character in text
    )
