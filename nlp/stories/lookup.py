"""Finds a text's family among all texts of the last days, at a cost that does not grow with their number."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nlp.stories.kinship import Kinship, Relation, kinship
from nlp.stories.sketch import Sketch

LOOK_BACK = dt.timedelta(days=14)
PER_KEY = 24
"""A key that many texts share is boilerplate: only the latest of them are looked at."""

CANDIDATES = 24


@dataclass(frozen=True, slots=True)
class Kept:
    """A text that later ones are compared with."""

    number: int
    story: int
    sketch: Sketch
    published_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text belongs: its story, and the text it comes from."""

    story: int
    relation: Relation
    parent: int | None


def nearest(sketch: Sketch, kept: Iterable[Kept]) -> tuple[Kept, Kinship] | None:
    """Give the kept text that is nearest, the earliest of equals."""
    best: tuple[Kept, Kinship] | None = None
    for other in kept:
        found = kinship(sketch, other.sketch)
        if found is not None and (best is None or found.nearness > best[1].nearness):
            best = other, found
    return best


@dataclass(slots=True)
class StoryLookup:
    """The families of a stream in memory; the database keeps the same in tables.

    ``look_back`` None compares with everything seen so far. Texts come in the order of their times.
    """

    look_back: dt.timedelta | None = LOOK_BACK
    _kept: list[Kept] = field(default_factory=list)
    _by_key: dict[int, list[int]] = field(default_factory=dict)
    _last: dict[int, dt.datetime] = field(default_factory=dict)

    def add(
        self, number: int, sketch: Sketch | None, published_at: dt.datetime | None = None
    ) -> Place:
        """Place a text; ``number`` names it, and its story is called after its first text."""
        if sketch is None:
            return Place(number, Relation.FIRST, None)
        keys: Sequence[int] = sketch.keys.tolist()
        found = nearest(sketch, self._candidates(keys, published_at))
        if found is None:
            self._keep(Kept(number, number, sketch, published_at), keys)
            return Place(number, Relation.FIRST, None)
        other, kin = found
        if kin.relation is not Relation.EXACT:
            self._keep(Kept(number, other.story, sketch, published_at), keys)
        return Place(other.story, kin.relation, other.number)

    def _candidates(self, keys: Sequence[int], published_at: dt.datetime | None) -> list[Kept]:
        counts: Counter[int] = Counter()
        for key in keys:
            counts.update(self._by_key.get(key, ())[-PER_KEY:])
        best = sorted(counts, key=lambda place: (-counts[place], place))[:CANDIDATES]
        return [self._kept[place] for place in best if self._is_recent(place, published_at)]

    def _is_recent(self, place: int, published_at: dt.datetime | None) -> bool:
        at = self._kept[place].published_at
        if self.look_back is None or at is None or published_at is None:
            return True
        return abs(published_at - at) <= self.look_back

    def _keep(self, kept: Kept, keys: Sequence[int]) -> None:
        place = len(self._kept)
        self._kept.append(kept)
        for key in keys:
            line = self._by_key.setdefault(key, [])
            line.append(place)
            if len(line) > 2 * PER_KEY:
                del line[:PER_KEY]
