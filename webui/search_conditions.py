"""What a search asks for, one condition at a time: each can be taken away on its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.expression import Expression, describe, print_expression
from core.expression.fields import FIELD_LABELS
from core.expression.syntax import And, Condition, Not, conjunction
from webui.document_filters import FACETS, RANGES, RELEVANCE, DocumentFilters
from webui.vocabulary import label, region_label, topic_label


@dataclass(frozen=True, slots=True)
class SearchCondition:
    """``without`` is the search that lacks this condition."""

    text: str
    without: DocumentFilters


def conditions(
    filters: DocumentFilters, expression: Expression | None, source_names: dict[int, str]
) -> list[SearchCondition]:
    """List the parts of the expression that must all hold, then the filters."""
    filters = replace(filters, cursor="")
    return [
        *_of_expression(filters, expression),
        *_of_facets(filters),
        *_of_the_rest(filters, source_names),
    ]


def _of_expression(
    filters: DocumentFilters, expression: Expression | None
) -> Iterator[SearchCondition]:
    if expression is None:
        return
    parts = expression.operands if isinstance(expression, And) else (expression,)
    for place, part in enumerate(parts):
        rest = parts[:place] + parts[place + 1 :]
        typed = print_expression(conjunction(rest)) if rest else ""
        yield SearchCondition(_said(part), replace(filters, q=typed))


def _said(part: Expression) -> str:
    if isinstance(part, Not):
        return f"不含 {_said(part.operand)}"
    if isinstance(part, Condition):
        names = {"region": region_label, "topic": topic_label}.get(part.field.value)
        if names is not None:
            return f"{FIELD_LABELS[part.field]}：{'或'.join(names(value) for value in part.values)}"
    described = describe(part)
    return described.removeprefix("标题或正文含")


def _of_facets(filters: DocumentFilters) -> Iterator[SearchCondition]:
    for field, name in FACETS:
        for value in filters.values(field):
            yield SearchCondition(f"{name}：{label(field, value)}", filters.toggled(field, value))


def _of_the_rest(
    filters: DocumentFilters, source_names: dict[int, str]
) -> Iterator[SearchCondition]:
    for source in filters.source:
        rest = tuple(other for other in filters.source if other != source)
        name = source_names.get(source, str(source))
        yield SearchCondition(f"信源：{name}", replace(filters, source=rest))
    if filters.story is not None:
        yield SearchCondition(f"稿件族：{filters.story}", replace(filters, story=None))
    if filters.event is not None:
        yield SearchCondition(f"事件：{filters.event}", replace(filters, event=None))
    if filters.since or filters.until:
        days = f"时间：{filters.since or '最早'} 至 {filters.until or '现在'}"
        yield SearchCondition(days, replace(filters, since=None, until=None))
    elif filters.range:
        yield SearchCondition(f"时间：{RANGES[filters.range][0]}", replace(filters, range=""))
    if filters.relevant:
        text = f"相关性：{RELEVANCE[filters.relevant]}"
        yield SearchCondition(text, replace(filters, relevant=""))
