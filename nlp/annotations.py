"""What goes into the analysis and what comes out of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

SCORE_DIGITS = 4
SIGN_BIT = 1 << 63

L = TypeVar("L", bound=StrEnum)


class Polarity(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Emotion(StrEnum):
    """The six of SMP2020-EWECT."""

    ANGRY = "angry"
    HAPPY = "happy"
    SAD = "sad"
    FEAR = "fear"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


class Kind(StrEnum):
    """What a text does; topics.md rule 5."""

    EVENT = "event"
    COMPLAINT = "complaint"
    HELP = "help"
    OPINION = "opinion"
    POLICY = "policy"
    NEWS = "news"
    PROMO = "promo"


class EntityType(StrEnum):
    EMPLOYER = "employer"
    PLATFORM = "platform"
    UNION = "union"
    GOVERNMENT = "government"
    PLACE = "place"


class Field(StrEnum):
    TITLE = "title"
    TEXT = "text"


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
class LabelScores(Generic[L]):
    """``scores`` are calibrated probabilities that add up to one."""

    label: L
    scores: Mapping[L, float]

    def to_json(self) -> dict[str, object]:
        return {
            "label": self.label.value,
            "scores": {
                name.value: round(value, SCORE_DIGITS) for name, value in self.scores.items()
            },
        }


PolarityScores: TypeAlias = LabelScores[Polarity]
EmotionScores: TypeAlias = LabelScores[Emotion]


@dataclass(frozen=True, slots=True)
class RegionMention:
    adcode: str
    name: str


@dataclass(frozen=True, slots=True)
class Entity:
    """``start`` and ``end`` count code points of the original title or text, half-open.

    ``canonical`` is the name under which mentions of one thing meet: for a place its adcode, or None where
    the name stays ambiguous.
    """

    text: str
    type: EntityType
    field: Field
    start: int
    end: int
    canonical: str | None

    def to_json(self) -> dict[str, object]:
        return {
            "text": self.text,
            "type": self.type.value,
            "field": self.field.value,
            "start": self.start,
            "end": self.end,
            "canonical": self.canonical,
        }


@dataclass(frozen=True, slots=True)
class Casualties:
    """Numbers a text states; None where it states none."""

    dead: int | None = None
    injured: int | None = None
    missing: int | None = None

    def to_json(self) -> dict[str, object]:
        return {"dead": self.dead, "injured": self.injured, "missing": self.missing}


@dataclass(frozen=True, slots=True)
class Gathering:
    """A call to gather: the words that call, with the time and the place they name."""

    text: str
    time: str | None
    place: str | None

    def to_json(self) -> dict[str, object]:
        return {"text": self.text, "time": self.time, "place": self.place}


@dataclass(frozen=True, slots=True)
class Facts:
    """``headcount`` workers concerned, ``amount_yuan`` in yuan, ``days`` a matter has lasted; None: not stated.

    ``appeal`` is the sentence in which the writer says what is wanted.
    """

    headcount: int | None = None
    amount_yuan: int | None = None
    days: int | None = None
    casualties: Casualties | None = None
    gathering: Gathering | None = None
    appeal: str | None = None

    def to_json(self) -> dict[str, object]:
        return {
            "headcount": self.headcount,
            "amount_yuan": self.amount_yuan,
            "days": self.days,
            "casualties": None if self.casualties is None else self.casualties.to_json(),
            "gathering": None if self.gathering is None else self.gathering.to_json(),
            "appeal": self.appeal,
        }


@dataclass(frozen=True, slots=True)
class PrivateSpan:
    """A private person's name or home address in the original title or text, to be masked before it is kept."""

    field: Field
    start: int
    end: int
    mask: str


@dataclass(frozen=True, slots=True)
class Annotations:
    """Everything known about one text.

    ``topics`` are ordered by score and empty where the text is not relevant; ``fingerprint`` is a signed
    64-bit integer, None for a text without characters; ``models`` maps a task to the version that answered.
    ``private`` never leaves the analysis: whoever keeps the text masks these spans first.
    """

    relevant: Decision
    our_union: Decision
    topics: tuple[TopicScore, ...]
    polarity: PolarityScores
    emotion: EmotionScores
    offensive: Decision
    kind: Kind
    entities: tuple[Entity, ...]
    regions: tuple[RegionMention, ...]
    facts: Facts
    private: tuple[PrivateSpan, ...]
    keywords: tuple[str, ...]
    summary: str
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
            "emotion": self.emotion.to_json(),
            "offensive": self.offensive.to_json(),
            "kind": {"label": self.kind.value},
            "entities": [entity.to_json() for entity in self.entities],
            "regions": [{"adcode": place.adcode, "name": place.name} for place in self.regions],
            "facts": self.facts.to_json(),
            "keywords": list(self.keywords),
            "summary": self.summary,
            "fingerprint": None if self.fingerprint is None else fingerprint_hex(self.fingerprint),
            "models": dict(self.models),
        }


def fingerprint_hex(fingerprint: int) -> str:
    return f"{fingerprint % (1 << 64):016x}"


def fingerprint_from_hex(digits: str) -> int:
    """Turn 16 hex digits back into the signed integer that PostgreSQL's bigint holds."""
    value = int(digits, 16)
    return value - (1 << 64) if value & SIGN_BIT else value
