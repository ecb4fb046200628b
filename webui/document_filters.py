"""The state of the search page, all of it in the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from core.expression import Expression
from core.expression.syntax import conjunction
from core.search.base import FacetField, SearchOrder, SearchQuery
from webui.document_period import Bound, first_moment, last_moment, read_since, read_until, written
from webui.typed import whole_number
from webui.unknown_values import condition, is_unknown_among

RANGES: Mapping[str, tuple[str, dt.timedelta]] = {
    "24h": ("近 24 小时", dt.timedelta(hours=24)),
    "72h": ("近 3 天", dt.timedelta(hours=72)),
    "7d": ("近 7 天", dt.timedelta(days=7)),
    "30d": ("近 30 天", dt.timedelta(days=30)),
}
ORDERS: Mapping[str, str] = {
    "newest": "最新在前",
    "oldest": "最早在前",
    "hottest": "最热在前",
    "relevance": "最相关在前",
}
EVERYTHING = "all"
"""The range that asks for no range, which an empty one cannot say beside a period."""

FOLDS: Mapping[str, str] = {"no": "不折叠同稿"}
RELEVANCE: Mapping[str, str] = {"yes": "涉工", "no": "非涉工"}
FACETS: tuple[tuple[FacetField, str], ...] = (
    (FacetField.PLATFORM, "平台"),
    (FacetField.POLARITY, "情感"),
    (FacetField.TOPIC, "主题"),
    (FacetField.REGION, "地区"),
    (FacetField.LEVEL, "信源级别"),
)
PAGE = 20
MOST_VALUES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilters:
    """What the address says; what it says wrongly is left out.

    A facet's values may hold ``unknown_values.UNKNOWN``. ``range`` wins over ``since`` and ``until``, so that choosing one in the form
    needs no clearing of the others. ``fold`` is "no" where reprints stand on their own.
    """

    q: str = ""
    platform: tuple[str, ...] = ()
    polarity: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    source: tuple[int, ...] = ()
    story: int | None = None
    event: int | None = None
    range: str = ""
    since: Bound | None = None
    until: Bound | None = None
    relevant: str = ""
    sort: str = "newest"
    fold: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, args: MultiDict[str, str]) -> Self:
        has_range = args.get("range", "") in {*RANGES, EVERYTHING}
        return cls(
            q=args.get("q", "").strip(),
            platform=_texts(args, "platform"),
            polarity=_texts(args, "polarity"),
            topic=_texts(args, "topic"),
            region=_texts(args, "region"),
            level=_texts(args, "level"),
            source=tuple(number for text in args.getlist("source") for number in _numbers(text)),
            story=next(_numbers(args.get("story", "")), None),
            event=next(_numbers(args.get("event", "")), None),
            range=_one_of(args, "range", RANGES),
            since=None if has_range else read_since(args.get("since", "")),
            until=None if has_range else read_until(args.get("until", "")),
            relevant=_one_of(args, "relevant", RELEVANCE),
            sort=_one_of(args, "sort", ORDERS) or "newest",
            fold=_one_of(args, "fold", FOLDS),
            cursor=args.get("cursor", ""),
        )

    def pairs(self) -> list[tuple[str, str]]:
        """Write this state as the names and values of an address, leaving out what is empty."""
        pairs: list[tuple[str, str]] = []
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if name == "sort" and value == "newest":
                continue
            values = value if isinstance(value, tuple) else (value,)
            pairs += [(name, written(item)) for item in values if item not in {"", None}]
        return pairs

    def address(self, path: str) -> str:
        pairs = self.pairs()
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def between(self, since: Bound | None, until: Bound | None) -> Self:
        """Narrow to a period, or to none; from the first page."""
        return replace(self, since=since, until=until, range="", cursor="")

    def in_story(self, story_id: int) -> Self:
        """List what this search finds of one story, the first publication first."""
        return replace(self, story=story_id, sort="oldest", fold="", cursor="")

    @property
    def is_filtered(self) -> bool:
        return replace(self, q="", sort="newest", fold="", cursor="") != DocumentFilters()

    @property
    def is_folded(self) -> bool:
        """Within one story there is nothing to fold."""
        return self.fold != "no" and self.story is None

    @property
    def has_period(self) -> bool:
        return self.since is not None or self.until is not None

    @property
    def is_empty(self) -> bool:
        return not self.q and not self.is_filtered

    def values(self, field: FacetField) -> tuple[str, ...]:
        chosen: tuple[str, ...] = getattr(self, field.value)
        return chosen

    def toggled(self, field: FacetField, value: str) -> DocumentFilters:
        """Add a value to a facet's filter, or take it away; either way from the first page."""
        chosen = self.values(field)
        changed = (
            tuple(item for item in chosen if item != value) if value in chosen else (*chosen, value)
        )
        return self.with_values(field, changed)

    def with_values(self, field: FacetField, values: tuple[str, ...]) -> DocumentFilters:
        # The name comes from FACETS, all of which are fields of this record.
        return replace(self, cursor="", **{field.value: values})  # type: ignore[arg-type]

    def window(self, now: dt.datetime) -> tuple[dt.datetime | None, dt.datetime | None]:
        """Give the half-open window of the period chosen, else of the range; aware UTC."""
        if self.has_period:
            return first_moment(self.since), last_moment(self.until)
        return (now - RANGES[self.range][1], None) if self.range else (None, None)

    def query(self, expression: Expression | None, now: dt.datetime) -> SearchQuery:
        since, until = self.window(now)
        unknown = [
            condition(field, self.values(field))
            for field, _ in FACETS
            if is_unknown_among(field, self.values(field))
        ]
        parts = [*([] if expression is None else [expression]), *unknown]
        return SearchQuery(
            expression=conjunction(tuple(parts)) if parts else None,
            platforms=self._known(FacetField.PLATFORM),
            source_ids=self.source,
            levels=self._known(FacetField.LEVEL),
            regions=self._known(FacetField.REGION),
            topics=self._known(FacetField.TOPIC),
            polarities=self._known(FacetField.POLARITY),
            relevant={"yes": True, "no": False}.get(self.relevant),
            event_id=self.event,
            story_id=self.story,
            since=since,
            until=until,
            now=now,
            order=SearchOrder(self.sort),
            limit=PAGE,
            cursor=self.cursor or None,
        )

    def _known(self, field: FacetField) -> tuple[str, ...]:
        """Give a facet's values where the engine's own filter can say them."""
        chosen = self.values(field)
        return () if is_unknown_among(field, chosen) else chosen


def _texts(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in args.getlist(name)[:MOST_VALUES] if text))


def _numbers(text: str) -> Iterator[int]:
    number = whole_number(text)
    if number is not None:
        yield number


def _one_of(args: MultiDict[str, str], name: str, known: Mapping[str, object]) -> str:
    value = args.get(name, "")
    return value if value in known else ""
