"""What an event is about, gathered from the texts that joined it; small, whatever their number."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from nlp.events.description import Description
from nlp.events.terms import Terms, WeightedTerms, Weights

MOST_TERMS = 192
MOST_MARKS = 48
MOST_LATEST = 6
MOST_LATEST_TERMS = 64

Counts = Mapping[int, int]
Mark = TypeVar("Mark", int, str)


@dataclass(frozen=True, slots=True)
class Profile:
    """``sums`` add up the texts' weights of each term; the other fields count in how many texts a mark stands.

    ``latest`` holds the heaviest terms of the texts that joined last. ``first_at`` and ``last_at`` are times of publication, None where no text has one.
    """

    size: int
    terms: Terms
    sums: Weights
    latest: tuple[WeightedTerms, ...]
    employers: Counts
    names: Counts
    numbers: Counts
    places: Mapping[str, int]
    topics: Mapping[str, int]
    first_at: dt.datetime | None
    last_at: dt.datetime | None

    @property
    def weights(self) -> Weights:
        """The sums on a scale where their squares add up to one."""
        length = np.float32(np.linalg.norm(self.sums))
        return self.sums / length if length else self.sums

    def with_text(self, text: Description) -> Profile:
        return self.with_profile(profile_of(text))

    def with_profile(self, other: Profile) -> Profile:
        """Put two profiles together; the order does not matter beyond the rounding of sums."""
        terms, places = np.unique(np.concatenate([self.terms, other.terms]), return_inverse=True)
        sums = np.bincount(
            places, weights=np.concatenate([self.sums, other.sums]), minlength=len(terms)
        ).astype(np.float32)
        if len(terms) > MOST_TERMS:
            chosen = np.sort(np.argpartition(-sums, MOST_TERMS)[:MOST_TERMS])
            terms, sums = terms[chosen], sums[chosen]
        return Profile(
            size=self.size + other.size,
            terms=terms.astype(np.uint32),
            sums=sums,
            latest=(*self.latest, *other.latest)[-MOST_LATEST:],
            employers=_added(self.employers, other.employers),
            names=_added(self.names, other.names),
            numbers=_added(self.numbers, other.numbers),
            places=_added(self.places, other.places),
            topics=_added(self.topics, other.topics),
            first_at=min(filter(None, (self.first_at, other.first_at)), default=None),
            last_at=max(filter(None, (self.last_at, other.last_at)), default=None),
        )

    def seen_again(self, at: dt.datetime | None) -> Profile:
        """Note a copy of a text that it holds already."""
        if at is None:
            return self
        return replace(
            self, first_at=min(at, self.first_at or at), last_at=max(at, self.last_at or at)
        )

    def packed(self) -> bytes:
        """Give the bytes that ``unpacked`` reads."""
        head = json.dumps(
            {
                "size": self.size,
                "terms": len(self.terms),
                "latest": [len(text) for text in self.latest],
                "employers": _pairs(self.employers),
                "names": _pairs(self.names),
                "numbers": _pairs(self.numbers),
                "places": _pairs(self.places),
                "topics": _pairs(self.topics),
                "first_at": self.first_at and self.first_at.isoformat(),
                "last_at": self.last_at and self.last_at.isoformat(),
            },
            separators=(",", ":"),
        ).encode()
        arrays = [self.terms, self.sums]
        for text in self.latest:
            arrays += [text.terms, text.weights]
        return b"\n".join((head, b"".join(array.tobytes() for array in arrays)))


def profile_of(text: Description) -> Profile:
    return Profile(
        size=1,
        terms=text.terms.terms,
        sums=text.terms.weights,
        latest=(text.terms.heaviest(MOST_LATEST_TERMS),),
        employers=dict.fromkeys(text.employers, 1),
        names=dict.fromkeys(text.names, 1),
        numbers=dict.fromkeys(text.numbers, 1),
        places=dict.fromkeys(text.places, 1),
        topics=dict.fromkeys(text.topics, 1),
        first_at=text.published_at,
        last_at=text.published_at,
    )


def unpacked(content: bytes) -> Profile:
    """Read what ``packed`` wrote."""
    end = content.index(b"\n")
    head = json.loads(content[:end])
    vectors, start = [], end + 1
    for count in (head["terms"], *head["latest"]):
        terms = np.frombuffer(content, np.uint32, count, start)
        weights = np.frombuffer(content, np.float32, count, start + 4 * count)
        vectors.append(WeightedTerms(terms, weights))
        start += 8 * count
    return Profile(
        size=head["size"],
        terms=vectors[0].terms,
        sums=vectors[0].weights,
        latest=tuple(vectors[1:]),
        employers=dict(head["employers"]),
        names=dict(head["names"]),
        numbers=dict(head["numbers"]),
        places=dict(head["places"]),
        topics=dict(head["topics"]),
        first_at=_time(head["first_at"]),
        last_at=_time(head["last_at"]),
    )


def _added(left: Mapping[Mark, int], right: Mapping[Mark, int]) -> dict[Mark, int]:
    added = dict(left)
    for mark, count in right.items():
        added[mark] = added.get(mark, 0) + count
    if len(added) > MOST_MARKS:
        kept = sorted(added, key=lambda mark: (-added[mark], mark))[:MOST_MARKS]
        added = {mark: added[mark] for mark in kept}
    return added


def _pairs(counts: Mapping[int, int] | Mapping[str, int]) -> list[tuple[int | str, int]]:
    return sorted(counts.items())


def _time(value: str | None) -> dt.datetime | None:
    return None if value is None else dt.datetime.fromisoformat(value)
