"""Values that are meant to be times: ISO, RFC 2822, epoch, or spelled; without a zone they mean Asia/Shanghai."""

from __future__ import annotations

import datetime as dt
import re

from core.clock import parse_time
from crawlers.extraction.spelled_time import MONTHS, Moment, built, moments

LONGEST_READ = 4000
_IN_URL = (
    re.compile(
        r"(?<!\d)(?P<year>(?:19|20)\d\d)[-/_]?(?P<month>1[0-2]|0[1-9])[-/_]?(?P<day>3[01]|[12]\d|0[1-9])(?!\d)"
    ),
    re.compile(r"/(?P<year>20\d\d)/(?P<month>1[0-2]|0?[1-9])/(?P<day>3[01]|[12]\d|0?[1-9])(?=/)"),
    re.compile(r"/(?P<short_year>\d\d)/?(?P<month>1[0-2]|0[1-9])/?(?P<day>3[01]|[12]\d|0[1-9])/"),
)
_RFC_2822 = re.compile(
    r"(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3})[a-z]*\s+(?P<year>\d{4})\s+"
    r"(?P<clock>\d\d:\d\d(?::\d\d)?)\s*(?P<zone>[A-Z]{1,4}|[+-]\d{4})?"
)
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_MILLISECONDS = 13
_ISO_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")


def read_time(text: str, now: dt.datetime) -> dt.datetime | None:
    """Read the first time in a short text: ISO, RFC 2822, epoch, Chinese or relative to ``now``."""
    moment = read_moment(text, now)
    return moment.at if moment else None


def read_moment(text: str, now: dt.datetime) -> Moment | None:
    """Read a value that is meant to be a time."""
    text = text.strip()[:LONGEST_READ]
    if not text:
        return None
    if _EPOCH.fullmatch(text):
        seconds = int(text) / (1000 if len(text) == _MILLISECONDS else 1)
        return Moment(dt.datetime.fromtimestamp(seconds, dt.UTC), is_day_only=False)
    try:
        return Moment(parse_time(text), is_day_only=_ISO_DAY.fullmatch(text) is not None)
    except (ValueError, OverflowError):
        pass
    found = _rfc_2822(text)
    if found is not None:
        return Moment(found, is_day_only=False)
    return next(moments(text, now), None)


def time_in_url(url: str) -> dt.datetime | None:
    """Read a day from an address, at midnight in Shanghai."""
    for pattern in _IN_URL:
        for found in pattern.finditer(url):
            moment = built(found)
            if moment is not None:
                return moment.at
    return None


def _rfc_2822(text: str) -> dt.datetime | None:
    found = _RFC_2822.search(text)
    if found is None or found["month"].lower() not in MONTHS:
        return None
    zone = found["zone"] or "+0000"
    if not zone.startswith(("+", "-")):
        zone = "+0800" if zone == "CST" else "+0000"
    day = f"{found['year']}-{MONTHS[found['month'].lower()]:02}-{int(found['day']):02}"
    try:
        return dt.datetime.fromisoformat(f"{day}T{found['clock']}{zone}").astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
