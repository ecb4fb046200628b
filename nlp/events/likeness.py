"""How likely a text belongs to an event: a logistic score over what the two share and what contradicts.

The weights were fitted on one half of the labelled events in ``tests/nlp/data/events.jsonl`` (``nlp.training.event_weights``);
those of employers, names, numbers, places that agree, the gap and the size are set by hand: one half says too little of
them, and a stream has far more that happens in one place than the labelled events show.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np

from nlp.events.description import Description
from nlp.events.profile import Mark, Profile

DAY = dt.timedelta(days=1)
LONGEST_GAP = dt.timedelta(days=14)
MOST_COUNTED = 2
COUNTY = 3
SIBLINGS = 0.5
USUAL_SHARE = 0.2
ENOUGH_SHARED = 0.9


@dataclass(frozen=True, slots=True)
class Weighing:
    """What each sign adds to the log-odds; ``threshold`` is where a text joins."""

    bias: float
    cosine: float
    covered: float
    nearest: float
    same_employer: float
    other_employer: float
    same_name: float
    same_number: float
    same_place: float
    other_place: float
    sibling_place: float
    same_topic: float
    other_topic: float
    gap: float
    size: float
    threshold: float


WEIGHING = Weighing(
    bias=-1.66,
    cosine=4.07,
    covered=3.5,
    nearest=3.16,
    same_employer=1.5,
    other_employer=-1.5,
    same_name=1.2,
    same_number=0.8,
    same_place=0.9,
    other_place=-3.76,
    sibling_place=-1.5,
    same_topic=0.98,
    other_topic=-1.37,
    gap=-1.2,
    size=-0.25,
    threshold=0.8,
)


@dataclass(frozen=True, slots=True)
class Signs:
    """The inputs of the score, each as it is weighed.

    ``same_place`` is the level down to which the places agree, less where little else is shared; the yes-or-no signs are 0 or 1.
    """

    cosine: float
    covered: float
    nearest: float
    same_employer: float
    other_employer: float
    same_name: float
    same_number: float
    same_place: float
    other_place: float
    sibling_place: float
    same_topic: float
    other_topic: float
    gap: float
    size: float


_NAMES = tuple(item.name for item in fields(Signs))
# Both classes have these fields; attrgetter's result is only known as a tuple of objects.
_SIGN_WEIGHTS: Callable[[Weighing], tuple[float, ...]] = attrgetter(*_NAMES)
_SIGNS: Callable[[Signs], tuple[float, ...]] = attrgetter(*_NAMES)


def likeness(signs: Signs, weighing: Weighing = WEIGHING) -> float:
    """Give the log-odds that the text belongs to the event."""
    return weighing.bias + sum(
        (
            weight * sign
            for weight, sign in zip(_SIGN_WEIGHTS(weighing), _SIGNS(signs), strict=True)
        ),
        0.0,
    )


def signs(text: Description, event: Profile) -> Signs:
    """Compare a text with an event."""
    cosine, covered = _shared_terms(text, event)
    nearest = _nearest(text, event)
    # Much happens in one place: that both name it counts as far as they speak of the same.
    speaks = min(1.0, (math.sqrt(cosine) + math.sqrt(nearest)) / ENOUGH_SHARED)
    employers, places, known_topics = (
        _usual(event.employers, event.size),
        _usual(event.places, event.size),
        _usual(event.topics, event.size),
    )
    has_employer = bool(text.employers) and bool(employers)
    same_employer = not text.employers.isdisjoint(employers)
    level = _agreement(text.places, places)
    topics = len(text.topics & known_topics)
    has_topics = bool(text.topics) and bool(known_topics)
    return Signs(
        cosine=math.sqrt(cosine),
        covered=math.sqrt(covered),
        nearest=math.sqrt(nearest),
        same_employer=float(same_employer),
        other_employer=float(has_employer and not same_employer),
        same_name=_counted(text.names, _usual(event.names, event.size)),
        same_number=_counted(text.numbers, _usual(event.numbers, event.size)),
        same_place=0.0 if _is_anonymous(text.places) else (level or 0.0) * speaks,
        other_place=float(level == 0),
        sibling_place=float(level == SIBLINGS),
        same_topic=topics / len(text.topics) if text.topics else 0.0,
        other_topic=float(has_topics and not topics),
        gap=_gap(text, event),
        size=math.log(event.size),
    )


def _shared_terms(text: Description, event: Profile) -> tuple[float, float]:
    """Give the cosine, and how much of the text's weight lies on terms of the event."""
    own, known = text.terms, event.terms
    if not len(own) or not len(known):
        return 0.0, 0.0
    places = np.searchsorted(known, own.terms)
    places[places == len(known)] = 0
    shared = known[places] == own.terms
    weights = own.weights[shared]
    if not len(weights):
        return 0.0, 0.0
    cosine = float(weights @ event.weights[places[shared]])
    # A term of one text in twenty is chance: large events must not swallow whatever comes near them.
    usual = np.minimum(1.0, event.sums[places[shared]] / (weights * event.size) / USUAL_SHARE)
    return cosine, float(weights @ (weights * usual))


def _nearest(text: Description, event: Profile) -> float:
    """Give the cosine with the one of the event's latest texts that is nearest."""
    own = text.terms
    known = np.concatenate([one.terms for one in event.latest])
    if not len(own) or not len(known):
        return 0.0
    places = np.searchsorted(own.terms, known)
    places[places == len(own)] = 0
    products = own.weights[places] * np.concatenate([one.weights for one in event.latest])
    products[own.terms[places] != known] = 0.0
    starts = np.cumsum([0, *(len(one) for one in event.latest)])
    running = np.concatenate(([0.0], np.cumsum(products)))
    return max(0.0, float((running[starts[1:]] - running[starts[:-1]]).max()))


def _usual(known: Mapping[Mark, int], size: int) -> set[Mark]:
    """Keep the marks that stand in more than a few of the event's texts."""
    least = USUAL_SHARE * size
    return {mark for mark, count in known.items() if count >= least}


def _counted(own: frozenset[int], known: set[int]) -> float:
    return float(min(MOST_COUNTED, len(own & known)))


def _is_anonymous(places: Collection[str]) -> bool:
    """Tell whether published letters stand for the places: they tell places apart, but agree by chance."""
    return any(place[0].isalpha() for place in places)


def _agreement(own: Collection[str], known: Collection[str]) -> float | None:
    """Give the level down to which the places agree best; None where one side names no place."""
    if not own or not known:
        return None
    return max(_common_level(one, other) for one in own for other in known)


def _common_level(one: str, other: str) -> float:
    """Compare adcodes: 1 a province and what lies in it, 2 a city and its county, 3 the same county.

    Two counties of one city give SIBLINGS, two places of which neither holds the other 0.
    """
    levels = sorted((_level(one), _level(other)))
    if one[: 2 * levels[0]] == other[: 2 * levels[0]]:
        return float(levels[0])
    is_one_city = levels[0] == COUNTY and one[:4] == other[:4]
    return SIBLINGS if is_one_city else 0.0


def _level(adcode: str) -> int:
    if not adcode.endswith("00"):
        return COUNTY
    return 2 if not adcode.endswith("0000") else 1


def _gap(text: Description, event: Profile) -> float:
    at, first, last = text.published_at, event.first_at, event.last_at
    if at is None or first is None or last is None:
        return 0.0
    apart = max(at - last, first - at, dt.timedelta(0))
    return math.log1p(min(apart, LONGEST_GAP) / DAY)
