"""The words that suggestions say about fields, operators and values of an expression."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.clock import SHANGHAI
from core.expression.fields import (
    BOOLEANS,
    FIELD_LABELS,
    NUMBERS,
    POLARITY_LABELS,
    TIME,
    FieldName,
)
from core.expression.names import LEVEL_LABELS
from core.expression.syntax import Field, Scope
from core.expression.tokens import is_plain, quoted
from core.known_values import platforms, source_names
from core.matching_text import matching_text
from webui.console import console, reading
from webui.vocabulary import PLATFORM_LABELS, region_label, topic_labels

FIELD_NOTES: Mapping[FieldName, str] = {
    Scope.TITLE: "只在标题里找",
    Scope.TEXT: "只在正文里找",
    Field.PLATFORM: "发布的平台",
    Field.SOURCE: "信源的名称",
    Field.LEVEL: "中央级、省级、市县级等",
    Field.REGION: "提到的地方，省包含所辖市县",
    Field.TOPIC: "劳动领域的主题",
    Field.POLARITY: "正面、中性、负面",
    Field.RELEVANT: "是否与劳动和职工有关",
    Field.OUR_UNION: "是否说到工会",
    Field.EMPLOYER: "说到的用人单位",
    Field.EVENT: "热点事件的编号",
    TIME: "24h、7d，或 2026-11-01..2026-11-07",
    Field.VIEWS: "阅读或播放次数，如 触达>10000",
    Field.REPOSTS: "转发次数，如 转发>100",
    Field.COMMENTS: "评论条数，如 评论>=50",
}
OPERATORS: tuple[tuple[str, str], ...] = (
    ("OR", "有一个就行"),
    ("NEAR/10", "两边相隔不超过 10 个字，先后不论"),
    ("ONEAR/10", "左边在前，相隔不超过 10 个字"),
    ("NOT", "不要后面的，也可以写减号"),
    ("AND", "两边都要有，和空格一样"),
)


@dataclass(frozen=True, slots=True)
class Value:
    """``written`` is what an expression says for ``label``."""

    label: str
    detail: str
    written: str


def field_values(field: FieldName, typed: str, now: dt.datetime) -> Iterator[Value]:
    """List values of a field that begin with what is typed (folded), or hold it where that is more useful."""
    if field == TIME:
        yield from _beginning(typed, _times(now))
    elif field in NUMBERS:
        yield from _beginning(
            typed, (Value(f">{n}", "多于", f">{n}") for n in (10, 100, 1000, 10_000))
        )
    elif field is Field.REGION:
        yield from regions(typed)
    elif field is Field.SOURCE:
        for name in source_names(reading(), holding=typed):
            yield Value(name, "信源", written(name))
    elif isinstance(field, Field):
        yield from _beginning(typed, _listed(field))


def regions(typed: str) -> Iterator[Value]:
    """List places whose names begin with what is typed, provinces when that is nothing."""
    known = console().regions
    first: dict[str, str] = {}
    for region in known.values():
        first.setdefault(region.name, region.adcode)
    for region in known.values():
        if not region.name.startswith(typed) or not (typed or region.parent is None):
            continue
        # Where two places have one name, the name stands for the first and the other has its code.
        value = region.name if first[region.name] == region.adcode else region.adcode
        parent = region_label(region.parent) if region.parent else "省级"
        yield Value(region.name, parent, value)


def written(value: str) -> str:
    return value if is_plain(matching_text(value)) else quoted(value)


def _listed(field: Field) -> Iterator[Value]:
    note = FIELD_LABELS[field]
    if field is Field.TOPIC:
        labels = list(topic_labels().values())
    elif field is Field.POLARITY:
        labels = list(POLARITY_LABELS.values())
    elif field is Field.LEVEL:
        labels = list(LEVEL_LABELS.values())
    elif field in BOOLEANS:
        labels = ["是", "否"]
    elif field is Field.PLATFORM:
        for platform in platforms(reading()):
            yield Value(PLATFORM_LABELS.get(platform, platform), note, written(platform))
        return
    else:
        return
    for label in labels:
        yield Value(label, note, written(label))


def _times(now: dt.datetime) -> Iterator[Value]:
    today = now.astimezone(SHANGHAI).date()
    monday = today - dt.timedelta(days=today.weekday())
    yield Value("24h", "最近 24 小时", "24h")
    yield Value("3d", "最近 3 天", "3d")
    yield Value("7d", "最近 7 天", "7d")
    yield Value("30d", "最近 30 天", "30d")
    yield Value(f"{today}", "今天", f"{today}")
    yield Value(f"{monday}..", "本周一以来", f"{monday}..")
    yield Value(f"{today.replace(day=1)}..", "本月 1 日以来", f"{today.replace(day=1)}..")


def _beginning(typed: str, values: Iterator[Value]) -> Iterator[Value]:
    for value in values:
        if matching_text(value.label).startswith(typed) or matching_text(value.written).startswith(
            typed
        ):
            yield value
