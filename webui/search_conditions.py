"""What a search asks for, one condition at a time: each can be taken away on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.expression import Expression, describe, print_expression
from core.expression.fields import FIELD_LABELS
from core.expression.syntax import And, Condition, Not, Or, conjunction
from core.search.base import FacetField
from webui.document_filters import FACETS, RANGES, RELEVANCE, DocumentFilters
from webui.document_period import spoken
from webui.unknown_values import facet_label
from webui.vocabulary import label

Drop = Callable[[DocumentFilters], DocumentFilters]


@dataclass(frozen=True, slots=True)
class SearchCondition:
    """``without`` is the search that lacks this condition."""

    text: str
    without: DocumentFilters


@dataclass(frozen=True, slots=True)
class Requirement:
    """A whole condition: ``part`` where it stands in the expression, else ``drop`` lifts it from the filters.

    Values of one facet are alternatives, so that all of them are one requirement.
    """

    text: str
    part: Expression | None = None
    drop: Drop | None = None


def conditions(
    filters: DocumentFilters, expression: Expression | None, source_names: dict[int, str]
) -> list[SearchCondition]:
    """List the parts of the expression that must all hold, then the filters value by value."""
    filters = replace(filters, cursor="")
    parts = parts_of(expression)
    found = [
        SearchCondition(
            said(part),
            replace(filters, q=typed([other for other in parts if other is not part])),
        )
        for part in parts
    ]
    for field, name in FACETS:
        found += [
            SearchCondition(f"{name}：{facet_label(field, value)}", filters.toggled(field, value))
            for value in filters.values(field)
        ]
    for source in filters.source:
        rest = tuple(other for other in filters.source if other != source)
        text = f"信源：{source_names.get(source, str(source))}"
        found.append(SearchCondition(text, replace(filters, source=rest)))
    found += [SearchCondition(text, drop(filters)) for text, drop in _of_the_rest(filters)]
    return found


def requirements(
    filters: DocumentFilters, expression: Expression | None, source_names: dict[int, str]
) -> list[Requirement]:
    """List what must all hold for a hit."""
    found = [Requirement(said(part), part=part) for part in parts_of(expression)]
    for field, name in FACETS:
        if values := filters.values(field):
            text = f"{name}：{'、'.join(facet_label(field, value) for value in values)}"
            found.append(Requirement(text, drop=_without_field(field)))
    if filters.source:
        named = "、".join(source_names.get(source, str(source)) for source in filters.source)
        found.append(Requirement(f"信源：{named}", drop=_without_source))
    found += [Requirement(text, drop=drop) for text, drop in _of_the_rest(filters)]
    return found


def parts_of(expression: Expression | None) -> tuple[Expression, ...]:
    if expression is None:
        return ()
    return expression.operands if isinstance(expression, And) else (expression,)


def typed(parts: Sequence[Expression]) -> str:
    """Write the parts as one would type them."""
    return print_expression(conjunction(tuple(parts))) if parts else ""


def said(part: Expression) -> str:
    """Say a part of an expression to people."""
    if isinstance(part, Not):
        return f"不含 {said(part.operand)}"
    if isinstance(part, Or):
        return " 或 ".join(said(operand) for operand in part.operands)
    if isinstance(part, Condition):
        try:
            facet = FacetField(part.field.value)
        except ValueError:
            return describe(part)
        return (
            f"{FIELD_LABELS[part.field]}：{'或'.join(label(facet, value) for value in part.values)}"
        )
    return describe(part).removeprefix("标题或正文含")


def _without_field(field: FacetField) -> Drop:
    return lambda filters: filters.with_values(field, ())


def _without_source(filters: DocumentFilters) -> DocumentFilters:
    return replace(filters, source=())


def _of_the_rest(filters: DocumentFilters) -> Iterator[tuple[str, Drop]]:
    if filters.story is not None:
        yield f"稿件族：{filters.story}", lambda kept: replace(kept, story=None)
    if filters.event is not None:
        yield f"事件：{filters.event}", lambda kept: replace(kept, event=None)
    if filters.has_period:
        text = f"时间：{spoken(filters.since, filters.until)}"
        yield text, lambda kept: replace(kept, since=None, until=None)
    elif filters.range:
        yield f"时间：{RANGES[filters.range][0]}", lambda kept: replace(kept, range="")
    if filters.relevant:
        yield f"相关性：{RELEVANCE[filters.relevant]}", lambda kept: replace(kept, relevant="")
