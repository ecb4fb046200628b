"""Standing topics as cards and as a page: figures with what they are compared with, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.clock import SHANGHAI
from core.expression import Expression, print_expression
from core.overview import TrendPoint
from core.search.base import FacetField, Interval, TermCount
from core.standing_topic_figures import Figures, TopicFigures
from core.standing_topic_list import TopicRow
from core.standing_topics import Parse, TopicActor, TopicRefusedError, read_topic
from webui.access import viewer
from webui.document_filters import DocumentFilters
from webui.formats import local
from webui.permissions import Permission
from webui.trend_chart import TrendChart, trend_chart
from webui.vocabulary import label

SEARCH = "/documents"
SPANS = (14, 30)
FEWEST_FOR_PERCENT = 10
COMPOSED: tuple[tuple[FacetField, str], ...] = (
    (FacetField.TOPIC, "主题"),
    (FacetField.REGION, "地区"),
    (FacetField.PLATFORM, "平台"),
)


@dataclass(frozen=True, slots=True)
class TopicCard:
    """``figures`` is None where nothing was counted; ``problem`` says why an expression cannot be read."""

    row: TopicRow
    figures: TopicFigures | None
    problem: str | None
    filters: DocumentFilters | None

    @property
    def week(self) -> str:
        """Give the address of the search that finds what the week counts."""
        if self.filters is None or self.figures is None:
            return SEARCH
        return self.filters.between(self.figures.since, None).address(SEARCH)

    @property
    def last_hit_words(self) -> str:
        hour = None if self.figures is None else self.figures.last_hit_hour
        return "" if hour is None else f"{local(hour):%m-%d %H} 时"

    @property
    def volume_words(self) -> str:
        return "" if self.figures is None else change_words(self.figures)

    @property
    def negative_words(self) -> str:
        return "" if self.figures is None else negative_words(self.figures)

    @property
    def spark_label(self) -> str:
        days = () if self.figures is None else self.figures.days
        return f"近 {len(days)} 天每天：{'，'.join(map(str, days))} 条"


@dataclass(frozen=True, slots=True)
class CompositionPart:
    text: str
    count: int
    address: str


def cards(rows: Sequence[TopicRow], counted: Figures) -> list[TopicCard]:
    """Show the topics in the order in which they want attention."""
    listed = [
        TopicCard(
            row,
            counted.by_topic.get(row.id),
            counted.unreadable.get(row.id),
            filters_of(row, counted.expressions[row.id]) if row.id in counted.expressions else None,
        )
        for row in rows
    ]
    return sorted(listed, key=_attention)


def _attention(card: TopicCard) -> tuple[bool, int, int, str]:
    """Put what is followed first, then what has more that is new, then what has more at all."""
    is_unfollowed = card.row.subscribed_at is None
    if card.figures is None:
        return is_unfollowed, 0, 0, card.row.name
    return is_unfollowed, -(card.figures.new or 0), -card.figures.documents, card.row.name


def change_words(figures: TopicFigures) -> str:
    """Say how this week stands beside the last: the direction, how far, and from what."""
    difference = figures.documents - figures.before
    if not figures.before:
        return "前 7 天没有" if difference else "前 7 天也没有"
    if not difference:
        return f"与前 7 天的 {figures.before} 条持平"
    # A percentage of a handful says nothing that the numbers do not.
    is_few = figures.before < FEWEST_FOR_PERCENT
    distance = f"{abs(difference)} 条" if is_few else f"{abs(figures.change or 0):.0%}"
    return f"比前 7 天的 {figures.before} 条{'多' if difference > 0 else '少'} {distance}"


def negative_words(figures: TopicFigures) -> str:
    if figures.negative_share is None:
        return "不足 5 条，不计算占比"
    if figures.negative_share_before is None:
        return "前 7 天不足 5 条"
    points = (figures.negative_share - figures.negative_share_before) * 100
    before = f"前 7 天 {figures.negative_share_before:.0%}"
    if abs(points) < 1:
        return f"{before}，基本持平"
    return f"{before}，{'升' if points > 0 else '降'} {abs(points):.0f} 个百分点"


def filters_of(row: TopicRow, expression: Expression) -> DocumentFilters:
    return DocumentFilters(q=print_expression(expression), source=row.sources)


def of_sources(row: TopicRow) -> DocumentFilters:
    """Give the search without its expression, for where that is at hand as a tree."""
    return DocumentFilters(source=row.sources)


def readable(row: TopicRow, parse: Parse) -> tuple[Expression | None, str | None]:
    """Give the expression of a topic, or why it cannot be read any more."""
    try:
        return read_topic(row.expression, row.excludes, parse), None
    except TopicRefusedError as error:
        return None, str(error)


def span_of(text: str) -> int:
    return next((days for days in SPANS if text == str(days)), SPANS[0])


def days_of(filters: DocumentFilters, days: int, now: dt.datetime) -> DocumentFilters:
    """Narrow a search to the Shanghai days that the trend shows."""
    first = now.astimezone(SHANGHAI).date() - dt.timedelta(days=days - 1)
    return replace(filters, since=first)


def chart(points: Sequence[TrendPoint]) -> TrendChart:
    return trend_chart(points, Interval.DAY)


def composition_parts(
    counted: Mapping[FacetField, Sequence[TermCount]], filters: DocumentFilters
) -> list[tuple[str, list[CompositionPart]]]:
    return [
        (
            name,
            [
                CompositionPart(
                    label(field, term.value),
                    term.count,
                    filters.toggled(field, term.value).address(SEARCH),
                )
                for term in counted[field]
            ],
        )
        for field, name in COMPOSED
    ]


def may_change(row: TopicRow) -> bool:
    """Tell whether the viewer may change this topic: they manage topics, and it is theirs or they lead."""
    actor = TopicActor.of(viewer().id, viewer().roles)
    return viewer().may(Permission.TOPIC_MANAGE) and actor.may_change(row.owner_id)
