"""The state of the list of events, all of it in the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Self, TypeVar
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from core.database.models.understanding import EventStatus
from core.event_list import EventFacet, EventQuery, EventSort, HeatLevel, NegativeLevel
from webui.typed import whole_number, whole_numbers

PERIODS: Mapping[str, tuple[str, dt.timedelta]] = {
    "24h": ("近 24 小时有新内容", dt.timedelta(hours=24)),
    "72h": ("近 3 天有新内容", dt.timedelta(hours=72)),
    "7d": ("近 7 天有新内容", dt.timedelta(days=7)),
    "30d": ("近 30 天有新内容", dt.timedelta(days=30)),
}
SORTS: Mapping[EventSort, str] = {
    EventSort.HEAT: "热度最高在前",
    EventSort.CHANGE: "升温最快在前",
    EventSort.LATEST: "最新内容在前",
}
THRESHOLDS: Mapping[int, str] = {
    1: "不限篇数",
    2: "至少 2 篇",
    5: "至少 5 篇",
    20: "至少 20 篇",
}
USUAL_THRESHOLD = 2
SILENCED = "silenced"
PAGE = 25
MOST_VALUES = 20
FURTHEST_PAGE = 10_000
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilters:
    """What the address says; what it says wrongly is left out. An empty ``status`` lists all that go on."""

    q: str = ""
    status: str = ""
    topic: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    heat: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    period: str = ""
    least: int = USUAL_THRESHOLD
    sort: str = EventSort.HEAT.value
    page: int = 1

    @classmethod
    def read(cls, args: MultiDict[str, str]) -> Self:
        status, least = args.get("status", ""), whole_number(args.get("least")) or 0
        return cls(
            q=args.get("q", "").strip(),
            status=status if status in {*EventStatus, SILENCED} else "",
            topic=_texts(args, "topic"),
            region=_texts(args, "region"),
            heat=tuple(one.value for one in _members(HeatLevel, _texts(args, "heat"))),
            negative=tuple(one.value for one in _members(NegativeLevel, _texts(args, "negative"))),
            owner=tuple(str(number) for number in whole_numbers(_texts(args, "owner"))),
            period=args.get("period", "") if args.get("period") in PERIODS else "",
            least=least if least in THRESHOLDS else USUAL_THRESHOLD,
            sort=args.get("sort", "") if args.get("sort") in set(EventSort) else EventSort.HEAT,
            page=min(max(whole_number(args.get("page")) or 1, 1), FURTHEST_PAGE),
        )

    def address(self, path: str) -> str:
        plain = EventFilters()
        pairs: list[tuple[str, object]] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value != getattr(plain, field.name):
                values = value if isinstance(value, tuple) else (value,)
                pairs += [(field.name, item) for item in values]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing but the view, the order and the page was chosen."""
        return replace(self, status="", sort=EventSort.HEAT.value, page=1) == EventFilters()

    def values(self, facet: EventFacet) -> tuple[str, ...]:
        chosen: tuple[str, ...] = getattr(self, FACET_NAMES[facet])
        return chosen

    def toggled(self, facet: EventFacet, value: str) -> EventFilters:
        chosen = self.values(facet)
        changed = (
            tuple(item for item in chosen if item != value) if value in chosen else (*chosen, value)
        )
        # The name comes from FACET_NAMES, all of which are fields of this record.
        return replace(self, page=1, **{FACET_NAMES[facet]: changed})  # type: ignore[arg-type]

    def query(self, now: dt.datetime) -> EventQuery:
        is_status = self.status in set(EventStatus)
        return EventQuery(
            text=self.q,
            statuses=(EventStatus(self.status),) if is_status else (),
            topics=self.topic,
            regions=self.region,
            heat=_members(HeatLevel, self.heat),
            negative=_members(NegativeLevel, self.negative),
            owners=tuple(whole_numbers(self.owner)),
            active_since=now - PERIODS[self.period][1] if self.period else None,
            least_documents=self.least,
            is_silenced=self.status == SILENCED,
            sort=EventSort(self.sort),
            limit=PAGE,
            offset=(self.page - 1) * PAGE,
        )


FACET_NAMES: Mapping[EventFacet, str] = {
    EventFacet.TOPIC: "topic",
    EventFacet.REGION: "region",
    EventFacet.HEAT: "heat",
    EventFacet.NEGATIVE: "negative",
    EventFacet.OWNER: "owner",
}


def _texts(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in args.getlist(name)[:MOST_VALUES] if text))


def _members(kind: type[Choice], values: tuple[str, ...]) -> tuple[Choice, ...]:
    known = {one.value: one for one in kind}
    return tuple(known[value] for value in values if value in known)
