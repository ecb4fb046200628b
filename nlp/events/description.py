"""What one text says about the matter it belongs to: terms, employers, places, names, numbers, topics, time."""

from __future__ import annotations

import datetime as dt
import re
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from core.matching_text import matching_text
from nlp.annotations import Annotations, EntityType, TextInput
from nlp.events.clauses import muted
from nlp.events.terms import LONGEST, WeightedTerms, weighted_terms
from nlp.numerals import NUMBER, number

MOST_MARKS = 24
FEWEST_COUNTED = 10

_NUMBER = re.compile(
    rf"(?P<number>{NUMBER})\s*[多余来几]?\s*(?P<unit>万?元|万?块|个?人(?!民)|名|位|户|件|家(?!长))"
)
_NAMED = re.compile(
    r"(?:有限|责任|股份)*(公司|集团|工厂|厂|酒店|医院|学校|大学|学院|中学|小学|幼儿园|小区|花园|广场|大厦|中心|街道|大道|路"
    r"|村|社区|银行|超市|项目|工地|码头|煤矿|矿|站|桥|楼盘|公园|城)"
)
_ANONYMOUS = re.compile(r"(?<![a-z0-9])([a-z])(\d{1,2})[区县市]")
_ANONYMOUS_CITY = re.compile(r"(?<![a-z0-9])([a-z])市")
_EMPLOYERS = frozenset({EntityType.EMPLOYER, EntityType.PLATFORM})


@dataclass(frozen=True, slots=True)
class Description:
    """``employers``, ``names`` and ``numbers`` are hashes; ``places`` the exact adcodes, without what holds them."""

    terms: WeightedTerms
    employers: frozenset[int]
    names: frozenset[int]
    numbers: frozenset[int]
    places: frozenset[str]
    topics: frozenset[str]
    published_at: dt.datetime | None


@cache
def _unnamed() -> frozenset[str]:
    text = resources.files("nlp").joinpath("data/not_names_of_things.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


@dataclass(frozen=True, slots=True)
class Labels:
    """What the analysis found in a text, as far as events care.

    ``places`` are the exact adcodes, ``place_names`` the words for them in the text.
    """

    employers: frozenset[str]
    places: frozenset[str]
    topics: frozenset[str]
    place_names: frozenset[str] = frozenset()


def labels_of(found: Annotations) -> Labels:
    return Labels(
        employers=frozenset(
            entity.canonical or entity.text
            for entity in found.entities
            if entity.type in _EMPLOYERS
        ),
        places=frozenset(place.adcode for place in found.regions),
        topics=frozenset(topic.code for topic in found.topics),
        place_names=frozenset(
            entity.text for entity in found.entities if entity.type is EntityType.PLACE
        ),
    )


def describe(
    texts: Sequence[TextInput],
    labels: Sequence[Labels],
    usual: Sequence[Collection[int]] | None = None,
) -> list[Description]:
    """Describe texts with what the analysis found in them.

    ``usual`` are the clauses of each text that say nothing about its matter (``nlp.events.clauses``).
    """
    whole = [(text.title, text.text) for text in texts]
    clauses = usual or [()] * len(texts)
    kept = [
        _without_places(muted(text, mine) if mine else (text.title, text.text), found.place_names)
        if mine or found.place_names
        else None
        for text, found, mine in zip(texts, labels, clauses, strict=True)
    ]
    terms = weighted_terms(whole, kept)
    return [
        _description(text, found, weighted)
        for text, found, weighted in zip(texts, labels, terms, strict=True)
    ]


def _without_places(text: tuple[str, str], names: Collection[str]) -> tuple[str, str]:
    """Take the names of places out of the terms: that they agree is weighed apart."""
    title, body = text
    for name in sorted(names, key=len, reverse=True):
        title, body = title.replace(name, "\n"), body.replace(name, "\n")
    return title, body


def _description(text: TextInput, labels: Labels, terms: WeightedTerms) -> Description:
    folded = matching_text(f"{text.title}\n{text.text[:LONGEST]}")
    return Description(
        terms=terms,
        employers=_hashed(labels.employers),
        names=_hashed(named_things(folded)),
        numbers=_hashed(counted(folded)),
        places=labels.places or anonymous_places(folded),
        topics=labels.topics,
        published_at=text.published_at,
    )


def anonymous_places(folded: str) -> frozenset[str]:
    """Read 「A市」 and 「A3区」 of published letters as codes that nest as adcodes do, in no real province."""
    return frozenset(
        f"{letter}001{int(number):02d}" for letter, number in _ANONYMOUS.findall(folded)
    ) | frozenset(f"{letter}00100" for letter in _ANONYMOUS_CITY.findall(folded))


def named_things(folded: str) -> set[str]:
    """Take the two characters before each 「公司」, 「小区」, 「路」 …: enough of a name to meet it again."""
    names: set[str] = set()
    for match in _NAMED.finditer(folded):
        start = match.start()
        name = folded[max(0, start - 2) : start]
        if len(name) == 2 and name.isalnum() and name not in _unnamed():  # noqa: PLR2004 (as said above)
            names.add(name + match[1][-1])
    return names


def counted(folded: str) -> set[str]:
    """Read how many people or how much money; small numbers are shared by chance."""
    found: set[str] = set()
    for match in _NUMBER.finditer(folded):
        value = number(match["number"])
        if value is None:
            continue
        unit = match["unit"]
        is_money = unit[-1] in "元块"
        value *= 10_000 if unit.startswith("万") else 1
        if value >= FEWEST_COUNTED * (100 if is_money else 1):
            found.add(f"{value:g}{'元' if is_money else '人'}")
    return found


def _hashed(names: Iterable[str]) -> frozenset[int]:
    return frozenset(sorted(zlib.crc32(name.encode()) for name in names)[:MOST_MARKS])
