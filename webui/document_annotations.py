"""What the models said about a document, named for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.documents import StoredDocument
from webui.vocabulary import narrow_regions, topic_label


@dataclass(frozen=True, slots=True)
class DocumentAnnotations:
    """Scores are between 0 and 1; None where the model gave none."""

    is_analysed: bool
    relevant: bool | None
    relevance: float | None
    our_union: bool | None
    polarity: str | None
    polarity_score: float | None
    topics: tuple[tuple[str, str, float | None], ...]
    regions: tuple[str, ...]
    keywords: tuple[str, ...]
    models: tuple[tuple[str, str], ...]


def annotations_of(document: StoredDocument) -> DocumentAnnotations:
    """Take decisions from the document's columns and scores from what the pipeline wrote beside them."""
    written: Mapping[str, object] = document.annotations or {}
    scores = _topic_scores(written.get("topics"))
    polarity = _mapping(written.get("polarity"))
    by_label = _mapping(polarity.get("scores"))
    keywords = written.get("keywords")
    return DocumentAnnotations(
        is_analysed=document.analysed_at is not None,
        relevant=document.relevant,
        relevance=document.relevance,
        our_union=document.our_union,
        polarity=document.polarity,
        polarity_score=_score(by_label.get(document.polarity or "")),
        topics=tuple((code, topic_label(code), scores.get(code)) for code in document.topics),
        regions=tuple(narrow_regions(document.regions)),
        keywords=tuple(map(str, keywords)) if isinstance(keywords, list) else (),
        models=tuple(
            (str(task), str(version)) for task, version in _mapping(written.get("models")).items()
        ),
    )


def _topic_scores(topics: object) -> dict[str, float | None]:
    listed = topics if isinstance(topics, list) else []
    return {
        str(topic.get("code")): _score(topic.get("score"))
        for topic in listed
        if isinstance(topic, dict)
    }


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _score(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
