"""What the form of a standing topic is filled with: a search, a template, a saved version, what was typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from config.purposes import PURPOSES
from config.standing_topic_templates import TopicTemplate, load_topic_templates
from core.documents import known_sources
from core.expression import Expression, ExpressionError, Field, print_expression
from core.expression.syntax import Condition, conjunction
from core.search.base import FacetField
from core.standing_topic_list import TopicRow
from core.standing_topics import Parse, TopicDraft
from webui import people
from webui.console import reading
from webui.document_filters import RANGES, DocumentFilters
from webui.document_period import spoken
from webui.permissions import ROLE_PERMISSIONS, Permission
from webui.typed import whole_number, whole_numbers
from webui.unknown_values import condition, is_unknown_among
from webui.vocabulary import expression_names, label

Values = dict[str, object]

_FACETS = (
    (FacetField.PLATFORM, Field.PLATFORM),
    (FacetField.POLARITY, Field.POLARITY),
    (FacetField.TOPIC, Field.TOPIC),
    (FacetField.REGION, Field.REGION),
    (FacetField.LEVEL, Field.LEVEL),
)
_TRUTH = {"yes": "是", "no": "否"}


@dataclass(frozen=True, slots=True)
class SearchAsTopic:
    """``left_out`` names, in Chinese, what a topic does not take over from the search."""

    expression: str
    sources: tuple[int, ...]
    left_out: tuple[str, ...]


def of_search(filters: DocumentFilters, parse: Parse) -> SearchAsTopic:
    """Write the filters of a search as conditions of its expression; times are left out, a topic lives on."""
    try:
        typed = (parse(filters.q),) if filters.q else ()
    except ExpressionError:
        kept = replace(filters, q="", cursor="", sort="newest")
        others = ("检索表达式有误，它以外的条件没有带入",) if kept != DocumentFilters() else ()
        return SearchAsTopic(filters.q, (), others)
    parts = (*typed, *_conditions(filters))
    text = print_expression(conjunction(parts)) if parts else ""
    return SearchAsTopic(
        text if len(parts) != len(typed) else filters.q, filters.source, _times(filters)
    )


def _conditions(filters: DocumentFilters) -> Iterator[Expression]:
    for facet, field in _FACETS:
        values = filters.values(facet)
        if is_unknown_among(facet, values):
            yield condition(facet, values)
        elif values:
            yield Condition(field, tuple(_readable(facet, field, value) for value in values))
    if filters.relevant:
        yield Condition(Field.RELEVANT, (_TRUTH[filters.relevant],))
    if filters.event is not None:
        yield Condition(Field.EVENT, (str(filters.event),))
    if filters.story is not None:
        yield Condition(Field.STORY, (str(filters.story),))


def _readable(facet: FacetField, field: Field, value: str) -> str:
    """Write a name where the language reads it as this value, else the code itself."""
    name = label(facet, value)
    if field is Field.POLARITY:
        return name
    return name if expression_names().get(field, {}).get(name) == value else value


def _times(filters: DocumentFilters) -> tuple[str, ...]:
    if filters.has_period:
        return (f"时间（{spoken(filters.since, filters.until)}）",)
    return (f"时间（{RANGES[filters.range][0]}）",) if filters.range else ()


def template(key: str) -> TopicTemplate | None:
    return next((one for one in load_topic_templates() if one.key == key), None)


def blank(owner_id: int) -> Values:
    # Without a purpose the list asks for one: none is chosen for anybody.
    return {"owner_id": owner_id, "sources": [], "purpose": None}


def of_template(chosen: TopicTemplate, owner_id: int) -> Values:
    return blank(owner_id) | {
        "name": chosen.name,
        "expression": chosen.expression,
        "excludes": chosen.excludes,
        "purpose": chosen.purpose,
    }


def of_row(row: TopicRow) -> Values:
    return {
        "name": row.name,
        "expression": row.expression,
        "excludes": row.excludes,
        "purpose": row.purpose,
        "sources": list(row.sources),
        "owner_id": row.owner_id,
        "as_of_version": row.version,
    }


def of_form(form: MultiDict[str, str]) -> Values:
    """Keep everything that was typed, right or wrong."""
    names = ("name", "expression", "excludes", "owner_id", "as_of_version")
    typed: Values = {name: form.get(name, "") for name in names}
    return typed | {"purpose": form.get("purpose") or None, "sources": form.getlist("sources")}


def draft_of(form: MultiDict[str, str]) -> TopicDraft:
    return TopicDraft(
        name=form.get("name", ""),
        expression=form.get("expression", ""),
        excludes=form.get("excludes", ""),
        purpose=form.get("purpose", ""),
        sources=tuple(whole_numbers(form.getlist("sources"))),
        owner_id=whole_number(form.get("owner_id")) or 0,
    )


def choices(owner_id: object) -> Mapping[str, object]:
    """Give what the selects of the form offer; the present owner always is among the owners."""
    session = reading()
    roles = [
        role for role, granted in ROLE_PERMISSIONS.items() if Permission.TOPIC_MANAGE in granted
    ]
    owners = people.with_roles(session, roles)
    present = whole_number(str(owner_id or ""))
    if present is not None and present not in owners:
        owners |= {id_: name for id_, name in people.names(session).items() if id_ == present}
    return {
        "purposes": [(purpose, purpose) for purpose in PURPOSES],
        "owners": list(owners.items()),
        "known_sources": known_sources(session),
    }
