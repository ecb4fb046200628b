"""A month and a week of publications as the calendar macros draw them."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from chinese_calendar import get_holiday_detail
from chinese_calendar.constants import Holiday

from core.clock import EARLIEST_YEAR, LATEST_YEAR, SHANGHAI
from media_matrix.calendar import CalendarEntry
from webui import typed
from webui.formats import clock_time, local

MOST_PER_DAY = 4
GAPS_AHEAD = dt.timedelta(days=14)
WEEKDAYS = "一二三四五六日"
# What fits a cell of the month; a channel that is not listed shows the first two characters of its label.
SHORT_LABELS = {
    "wechat": "微信",
    "weibo": "微博",
    "wordpress": "网站",
    "feed": "移动",
    "manual": "人工",
}
HOLIDAYS = {holiday.value: holiday.chinese for holiday in Holiday}


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in Asia/Shanghai."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: dt.datetime) -> Month:
        day = local(moment)
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str, default: Month) -> Month:
        """Read ``2026-11``; anything else is ``default``."""
        try:
            found = dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=SHANGHAI)
        except ValueError:
            return default
        is_known = EARLIEST_YEAR < found.year < LATEST_YEAR
        return cls(found.year, found.month) if is_known else default

    @property
    def title(self) -> str:
        return f"{self.year} 年 {self.number} 月"

    @property
    def key(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def starts_at(self) -> dt.datetime:
        return dt.datetime(self.year, self.number, 1, tzinfo=SHANGHAI).astimezone(dt.UTC)

    @property
    def ends_at(self) -> dt.datetime:
        return self.moved(1).starts_at

    def moved(self, months: int) -> Month:
        year, month = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(max(year, dt.MINYEAR + 1), month + 1)


def month_weeks(
    month: Month, entries: Sequence[CalendarEntry], *, now: dt.datetime, channel: str | None = None
) -> list[list[dict[str, object]]]:
    """Lay entries out for ``month_grid``; near days ahead without any are marked as gaps."""
    by_day: dict[dt.date, list[CalendarEntry]] = {}
    for entry in entries:
        by_day.setdefault(local(entry.at).date(), []).append(entry)
    today = local(now).date()
    weeks = calendar.Calendar().monthdatescalendar(month.year, month.number)
    here = f"/calendar?month={month.key}" + (f"&channel={channel}" if channel else "")
    return [
        [
            _day(day, by_day.get(day, []), today, outside=day.month != month.number, here=here)
            for day in week
        ]
        for week in weeks
    ]


def agenda_days(
    entries: Sequence[CalendarEntry], labels: dict[str, str], *, now: dt.datetime, days: int = 7
) -> list[dict[str, object]]:
    """Lay entries from today on out for ``agenda``; days without any stay, so that gaps show."""
    today = local(now).date()
    shown: list[dict[str, object]] = []
    for offset in range(days):
        day = today + dt.timedelta(days=offset)
        items = [entry for entry in entries if local(entry.at).date() == day]
        shown.append(
            {"label": _day_label(day, offset), "items": [_item(entry, labels) for entry in items]}
        )
    return shown


def day_of(text: str) -> dt.date | None:
    """Read ``2026-11-27``; None for anything else."""
    return typed.day(text)


def day_items(
    entries: Sequence[CalendarEntry], day: dt.date, labels: dict[str, str]
) -> list[dict[str, object]]:
    return [_item(entry, labels) for entry in entries if local(entry.at).date() == day]


def _day(
    day: dt.date, entries: list[CalendarEntry], today: dt.date, *, outside: bool, here: str
) -> dict[str, object]:
    is_gap = not entries and not outside and today <= day < today + GAPS_AHEAD
    note = "　".join(filter(None, [_holiday(day), "空档" if is_gap else ""]))
    return {
        "iso": day.isoformat(),
        "number": day.day,
        "outside": outside,
        "today": day == today,
        "note": note,
        "items": []
        if outside
        else [_item(entry, {}, is_cell=True) for entry in entries[:MOST_PER_DAY]],
        "more": 0 if outside else max(0, len(entries) - MOST_PER_DAY),
        "href": f"{here}&day={day.isoformat()}#day",
    }


def _item(
    entry: CalendarEntry, labels: dict[str, str], *, is_cell: bool = False
) -> dict[str, object]:
    short = SHORT_LABELS.get(entry.channel) or labels.get(entry.channel, "")[:2]
    return {
        "time": clock_time(entry.at),
        "channel": labels.get(entry.channel, entry.account_name).partition("（")[0],
        "title": f"{short} {entry.title}" if is_cell else entry.title,
        "href": f"/publications/{entry.publication_id}",
        "state": entry.state,
        "text": entry.state_label,
        "conflict": entry.has_conflict,
    }


def _day_label(day: dt.date, offset: int) -> str:
    name = {0: "今天", 1: "明天"}.get(offset, f"周{WEEKDAYS[day.weekday()]}")
    suffix = f" 周{WEEKDAYS[day.weekday()]}" if offset in {0, 1} else ""
    return f"{name} {day.month} 月 {day.day} 日{suffix}"


def _holiday(day: dt.date) -> str:
    try:
        is_holiday, name = get_holiday_detail(day)
    except NotImplementedError:
        # The library knows published years only.
        return ""
    return HOLIDAYS.get(name or "", "") if is_holiday else ""
