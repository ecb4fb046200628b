"""What the analysis read in a document beside its labels, named for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from core.documents import StoredDocument
from webui.formats import number
from webui.highlights import excerpt
from webui.vocabulary import narrow_regions

ENTITY_LABELS: Mapping[str, str] = {
    "employer": "用人单位",
    "platform": "平台",
    "union": "工会组织",
    "government": "政府机构",
    "place": "地点",
}
CONTEXT = 32


@dataclass(frozen=True, slots=True)
class NamedThings:
    """The names of one kind, and the piece of the text around each of its mentions with the name marked."""

    label: str
    names: tuple[str, ...]
    places: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class DocumentAnnotations:
    is_analysed: bool
    regions: tuple[str, ...]
    entities: tuple[NamedThings, ...]
    facts: tuple[tuple[str, str], ...]
    keywords: tuple[str, ...]
    models: tuple[tuple[str, str], ...]


def annotations_of(document: StoredDocument) -> DocumentAnnotations:
    """Take places from the document's columns and the rest from what the pipeline wrote."""
    written: Mapping[str, object] = document.annotations or {}
    keywords = written.get("keywords")
    return DocumentAnnotations(
        is_analysed=document.analysed_at is not None,
        regions=tuple(narrow_regions(document.regions)),
        entities=_entities(document, written.get("entities")),
        facts=_facts(_mapping(written.get("facts"))),
        keywords=tuple(map(str, keywords)) if isinstance(keywords, list) else (),
        models=tuple(
            (str(task), str(version)) for task, version in _mapping(written.get("models")).items()
        ),
    )


def _entities(document: StoredDocument, listed: object) -> tuple[NamedThings, ...]:
    found: dict[str, list[Mapping[str, object]]] = {kind: [] for kind in ENTITY_LABELS}
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("type") in found:
            found[str(one["type"])].append(one)
    return tuple(
        NamedThings(
            ENTITY_LABELS[kind],
            names=tuple(dict.fromkeys(str(one.get("text")) for one in mentions)),
            places=tuple(_place(document, one) for one in mentions),
        )
        for kind, mentions in found.items()
        if mentions
    )


def _place(document: StoredDocument, one: Mapping[str, object]) -> Markup:
    text = document.title if one.get("field") == "title" else document.text
    start, end = one.get("start"), one.get("end")
    spans = [(start, end)] if isinstance(start, int) and isinstance(end, int) else []
    return excerpt(text, spans, length=CONTEXT + len(str(one.get("text"))))


def _facts(facts: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    hurt = _mapping(facts.get("casualties"))
    counts = (
        ("涉及人数", facts.get("headcount"), "人"),
        ("涉及金额", facts.get("amount_yuan"), "元"),
        ("持续时间", facts.get("days"), "天"),
        ("死亡", hurt.get("dead"), "人"),
        ("受伤", hurt.get("injured"), "人"),
        ("失联", hurt.get("missing"), "人"),
    )
    found = [
        (name, f"{number(value)} {unit}") for name, value, unit in counts if isinstance(value, int)
    ]
    called = _mapping(facts.get("gathering")).get("text")
    said = (("号召聚集", called), ("诉求", facts.get("appeal")))
    return (*found, *((name, f"“{words}”") for name, words in said if isinstance(words, str)))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
