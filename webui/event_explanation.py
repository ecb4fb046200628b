"""What stands behind an event's figures, as the page explains it; what is not stored yet is None or empty."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nlp.hotness import CONSTANTS, FORMULA, Constant

MODEL_LABEL = "模型摘要"


@dataclass(frozen=True, slots=True)
class HotnessPart:
    """One platform's inputs and its part of the hotness; measures that no document has are None."""

    platform: str
    documents: int
    decay: float
    resonance: float
    usual_per_day: float
    share: float
    share_of_all: float
    views: int | None
    reposts: int | None
    comments: int | None
    likes: int | None


@dataclass(frozen=True, slots=True)
class HotnessExplanation:
    value: float
    low: float
    high: float
    change: float
    change_is_clear: bool
    before: float
    share: float
    parts: tuple[HotnessPart, ...]
    formula: tuple[str, ...] = FORMULA
    constants: tuple[Constant, ...] = CONSTANTS


@dataclass(frozen=True, slots=True)
class ForecastFigures:
    """Documents of the next 24 hours; ``by_hour`` is empty where only their sum is known."""

    expected: float
    low: int
    high: int
    judged: int
    held: int
    by_hour: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SummarySentence:
    text: str
    document_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SummaryText:
    """``label`` is None for sentences taken from documents; ``note`` says why no model wrote it."""

    sentences: tuple[SummarySentence, ...]
    label: str | None
    model: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Peak:
    at: dt.datetime
    documents: int


def hotness_of(detail: Mapping[str, object]) -> HotnessExplanation | None:
    found = _mapping(detail.get("hotness"))
    if not found:
        return None
    return HotnessExplanation(
        value=_number(found, "value"),
        low=_number(found, "low"),
        high=_number(found, "high"),
        change=_number(found, "change"),
        change_is_clear=found.get("change_is_clear") is True,
        before=_number(found, "before"),
        share=_number(found, "share"),
        parts=tuple(_part(part) for part in _mappings(found.get("parts"))),
    )


def _part(part: Mapping[str, object]) -> HotnessPart:
    return HotnessPart(
        platform=str(part.get("platform", "")),
        documents=int(_number(part, "documents")),
        decay=_number(part, "decay"),
        resonance=_number(part, "resonance"),
        usual_per_day=_number(part, "usual_per_day"),
        share=_number(part, "share"),
        share_of_all=_number(part, "share_of_all"),
        views=_whole(part.get("views")),
        reposts=_whole(part.get("reposts")),
        comments=_whole(part.get("comments")),
        likes=_whole(part.get("likes")),
    )


def forecast_of(detail: Mapping[str, object]) -> ForecastFigures | None:
    found = _mapping(detail.get("forecast"))
    if not found:
        return None
    hours = found.get("by_hour")
    return ForecastFigures(
        expected=_number(found, "expected"),
        low=int(_number(found, "low")),
        high=int(_number(found, "high")),
        judged=int(_number(found, "judged")),
        held=int(_number(found, "held")),
        by_hour=tuple(float(hour) for hour in hours if isinstance(hour, int | float))
        if isinstance(hours, list)
        else (),
    )


def summary_of(detail: Mapping[str, object], text: str | None) -> SummaryText:
    """Read the sentences with the documents they rest on; the plain text where there are none."""
    found = _mapping(detail.get("summary"))
    sentences = tuple(_sentence(one) for one in _mappings(found.get("sentences")))
    if not sentences and text:
        sentences = (SummarySentence(text, ()),)
    is_by_model = found.get("origin") == "model"
    return SummaryText(
        sentences,
        label=_text(found.get("label")) or MODEL_LABEL if is_by_model else None,
        model=_text(found.get("model")) if is_by_model else None,
        note=_text(found.get("note")),
    )


def _sentence(found: Mapping[str, object]) -> SummarySentence:
    ids = found.get("document_ids")
    listed = ids if isinstance(ids, list) else [found.get("document_id")]
    return SummarySentence(str(found.get("text", "")), tuple(str(id_) for id_ in listed if id_))


def peak_of(detail: Mapping[str, object]) -> Peak | None:
    """Give the end of the 24 hours that held the most documents."""
    found = _mapping(detail.get("lifecycle"))
    at = found.get("peak_at")
    if not isinstance(at, str):
        return None
    try:
        return Peak(dt.datetime.fromisoformat(at), int(_number(found, "peak")))
    except ValueError:
        return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> Iterator[Mapping[str, object]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _number(found: Mapping[str, object], name: str) -> float:
    value = found.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
