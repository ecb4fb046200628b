"""By which keys the events are found that a text may belong to."""

from __future__ import annotations

import zlib

import numpy as np

from nlp.events.description import Description

MOST_TERM_KEYS = 24
MOST_NAME_KEYS = 6
MOST_NUMBER_KEYS = 3
MOST_PLACES = 3


def keys_of(text: Description) -> list[int]:
    """List signed 64-bit keys: employers, names, numbers, place with topic, and the heaviest terms."""
    keys = [_key("employer", mark) for mark in sorted(text.employers)]
    keys += [_key("name", mark) for mark in sorted(text.names)[:MOST_NAME_KEYS]]
    keys += [_key("number", mark) for mark in sorted(text.numbers)[:MOST_NUMBER_KEYS]]
    keys += [
        _key("place", zlib.crc32(f"{place[:4]}{topic}".encode()))
        for place in sorted(text.places)[:MOST_PLACES]
        for topic in ("", *sorted(text.topics))
    ]
    heaviest = np.argsort(-text.terms.weights, kind="stable")[:MOST_TERM_KEYS]
    keys += [_key("term", mark) for mark in text.terms.terms[heaviest].tolist()]
    return list(dict.fromkeys(keys))


_KINDS = {
    name: place << 32
    for place, name in enumerate(("employer", "name", "number", "place", "term"), 1)
}


def _key(kind: str, mark: int) -> int:
    return _KINDS[kind] | mark
