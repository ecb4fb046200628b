"""Facets in which a document may have no value at all: how that is called, and how it is searched for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.expression import Expression
from core.expression.fields import POLARITY_LABELS
from core.expression.syntax import Condition, Field, Not, disjunction
from core.search.base import FacetField
from webui.vocabulary import label, province_codes, topic_labels

UNKNOWN = "none"
UNKNOWN_LABELS: Mapping[FacetField, str] = {
    FacetField.POLARITY: "未判定",
    FacetField.TOPIC: "未归入主题",
    FacetField.REGION: "未提到地区",
}


def is_unknown_among(field: FacetField, values: Sequence[str]) -> bool:
    return UNKNOWN in values and field in UNKNOWN_LABELS


def condition(field: FacetField, values: Sequence[str]) -> Expression:
    """Ask for documents that lack the field, or have one of the other values named."""
    of = Field(field.value)
    lacking = Not(Condition(of, _all_values(field)))
    named = tuple(value for value in values if value != UNKNOWN)
    return disjunction((Condition(of, named), lacking)) if named else lacking


def _all_values(field: FacetField) -> tuple[str, ...]:
    """List values of which every document that has the field has one: places carry their province."""
    match field:
        case FacetField.POLARITY:
            return tuple(POLARITY_LABELS)
        case FacetField.TOPIC:
            return tuple(topic_labels())
        case _:
            return province_codes()


def facet_label(field: FacetField, value: str) -> str:
    """Name one value of a facet, also that of having none."""
    if value == UNKNOWN and field in UNKNOWN_LABELS:
        return UNKNOWN_LABELS[field]
    return label(field, value)
