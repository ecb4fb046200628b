"""Times within running text as people spell them; without a zone they mean Asia/Shanghai."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.clock import SHANGHAI

MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_CLOCK = (
    r"(?:[^\d\n]{0,12}?(?P<half>上午|下午|晚上|中午|凌晨|早上)?\s?(?P<hour>[01]?\d|2[0-4])\s?[:：点时]\s?(?P<minute>[0-5]\d)"
    r"(?:\s?[:：分]\s?(?P<second>[0-5]\d))?(?:\.\d{1,6})?"
    r"(?:\s?(?P<meridiem>[AaPp])\.?[Mm]\b)?(?P<zone>Z|\s?[+-][01]\d:?[0-5]\d(?!\d))?)?"
)
# A clock may follow the day without a gap: 2005.08.2605:39.
_DAY = r"(?:(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)|(?P<close_day>3[01]|[12]\d|0[1-9])(?=\d\d[:：]\d\d))日?"
_MONTH = r"(?P<month>1[0-2]|0?[1-9])"
_PATTERNS = {
    "whole": re.compile(
        r"(?<!\d)(?P<year>(?:19|20)\d\d)\s?[-/.年\s]\s?" + _MONTH + r"\s?[-/.月]\s?" + _DAY + _CLOCK
    ),
    "compact": re.compile(
        r"(?<!\d)(?P<year>20[0-4]\d)(?P<month>1[0-2]|0[1-9])(?P<day>3[01]|[12]\d|0[1-9])"
        r"(?:(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?)?(?!\d)"
    ),
    "short": re.compile(
        r"(?<![\d./-])(?P<short_year>\d\d)[-/]" + _MONTH + r"[-/]" + _DAY
        + r"\s{0,3}(?P<hour>[01]\d|2[0-3])[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?(?!\d)"
    ),
    "short, in words": re.compile(
        r"(?<![\d年])(?P<short_year>\d\d)\s?年\s?" + _MONTH + r"\s?月\s?" + _DAY + _CLOCK
    ),
    "month first": re.compile(
        r"(?<![\d./-])" + _MONTH + r"/(?P<day>3[01]|[12]\d|0?[1-9])/(?P<year>(?:19|20)\d\d)(?!\d)" + _CLOCK
    ),
    "republic": re.compile(
        r"(?:民國|民国|中華民國)\s?(?P<republic>\d{2,3})\s?年\s?" + _MONTH + r"\s?月\s?" + _DAY + _CLOCK
    ),
    "english": re.compile(
        r"(?<![A-Za-z])(?P<name>[A-Z][a-z]{2})[a-z]{0,6}\.?\s(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?,?\s(?:[A-Z][a-z]{2}\s)?"
        r"(?P<year>(?:19|20)\d\d)(?!\d)" + _CLOCK
    ),
    "compact, clock apart": re.compile(
        r"(?<!\d)(?P<year>20[0-4]\d)(?P<month>1[0-2]|0[1-9])(?P<day>3[01]|[12]\d|0[1-9])"
        r"\s{1,2}(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?!\d)"
    ),
    "day above month": re.compile(
        r"(?<![\d./-])(?P<day>3[01]|[12]\d|0[1-9])\s?/?\s?(?P<year>20[0-4]\d)[-/.年](?P<month>1[0-2]|0[1-9])月?(?![-/.\d])"
    ),
    "chinese month first": re.compile(
        r"(?P<month_name>十[一二]?|[一二三四五六七八九]|1[0-2]|(?<!\d)[1-9])月\s(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?,\s?"
        r"(?P<year>(?:19|20)\d\d)(?!\d)" + _CLOCK
    ),
    "unix": re.compile(
        r"(?<![A-Za-z])(?P<name>[A-Z][a-z]{2})\s{1,2}(?P<day>3[01]|[12]\d|0?[1-9])\s(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)"
        r"(?::(?P<second>[0-5]\d))?\s(?:[A-Z]{3,4}\s)?(?P<year>(?:19|20)\d\d)(?!\d)"
    ),
    "clock first": re.compile(
        r"(?<![\d:])(?P<hour>[01]?\d|2[0-3])[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?\s{1,2}"
        r"(?P<year>(?:19|20)\d\d)[-/.年]" + _MONTH + r"[-/.月]" + _DAY
    ),
    "british": re.compile(
        r"(?<!\d)(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\s(?P<name>[A-Z][a-z]{2})[a-z]{0,6}\.?,?\s"
        r"(?P<year>(?:19|20)\d\d)(?!\d)" + _CLOCK
    ),
}  # fmt: skip
_YEARLESS = re.compile(
    r"(?<![\d./-])" + _MONTH + r"(?:[-/](?=\d)|\s?月\s?)" + _DAY
    + r"(?:\s{0,3}(?P<hour>[01]?\d|2[0-3])[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?(?!\d))?"
)  # fmt: skip
_CHINESE = re.compile(
    r"(?P<year>[〇零○OＯ０一二三四五六七八九]{4})年(?P<month>[一二三四五六七八九十]{1,2})月(?P<day>[一二三四五六七八九十]{1,3})日"
)
_DIGITS = {character: number for number, character in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "O": 0,
    "Ｏ": 0,
    "０": 0,
    "○": 0,
}
_AGO = re.compile(
    r"(?P<count>\d{1,3}|半)\s?[个個]?(?P<unit>秒[钟鐘]?|分[钟鐘]|小[时時]|天|日)(?:之)?前"
)
_DAY_WORD = re.compile(
    r"(?P<word>今天|今日|昨天|昨日|前天)\s{0,3}(?:(?P<hour>[01]?\d|2[0-3])[:：](?P<minute>[0-5]\d))?"
)
_TELLING = re.compile(r"(?:时间|日期|发布|发表|时 间)[于：:\s]{0,3}$")
_JUST_NOW = re.compile(r"刚刚|刚才|剛剛")
_UNITS = {"秒": "seconds", "分": "minutes", "小": "hours", "天": "days", "日": "days"}
_DAYS_BACK = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2}
_WIDE = str.maketrans("０１２３４５６７８９－／．", "0123456789-/.")
_NAMED_ZONE = re.compile(r"\s?(GMT|UTC|UT)\b")
_NOON = 12
_FIRST_SHORT_YEAR = 95
_REPUBLIC = 1911


@dataclass(frozen=True, slots=True)
class Moment:
    """``at`` is aware UTC; of a day alone it is midnight in Shanghai. Bounds are those of the spelling.

    ``is_yearless`` says that the year is only a guess, ``is_relative`` that it depends on the present.
    """

    at: dt.datetime
    is_day_only: bool
    start: int = 0
    end: int = 0
    is_yearless: bool = False
    is_relative: bool = False

    @property
    def day(self) -> dt.date:
        return self.at.astimezone(SHANGHAI).date()


def moments(text: str, now: dt.datetime) -> Iterator[Moment]:
    """Give every time spelled in a text, whole ones first, then relative ones, then those without a year."""
    text = text.translate(_WIDE)
    taken: list[tuple[int, int]] = []
    for found in _spellings(text):
        if any(found.start() < end and start < found.end() for start, end in taken):
            continue
        moment = built(found)
        if moment is not None:
            taken.append((found.start(), found.end()))
            yield moment
    yield from _relative(text, now)
    for found in _YEARLESS.finditer(text):
        if any(found.start() < end and start < found.end() for start, end in taken):
            continue
        moment = _without_year(found, now)
        if moment is not None and (not moment.is_day_only or _is_telling(found)):
            yield moment


def _spellings(text: str) -> Iterator[re.Match[str]]:
    found = [match for pattern in _PATTERNS.values() for match in pattern.finditer(text)]
    found += list(_CHINESE.finditer(text))
    return iter(sorted(found, key=lambda match: (match.start(), -match.end())))


def built(found: re.Match[str]) -> Moment | None:
    if found.re is _CHINESE:
        at = _at(
            {
                "year": int("".join(str(_DIGITS[character]) for character in found["year"])),
                "month": _chinese_number(found["month"]),
                "day": _chinese_number(found["day"]),
            }
        )
        return Moment(at, is_day_only=True, start=found.start(), end=found.end()) if at else None
    given = {name: value for name, value in found.groupdict().items() if value is not None}
    year = _year(given)
    month = _month(given)
    if year is None or month is None:
        return None
    parts = {"year": year, "month": month, "day": int(given.get("day") or given["close_day"])}
    parts |= _clock(given)
    at = _at(parts, _zone(given, found.string[found.end() : found.end() + 5]))
    if at is None:
        return None
    return Moment(at, is_day_only="hour" not in parts, start=found.start(), end=found.end())


def _year(given: dict[str, str]) -> int | None:
    if "year" in given:
        return int(given["year"])
    if "short_year" in given:
        return _full_year(int(given["short_year"]))
    return int(given["republic"]) + _REPUBLIC if "republic" in given else None


def _month(given: dict[str, str]) -> int | None:
    if "name" in given:
        return MONTHS.get(given["name"].lower())
    if "month_name" in given:
        name = given["month_name"]
        return int(name) if name.isascii() else _chinese_number(name)
    return int(given["month"])


def _full_year(short: int) -> int:
    return short + (1900 if short >= _FIRST_SHORT_YEAR else 2000)


def _clock(given: dict[str, str]) -> dict[str, int]:
    if "hour" not in given:
        return {}
    hour = int(given["hour"])
    is_late = given.get("half") in {"下午", "晚上"} or given.get("meridiem", "").lower() == "p"
    if is_late and hour < _NOON:
        hour += _NOON
    if given.get("meridiem", "").lower() == "a" and hour == _NOON:
        hour = 0
    # Some editors' systems write the end of a day as 24:00.
    return {
        "hour": hour % 24,
        "minute": int(given["minute"]),
        "second": int(given.get("second", 0)),
    }


def _zone(given: dict[str, str], following: str) -> dt.tzinfo:
    zone = given.get("zone", "").strip()
    if zone == "Z" or _NAMED_ZONE.match(following):
        return dt.UTC
    if not zone:
        return SHANGHAI
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return dt.timezone(dt.timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def _at(parts: dict[str, int], zone: dt.tzinfo = SHANGHAI) -> dt.datetime | None:
    try:
        return dt.datetime(**parts, tzinfo=zone).astimezone(dt.UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _chinese_number(text: str) -> int:
    tens, mark, ones = text.rpartition("十")
    if not mark:
        return _DIGITS[text] if len(text) == 1 else 0
    return (_DIGITS.get(tens, 0) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)


def _relative(text: str, now: dt.datetime) -> Iterator[Moment]:
    for ago in _AGO.finditer(text):
        count = 0.5 if ago["count"] == "半" else int(ago["count"])
        unit = _UNITS[ago["unit"][0]]
        at = now - dt.timedelta(**{unit: count})
        yield Moment(at, unit == "days", ago.start(), ago.end(), is_relative=True)
    for word in _DAY_WORD.finditer(text):
        day = now.astimezone(SHANGHAI) - dt.timedelta(days=_DAYS_BACK[word["word"]])
        hour, minute = int(word["hour"] or 0), int(word["minute"] or 0)
        at = day.replace(hour=hour, minute=minute, second=0, microsecond=0).astimezone(dt.UTC)
        yield Moment(at, word["hour"] is None, word.start(), word.end(), is_relative=True)
    if (found := _JUST_NOW.search(text)) is not None:
        yield Moment(now, is_day_only=False, start=found.start(), end=found.end(), is_relative=True)


def _is_telling(found: re.Match[str]) -> bool:
    """Take a day and a month alone for a date where they are all that is said, or announced as one."""
    text = found.string
    return (
        found[0].strip() == text.strip()
        or _TELLING.search(text[max(0, found.start() - 8) : found.start()]) is not None
    )


def _without_year(found: re.Match[str], now: dt.datetime) -> Moment | None:
    """Take the latest year in which the day is not in the future."""
    given = {name: value for name, value in found.groupdict().items() if value is not None}
    parts = {"month": int(given["month"]), "day": int(given.get("day") or given["close_day"])}
    for year in range(now.astimezone(SHANGHAI).year, now.astimezone(SHANGHAI).year - 5, -1):
        at = _at({"year": year} | parts | _clock(given))
        if at is not None and at <= now + dt.timedelta(days=1):
            return Moment(at, "hour" not in given, found.start(), found.end(), is_yearless=True)
    return None
