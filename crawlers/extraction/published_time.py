"""When a page says that it was published; times without a zone mean Asia/Shanghai."""

from __future__ import annotations

import datetime as dt
import re

from core.clock import SHANGHAI, parse_time

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_TIME = r"(?:\D{0,6}?(?P<hour>[01]?\d|2[0-3])[:：点时](?P<minute>[0-5]\d)(?:[:：分](?P<second>[0-5]\d))?)?"
_ABSOLUTE = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)\s?[-/.年]\s?(?P<month>1[0-2]|0?[1-9])\s?[-/.月]\s?"
    r"(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)日?" + _TIME
)
_YEARLESS = re.compile(
    r"(?<![\d.])(?P<month>1[0-2]|0?[1-9])[-月](?P<day>3[01]|[12]\d|0?[1-9])日?\s{0,3}"
    r"(?P<hour>[01]?\d|2[0-3])[:：](?P<minute>[0-5]\d)(?!\d)"
)
_AGO = re.compile(r"(?P<count>\d{1,3}|半)\s?(?:个)?(?P<unit>秒钟?|分钟|小时|天|日)(?:之)?前")
_DAY_WORD = re.compile(
    r"(?P<word>今天|昨天|前天)\s{0,3}(?P<hour>[01]?\d|2[0-3])[:：](?P<minute>[0-5]\d)"
)
_JUST_NOW = re.compile(r"刚刚|刚才")
_IN_URL = re.compile(
    r"(?<!\d)(?P<year>20[0-3]\d)[-/_]?(?P<month>1[0-2]|0[1-9])[-/_]?(?P<day>3[01]|[12]\d|0[1-9])(?!\d)"
)
_UNITS = {"秒": "seconds", "分": "minutes", "小": "hours", "天": "days", "日": "days"}
_DAYS_BACK = {"今天": 0, "昨天": 1, "前天": 2}
_RFC_2822 = re.compile(
    r"(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3})[a-z]*\s+(?P<year>\d{4})\s+"
    r"(?P<clock>\d\d:\d\d(?::\d\d)?)\s*(?P<zone>[A-Z]{1,4}|[+-]\d{4})?"
)
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_MILLISECONDS = 13


def read_time(text: str, now: dt.datetime) -> dt.datetime | None:
    """Read the first time in a short text: ISO, RFC 2822, epoch, Chinese or relative to ``now``."""
    text = text.strip()
    if not text:
        return None
    if _EPOCH.fullmatch(text):
        seconds = int(text) / (1000 if len(text) == _MILLISECONDS else 1)
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        pass
    return _rfc_2822(text) or _absolute(text) or _relative(text, now) or _yearless(text, now)


def time_in_url(url: str) -> dt.datetime | None:
    """Read a day from an address, at midnight in Shanghai."""
    found = _IN_URL.search(url)
    return _built(found) if found else None


def _absolute(text: str) -> dt.datetime | None:
    for found in _ABSOLUTE.finditer(text):
        built = _built(found)
        if built is not None:
            return built
    return None


def _built(found: re.Match[str]) -> dt.datetime | None:
    parts = {name: int(value) for name, value in found.groupdict().items() if value is not None}
    try:
        return dt.datetime(**parts, tzinfo=SHANGHAI).astimezone(dt.UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _rfc_2822(text: str) -> dt.datetime | None:
    found = _RFC_2822.search(text)
    if found is None or found["month"].lower() not in _MONTHS:
        return None
    zone = found["zone"] or "+0000"
    if not zone.startswith(("+", "-")):
        zone = "+0800" if zone == "CST" else "+0000"
    day = f"{found['year']}-{_MONTHS[found['month'].lower()]:02}-{int(found['day']):02}"
    try:
        return dt.datetime.fromisoformat(f"{day}T{found['clock']}{zone}").astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _relative(text: str, now: dt.datetime) -> dt.datetime | None:
    ago = _AGO.search(text)
    if ago is not None:
        count = 0.5 if ago["count"] == "半" else int(ago["count"])
        return now - dt.timedelta(**{_UNITS[ago["unit"][0]]: count})
    word = _DAY_WORD.search(text)
    if word is not None:
        day = now.astimezone(SHANGHAI) - dt.timedelta(days=_DAYS_BACK[word["word"]])
        return day.replace(
            hour=int(word["hour"]), minute=int(word["minute"]), second=0, microsecond=0
        ).astimezone(dt.UTC)
    return now if _JUST_NOW.search(text) else None


def _yearless(text: str, now: dt.datetime) -> dt.datetime | None:
    """Take the latest year in which the day is not in the future."""
    found = _YEARLESS.search(text)
    if found is None:
        return None
    for year in (now.astimezone(SHANGHAI).year, now.astimezone(SHANGHAI).year - 1):
        parts = {name: int(value) for name, value in found.groupdict().items()}
        try:
            moment = dt.datetime(year, **parts, tzinfo=SHANGHAI)
        except ValueError:
            continue
        if moment <= now + dt.timedelta(days=1):
            return moment.astimezone(dt.UTC)
    return None
