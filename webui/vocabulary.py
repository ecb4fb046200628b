"""What codes are called on screen, and what people may write for them in an expression."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import cast

from flask import current_app

from config.topics import load_topics
from core.expression import Field, names
from core.expression.fields import POLARITY_LABELS
from core.expression.names import LEVEL_LABELS
from core.search.base import FacetField
from webui.console import console

EXTENSION = "zhisheng.expression_names"
PLATFORM_LABELS = {"import": "文件导入"}
KIND_LABELS = {
    "post": "帖文", "article": "文章", "reply": "回复", "official_reply": "官方回复",
    "trending": "热榜条目", "comment": "评论",
}  # fmt: skip
ANSWER_LABELS = {"pending": "待办", "replied": "已回复"}


@cache
def topic_labels() -> Mapping[str, str]:
    return {topic.code: topic.label for topic in load_topics()}


def topic_label(code: str) -> str:
    return topic_labels().get(code, code)


def region_label(adcode: str) -> str:
    region = console().regions.get(adcode)
    return region.name if region else adcode


def province_codes() -> tuple[str, ...]:
    """List the places that every other place lies in."""
    return tuple(code for code, region in console().regions.items() if region.parent is None)


def narrow_regions(adcodes: tuple[str, ...] | list[str]) -> list[str]:
    """Name the places, without those that only contain another one of the list."""
    regions = console().regions
    parents = {regions[code].parent for code in adcodes if code in regions}
    return [region_label(code) for code in adcodes if code not in parents]


def label(field: FacetField, value: str) -> str:
    """Name one value of a facet."""
    match field:
        case FacetField.TOPIC:
            return topic_label(value)
        case FacetField.REGION:
            return region_label(value)
        case FacetField.POLARITY:
            return POLARITY_LABELS.get(value, value)
        case FacetField.LEVEL:
            return LEVEL_LABELS.get(value, value)
        case FacetField.PLATFORM:
            return PLATFORM_LABELS.get(value, value)
        case _:
            return value


def expression_names() -> dict[Field, Mapping[str, str]]:
    """Map, by field, the names that people write to the codes that documents carry."""
    # Thousands of places are folded once for all requests. Flask types the mapping as Any.
    known = current_app.extensions
    if EXTENSION not in known:
        known[EXTENSION] = names.expression_names(console().regions.values())
    return cast("dict[Field, Mapping[str, str]]", known[EXTENSION])
