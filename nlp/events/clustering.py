"""Joins texts to events as they come in, at a cost that does not grow with the number of events."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from nlp.events.description import Description
from nlp.events.keys import keys_of
from nlp.events.likeness import WEIGHING, Weighing, likeness, signs
from nlp.events.profile import Profile, profile_of

LOOK_BACK = dt.timedelta(days=30)
PER_KEY = 16
"""Of a key that many events share only the latest are looked at."""

CANDIDATES = 12


def best_event(
    text: Description, events: Iterable[tuple[int, Profile]], weighing: Weighing = WEIGHING
) -> int | None:
    """Choose the event a text most likely belongs to, the earlier of equals; None where none is likely."""
    best, score = None, weighing.threshold
    for number, profile in events:
        found = likeness(signs(text, profile), weighing)
        if found > score:
            best, score = number, found
    return best


def is_recent(text: Description, event: Profile, look_back: dt.timedelta | None) -> bool:
    """Tell whether the event was alive near the time of the text."""
    at, first, last = text.published_at, event.first_at, event.last_at
    if look_back is None or at is None or first is None or last is None:
        return True
    return first - look_back <= at <= last + look_back


@dataclass(slots=True)
class EventClusters:
    """The events of a stream in memory; the database keeps the same in tables.

    ``look_back`` None compares with everything seen so far.
    """

    look_back: dt.timedelta | None = LOOK_BACK
    weighing: Weighing = WEIGHING
    _profiles: list[Profile] = field(default_factory=list)
    _by_key: dict[int, list[int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._profiles)

    def add(self, text: Description) -> int:
        """Give the number of the text's event, counted from 0; a new one where it belongs to none."""
        keys = keys_of(text)
        number = best_event(text, self._candidates(text, keys), self.weighing)
        if number is None:
            number = len(self._profiles)
            self._profiles.append(profile_of(text))
        else:
            self._profiles[number] = self._profiles[number].with_text(text)
        for key in keys:
            line = self._by_key.setdefault(key, [])
            if number in line:
                line.remove(number)
            line.append(number)
            del line[:-PER_KEY]
        return number

    def add_copy(self, number: int, at: dt.datetime | None) -> None:
        """Note that a text of the event was published again."""
        self._profiles[number] = self._profiles[number].seen_again(at)

    def _candidates(self, text: Description, keys: list[int]) -> list[tuple[int, Profile]]:
        counts: Counter[int] = Counter()
        for key in keys:
            counts.update(self._by_key.get(key, ()))
        best = sorted(counts, key=lambda number: (-counts[number], number))
        found = ((number, self._profiles[number]) for number in best)
        recent = [pair for pair in found if is_recent(text, pair[1], self.look_back)]
        return recent[:CANDIDATES]
