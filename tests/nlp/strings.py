"""Runs the tricky strings and counts what was found, what was found wrongly and what was missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from config.regions import load_regions
from nlp.annotations import EntityType, Facts, TextInput
from nlp.entities.recognition import EntityFinder
from nlp.facts.extraction import facts
from nlp.gazetteer import Gazetteer
from nlp.lexicons import load_segmentation
from nlp.privacy import PrivateMatters

FOLDER = Path(__file__).parent / "data"
FIRST_ROUND, SECOND_ROUND = "facts.yaml", "facts_second_round.yaml"
HELD_BACK_EVERY = 3
ENTITY_GROUPS = {
    "employers": EntityType.EMPLOYER,
    "platforms": EntityType.PLATFORM,
    "unions": EntityType.UNION,
    "government": EntityType.GOVERNMENT,
}


@dataclass(slots=True)
class Tally:
    """``negatives`` counts the strings that hold nothing, ``clean`` those of them where nothing was found."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    negatives: int = 0
    clean: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)


class Readers:
    """What reads the strings; made once, as it loads the word lists."""

    def __init__(self) -> None:
        self.private = PrivateMatters(load_segmentation())
        self.entities = EntityFinder(Gazetteer(load_regions()), load_segmentation())

    def found(self, group: str, text: str) -> list[object]:
        """List what a group's reader finds, in the form in which the file expects it."""
        folded, spans = self.private.find(TextInput("", text))
        if group in ("names", "addresses"):
            return [text[span.start : span.end] for span in spans]
        entities, _ = self.entities.find(folded, "", text)
        if group in ENTITY_GROUPS:
            return [one.text for one in entities if one.type is ENTITY_GROUPS[group]]
        if group == "places":
            places = [one for one in entities if one.type is EntityType.PLACE]
            return [(one.text, one.canonical) for one in places]
        fact = _FACTS[group](facts(folded, f"\n{text}", None))
        return [] if fact is None else [fact]


def _casualties(found: Facts) -> object:
    one = found.casualties
    return None if one is None else [one.dead, one.injured, one.missing]


def _gathering(found: Facts) -> object:
    one = found.gathering
    return None if one is None else [one.time, one.place]


_FACTS: dict[str, Callable[[Facts], object]] = {
    "amounts": lambda found: found.amount_yuan,
    "durations": lambda found: found.days,
    "headcounts": lambda found: found.headcount,
    "casualties": _casualties,
    "gatherings": _gathering,
}


def cases(name: str = FIRST_ROUND) -> dict[str, list[tuple[str, list[object]]]]:
    """Read a file; what is expected becomes a list, empty where nothing is to be found."""
    text = FOLDER.joinpath(name).read_text(encoding="utf-8")
    groups: dict[str, list[tuple[str, object]]] = yaml.safe_load(text)
    return {
        group: [(text, _as_list(group, expected)) for text, expected in listed]
        for group, listed in groups.items()
    }


def _as_list(group: str, expected: object) -> list[object]:
    if isinstance(expected, dict):
        return list(expected.items())
    if group in _FACTS:
        return [] if expected is None else [expected]
    assert isinstance(expected, list)
    return expected


def tally(readers: Readers, group: str, listed: list[tuple[str, list[object]]]) -> Tally:
    counted = Tally()
    for text, expected in listed:
        missing = list(expected)
        for one in readers.found(group, text):
            if one in missing:
                missing.remove(one)
                counted.right += 1
            else:
                counted.wrong += 1
        counted.missed += len(missing)
        if not expected:
            counted.negatives += 1
            counted.clean += not readers.found(group, text)
    return counted


def parted(
    listed: list[tuple[str, list[object]]],
) -> Iterator[tuple[str, list[tuple[str, list[object]]]]]:
    """Give the strings the rules were tuned on, and the third that was held back."""
    last = HELD_BACK_EVERY - 1
    yield "open", [case for place, case in enumerate(listed) if place % HELD_BACK_EVERY != last]
    yield "held back", listed[last::HELD_BACK_EVERY]
