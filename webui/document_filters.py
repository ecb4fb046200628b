"""The state of the search page, all of it in the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from core.expression import Expression
from core.search.base import FacetField, SearchOrder, SearchQuery
from webui.typed import day, midnight, whole_number

RANGES: Mapping[str, tuple[str, dt.timedelta]] = {
    "24h": ("近 24 小时", dt.timedelta(hours=24)),
    "72h": ("近 3 天", dt.timedelta(hours=72)),
    "7d": ("近 7 天", dt.timedelta(days=7)),
    "30d": ("近 30 天", dt.timedelta(days=30)),
}
ORDERS: Mapping[str, str] = {"newest": "最新在前", "oldest": "最早在前", "hottest": "最热在前"}
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
    """What the address says; what it says wrongly is left out. ``since`` and ``until`` are Shanghai days."""

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
    since: dt.date | None = None
    until: dt.date | None = None
    relevant: str = ""
    sort: str = "newest"
    cursor: str = ""

    @classmethod
    def read(cls, args: MultiDict[str, str]) -> Self:
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
            since=day(args.get("since", "")),
            until=day(args.get("until", "")),
            relevant=_one_of(args, "relevant", RELEVANCE),
            sort=_one_of(args, "sort", ORDERS) or "newest",
            cursor=args.get("cursor", ""),
        )

    def address(self, path: str) -> str:
        """Write the address of this state, leaving out what is empty."""
        pairs: list[tuple[str, object]] = []
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if name == "sort" and value == "newest":
                continue
            values = value if isinstance(value, tuple) else (value,)
            pairs += [(name, item) for item in values if item not in {"", None}]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    @property
    def is_filtered(self) -> bool:
        return replace(self, q="", sort="newest", cursor="") != DocumentFilters()

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
        # The name comes from FACETS, all of which are fields of this record.
        return replace(self, cursor="", **{field.value: changed})  # type: ignore[arg-type]

    def window(self, now: dt.datetime) -> tuple[dt.datetime | None, dt.datetime | None]:
        """Give the half-open window of the days chosen, else of the range; aware UTC."""
        if self.since or self.until:
            until = self.until + dt.timedelta(days=1) if self.until else None
            return midnight(self.since), midnight(until)
        return (now - RANGES[self.range][1], None) if self.range else (None, None)

    def query(self, expression: Expression | None, now: dt.datetime) -> SearchQuery:
        since, until = self.window(now)
        return SearchQuery(
            expression=expression,
            platforms=self.platform,
            source_ids=self.source,
            levels=self.level,
            regions=self.region,
            topics=self.topic,
            polarities=self.polarity,
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


def _texts(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in args.getlist(name)[:MOST_VALUES] if text))


def _numbers(text: str) -> Iterator[int]:
    number = whole_number(text)
    if number is not None:
        yield number


def _one_of(args: MultiDict[str, str], name: str, known: Mapping[str, object]) -> str:
    value = args.get(name, "")
    return value if value in known else ""
