"""Past events like the present one, with what they have in common."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_SIMILAR = 5
LEAST_LIKENESS = 0.15
TOPIC_WEIGHT, EMPLOYER_WEIGHT, REGION_WEIGHT, KEYWORD_WEIGHT = 0.35, 0.2, 0.1, 0.35
_DEGREES = {2: 0.3, 4: 0.7, 6: 1.0}
"""Nearness by how many digits of their adcodes agree: province, city, county."""


@dataclass(frozen=True, slots=True)
class EventDescriptor:
    """What events are compared by; ``regions`` are adcodes of six digits."""

    event_id: int
    topics: frozenset[str]
    employers: frozenset[str]
    regions: frozenset[str]
    keywords: frozenset[str]


@dataclass(frozen=True, slots=True)
class SimilarEvent:
    """``likeness`` is between 0 and 1; the other fields are what both events share, in alphabetical order."""

    event_id: int
    likeness: float
    topics: tuple[str, ...]
    employers: tuple[str, ...]
    regions: tuple[str, ...]
    keywords: tuple[str, ...]


def similar_events(
    event: EventDescriptor, past: Sequence[EventDescriptor], *, most: int = MOST_SIMILAR
) -> tuple[SimilarEvent, ...]:
    """Rank past events, the most alike first, those with the same id and those hardly alike left out.

    The matter counts most: topics and keywords, rare ones more than common ones (inverse document frequency over
    ``past``); then the employer, then the place by county, city or province. What an event does not state, such
    as its employer, is not held against either.
    """
    rarities = _Rarities([event, *past])
    found = [
        _compared(event, other, rarities) for other in past if other.event_id != event.event_id
    ]
    kept = [one for one in found if one.likeness >= LEAST_LIKENESS and _has_matter(one)]
    return tuple(sorted(kept, key=lambda one: (-one.likeness, -one.event_id))[:most])


class _Rarities:
    def __init__(self, events: Sequence[EventDescriptor]) -> None:
        self._events = len(events)
        self._topics = Counter(topic for one in events for topic in one.topics)
        self._keywords = Counter(word for one in events for word in one.keywords)

    def topic(self, code: str) -> float:
        return math.log1p(self._events / self._topics[code])

    def keyword(self, word: str) -> float:
        return math.log1p(self._events / self._keywords[word])


def _compared(event: EventDescriptor, other: EventDescriptor, rarities: _Rarities) -> SimilarEvent:
    parts: list[tuple[float, float]] = []
    if event.topics and other.topics:
        shared = math.fsum(map(rarities.topic, event.topics & other.topics))
        parts.append(
            (TOPIC_WEIGHT, shared / math.fsum(map(rarities.topic, event.topics | other.topics)))
        )
    if event.keywords and other.keywords:
        shared = math.fsum(map(rarities.keyword, event.keywords & other.keywords))
        least = min(
            math.fsum(map(rarities.keyword, words)) for words in (event.keywords, other.keywords)
        )
        parts.append((KEYWORD_WEIGHT, shared / least))
    if event.employers and other.employers:
        parts.append((EMPLOYER_WEIGHT, float(bool(event.employers & other.employers))))
    if event.regions and other.regions:
        parts.append((REGION_WEIGHT, _nearness(event.regions, other.regions)))
    total = math.fsum(weight for weight, _ in parts)
    likeness = math.fsum(weight * value for weight, value in parts) / total if parts else 0.0
    return SimilarEvent(
        other.event_id,
        round(likeness, 6),
        _sorted(event.topics & other.topics),
        _sorted(event.employers & other.employers),
        _sorted(event.regions & other.regions),
        _sorted(event.keywords & other.keywords),
    )


def _nearness(one: Iterable[str], other: Iterable[str]) -> float:
    shared = _places(one) & _places(other)
    return max((_DEGREES[len(place)] for place in shared), default=0.0)


def _places(codes: Iterable[str]) -> set[str]:
    """List the provinces, cities and counties that codes lie in; zeros at the end of a code name no place."""
    return {
        code[:digits]
        for code in codes
        for digits in _DEGREES
        if len(code) >= digits and code[digits - 2 : digits] != "00"
    }


def _has_matter(found: SimilarEvent) -> bool:
    """Tell whether more than the place is shared."""
    return bool(found.topics or found.employers or found.keywords)


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values))
