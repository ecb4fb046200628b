"""What the search page shows: hits with their finds marked, reprints folded, facets and a histogram."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from sqlalchemy.orm import Session

from core.documents import StoredDocument, read_documents, story_sizes
from core.expression import Expression, Matcher, Scope
from core.overview import TrendPoint, filled, interval_for
from core.search.base import Breakdown, DocumentSearch, FacetField, Interval, SearchPage, TermCount
from webui.document_filters import FACETS, DocumentFilters
from webui.highlights import excerpt, marked
from webui.search_conditions import SearchCondition
from webui.vocabulary import label, narrow_regions, topic_label

FACET_SIZE = 8
MOST_RELAXED = 6
KEY = 1
DEFAULT_SPAN = dt.timedelta(days=90)
WIDTH, HEIGHT = 720, 64
Spans = Mapping[Scope, Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Hit:
    """``reprints`` are further hits of this page in the same story; ``family`` counts the whole story."""

    document: StoredDocument
    title: Markup
    excerpt: Markup
    topics: tuple[str, ...]
    regions: tuple[str, ...]
    reprints: tuple[StoredDocument, ...]
    family: int


@dataclass(frozen=True, slots=True)
class FacetValue:
    text: str
    count: int
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    label: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bucket of the histogram; offsets and heights are in the drawing's units."""

    x: float
    width: float
    negative: float
    neutral: float
    positive: float
    point: TrendPoint


@dataclass(frozen=True, slots=True)
class Histogram:
    interval: Interval
    bars: tuple[Bar, ...]
    peak: TrendPoint
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Relaxation:
    text: str
    count: int
    address: str


def finds(document: StoredDocument, expression: Expression | None, now: dt.datetime) -> Spans:
    """Give where the expression's words are; nothing when the stored text no longer meets it."""
    spans: dict[Scope, list[tuple[int, int]]] = {Scope.TITLE: [], Scope.TEXT: []}
    if expression is not None:
        for match in Matcher({KEY: expression}).match(document, now=now):
            for span in match.spans:
                spans[span.field].append((span.start, span.end))
    return spans


def hits(
    session: Session, page: SearchPage, expression: Expression | None, now: dt.datetime
) -> list[Hit]:
    """Read the page's documents; each story shows once, under its first hit."""
    documents = read_documents(session, page.ids)
    families: dict[tuple[str, int], list[StoredDocument]] = {}
    for document in documents:
        key = (
            ("document", document.id) if document.story_id is None else ("story", document.story_id)
        )
        families.setdefault(key, []).append(document)
    sizes = story_sizes(session, [key for kind, key in families if kind == "story"])
    return [
        _hit(members, sizes.get(key, 1) if kind == "story" else 1, expression, now)
        for (kind, key), members in families.items()
    ]


def _hit(
    members: Sequence[StoredDocument], family: int, expression: Expression | None, now: dt.datetime
) -> Hit:
    document = members[0]
    spans = finds(document, expression, now)
    title = (
        marked(document.title, spans[Scope.TITLE])
        if document.title.strip()
        else Markup.escape(document.headline)
    )
    return Hit(
        document=document,
        title=title,
        excerpt=excerpt(document.text, spans[Scope.TEXT]),
        topics=tuple(topic_label(code) for code in document.topics),
        regions=tuple(narrow_regions(document.regions)),
        reprints=tuple(members[1:]),
        family=max(family, len(members)),
    )


def facets(
    search: DocumentSearch,
    filters: DocumentFilters,
    expression: Expression | None,
    now: dt.datetime,
    path: str,
) -> list[Facet]:
    """Count the values; a facet with a filter is counted without it, so that other values can be added."""
    query = replace(filters.query(expression, now), cursor=None)
    free = [field for field, _ in FACETS if not filters.values(field)]
    counted = dict(search.facets(query, free, size=FACET_SIZE)) if free else {}
    for field, _ in FACETS:
        if filters.values(field):
            # The name comes from FACETS, all of which are fields of the record.
            open_filters = replace(filters, **{field.value: ()})  # type: ignore[arg-type]
            wider = replace(open_filters.query(expression, now), cursor=None)
            counted[field] = search.terms(wider, field, size=FACET_SIZE)
    return [_facet(field, name, counted[field], filters, path) for field, name in FACETS]


def _facet(
    field: FacetField,
    name: str,
    counted: Sequence[TermCount],
    filters: DocumentFilters,
    path: str,
) -> Facet:
    counts = {term.value: term.count for term in counted}
    chosen = filters.values(field)
    counts |= {value: 0 for value in chosen if value not in counts}
    return Facet(
        field.value,
        name,
        tuple(
            FacetValue(
                label(field, value),
                count,
                filters.toggled(field, value).address(path),
                value in chosen,
            )
            for value, count in counts.items()
        ),
    )


def histogram(
    search: DocumentSearch,
    filters: DocumentFilters,
    expression: Expression | None,
    now: dt.datetime,
) -> Histogram | None:
    """Count the hits over time by polarity; None without hits. Lone early dates do not stretch the axis."""
    query = replace(filters.query(expression, now), cursor=None)
    since, until = filters.window(now)
    span = (until or now) - since if since else DEFAULT_SPAN
    interval = interval_for(span)
    start = since or (until or now) - DEFAULT_SPAN
    buckets = search.histogram(
        replace(query, since=start), interval=interval, by=Breakdown.POLARITY
    )
    if not buckets:
        return None
    if since is None:
        start = min(bucket.start for bucket in buckets)
    end = max(until or now, buckets[-1].start + dt.timedelta(hours=1))
    return _drawn(filled(buckets, interval, since=start, until=end), interval)


def _drawn(points: Sequence[TrendPoint], interval: Interval) -> Histogram:
    peak = max(points, key=lambda point: point.total)
    step = WIDTH / len(points)
    scale = HEIGHT / max(peak.total, 1)
    bars = tuple(
        Bar(
            x=place * step,
            width=max(step - 1, step * 0.7),
            negative=point.negative * scale,
            neutral=point.neutral * scale,
            positive=point.positive * scale,
            point=point,
        )
        for place, point in enumerate(points)
    )
    return Histogram(interval, bars, peak, HEIGHT, WIDTH)


def relaxations(
    search: DocumentSearch,
    listed: Sequence[SearchCondition],
    parse: Callable[[str], Expression | None],
    now: dt.datetime,
    path: str,
) -> list[Relaxation]:
    """Say which single condition, dropped, would give how many hits; the most first."""
    found = []
    for condition in listed[:MOST_RELAXED]:
        if condition.without.is_empty:
            continue
        query = condition.without.query(parse(condition.without.q), now)
        count = search.count(replace(query, cursor=None))
        if count:
            found.append(Relaxation(condition.text, count, condition.without.address(path)))
    return sorted(found, key=lambda relaxation: -relaxation.count)
