"""What goes into the analysis and what comes out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SCORE_DIGITS = 4
SIGN_BIT = 1 << 63


class Polarity(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True)
class TextInput:
    """``published_at`` is aware or unknown; a step may read it, none reads the clock."""

    title: str
    text: str
    published_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """``score`` is the calibrated probability that ``label`` is true."""

    label: bool
    score: float

    def to_json(self) -> dict[str, object]:
        return {"label": int(self.label), "score": round(self.score, SCORE_DIGITS)}


@dataclass(frozen=True, slots=True)
class TopicScore:
    code: str
    score: float


@dataclass(frozen=True, slots=True)
class PolarityScores:
    """``scores`` are calibrated probabilities that add up to one."""

    label: Polarity
    scores: Mapping[Polarity, float]

    def to_json(self) -> dict[str, object]:
        return {
            "label": self.label.value,
            "scores": {
                name.value: round(value, SCORE_DIGITS) for name, value in self.scores.items()
            },
        }


@dataclass(frozen=True, slots=True)
class RegionMention:
    adcode: str
    name: str


@dataclass(frozen=True, slots=True)
class Annotations:
    """Everything known about one text.

    ``topics`` are ordered by score and empty where the text is not relevant; ``fingerprint`` is a signed
    64-bit integer, None for a text without characters; ``models`` maps a task to the version that answered.
    """

    relevant: Decision
    our_union: Decision
    topics: tuple[TopicScore, ...]
    polarity: PolarityScores
    regions: tuple[RegionMention, ...]
    keywords: tuple[str, ...]
    fingerprint: int | None
    models: Mapping[str, str]

    def to_json(self, id_: str) -> dict[str, object]:
        """Give the object that ``zhisheng analyse`` prints; the fingerprint becomes 16 hex digits."""
        return {
            "id": id_,
            "relevant": self.relevant.to_json(),
            "our_union": self.our_union.to_json(),
            "topics": [
                {"code": topic.code, "score": round(topic.score, SCORE_DIGITS)}
                for topic in self.topics
            ],
            "polarity": self.polarity.to_json(),
            "regions": [{"adcode": place.adcode, "name": place.name} for place in self.regions],
            "keywords": list(self.keywords),
            "fingerprint": None if self.fingerprint is None else fingerprint_hex(self.fingerprint),
            "models": dict(self.models),
        }


def fingerprint_hex(fingerprint: int) -> str:
    return f"{fingerprint % (1 << 64):016x}"


def fingerprint_from_hex(digits: str) -> int:
    """Turn 16 hex digits back into the signed integer that PostgreSQL's bigint holds."""
    value = int(digits, 16)
    return value - (1 << 64) if value & SIGN_BIT else value
