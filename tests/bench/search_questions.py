"""What is asked of every engine; a round asks one question of each kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from core.expression import parse
from core.search.base import FacetField, SearchQuery
from tests.bench.search_corpus import COMMON, MIDDLING, PLATFORMS, RARE
from tests.bench.texts import UNTIL

TOP = 20
DISTANCE = 10
FACETS = (
    FacetField.PLATFORM,
    FacetField.POLARITY,
    FacetField.REGION,
    FacetField.TOPIC,
    FacetField.LEVEL,
)
TERMS = FacetField.KEYWORD
_GOALS_MS = {"top20_negative": 60.0, "top20": 20.0, "near": 60.0, "histogram": 60.0, "facets": 60.0}


class Ask(StrEnum):
    TOP = "top"
    """The 20 newest and the exact total."""
    COUNT = "count"
    HISTOGRAM = "histogram"
    """Documents of each hour, and of each topic in it."""
    FACETS = "facets"
    TERMS = "terms"
    """The 20 most frequent keywords."""


@dataclass(frozen=True, slots=True)
class Question:
    """All words and filters must hold and no word of ``without``; ``is_near`` asks for two words close together."""

    words: tuple[str, ...] = ()
    ask: Ask = Ask.TOP
    without: tuple[str, ...] = ()
    is_near: bool = False
    platforms: tuple[str, ...] = ()
    polarities: tuple[str, ...] = ()
    since: dt.datetime | None = None

    def query(self) -> SearchQuery:
        joint = f" NEAR/{DISTANCE} " if self.is_near else " "
        text = " ".join([joint.join(self.words), *(f"-{word}" for word in self.without)])
        return SearchQuery(
            expression=parse(text) if text.strip() else None,
            platforms=self.platforms,
            polarities=self.polarities,
            since=self.since,
            limit=TOP,
        )


def questions() -> dict[str, Sequence[Question]]:
    """Give the questions by kind."""
    week = UNTIL - dt.timedelta(days=7)
    pairs = list(combinations(COMMON, 2))
    return {
        "top20_rare": [Question((word,)) for word in RARE],
        "top20_middling": [Question((word,)) for word in MIDDLING],
        "top20_common": [Question((word,)) for word in COMMON],
        "top20_two_words_filters": [
            Question(pair, platforms=PLATFORMS[1:4], polarities=("negative",), since=week)
            for pair in pairs
        ],
        "top20_negative": [Question(without=(word,)) for word in COMMON],
        "near": [Question(pair, is_near=True) for pair in pairs],
        "count": [Question(pair, Ask.COUNT) for pair in pairs],
        "histogram_word": [Question((word,), Ask.HISTOGRAM) for word in COMMON],
        "histogram_all": [Question(ask=Ask.HISTOGRAM)],
        "facets_word": [Question((word,), Ask.FACETS) for word in COMMON],
        "facets_all": [Question(ask=Ask.FACETS)],
        "terms_word": [Question((word,), Ask.TERMS) for word in COMMON],
    }


def goal_ms(kind: str) -> float | None:
    """Give what 95 of 100 answers must not exceed."""
    return next((goal for start, goal in _GOALS_MS.items() if kind.startswith(start)), None)
