"""How times, numbers and enumerations read on screen."""

import datetime as dt

from flask import Flask

from core.clock import SHANGHAI

TEN_THOUSAND = 10_000
HUNDRED_MILLION = 100_000_000
HOUR_S = 3600


def local(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(SHANGHAI)


def short_time(moment: dt.datetime | None) -> str:
    """Write ``11-21 09:30`` in Asia/Shanghai; an unknown time is a dash."""
    return "—" if moment is None else local(moment).strftime("%m-%d %H:%M")


def day_date(moment: dt.datetime | None) -> str:
    """Write ``11-21``, the day in Asia/Shanghai."""
    return "—" if moment is None else local(moment).strftime("%m-%d")


def clock_time(moment: dt.datetime | None) -> str:
    return "—" if moment is None else local(moment).strftime("%H:%M")


def full_time(moment: dt.datetime | None) -> str:
    return "" if moment is None else local(moment).strftime("%Y-%m-%d %H:%M:%S")


def iso_time(moment: dt.datetime | None) -> str:
    return "" if moment is None else moment.astimezone(dt.UTC).isoformat(timespec="seconds")


def form_time(moment: dt.datetime | None) -> str:
    """Write what a ``datetime-local`` input takes, in Asia/Shanghai."""
    return "" if moment is None else local(moment).strftime("%Y-%m-%dT%H:%M")


def number(value: float | None) -> str:
    """Write ``3,482``, ``3.2 万`` or ``1.4 亿``; unknown is a dash, never zero."""
    if value is None:
        return "—"
    if abs(value) >= HUNDRED_MILLION:
        return f"{value / HUNDRED_MILLION:.1f} 亿"
    if abs(value) >= TEN_THOUSAND:
        return f"{value / TEN_THOUSAND:.1f} 万"
    return f"{value:,.0f}"


def percent(value: float | None) -> str:
    return "—" if value is None else f"{value * 100:.1f}%"


def time_left(deadline: dt.datetime | None, now: dt.datetime) -> str:
    """Write ``剩 18 分钟`` or ``超时 12 分钟``."""
    if deadline is None:
        return "无时限"
    seconds = int((deadline - now).total_seconds())
    word = "剩" if seconds >= 0 else "超时"
    minutes = abs(seconds) // 60
    if minutes < 60:  # noqa: PLR2004 (minutes of an hour)
        return f"{word} {minutes} 分钟"
    return f"{word} {minutes // 60} 小时" + (f" {minutes % 60} 分" if minutes % 60 else "")


def ago(moment: dt.datetime | None, now: dt.datetime) -> str:
    """Write a relative time under one hour, the short time beyond."""
    if moment is None:
        return "从未"
    seconds = (now - moment).total_seconds()
    if 0 <= seconds < 60:  # noqa: PLR2004 (seconds of a minute)
        return "刚刚"
    if 0 <= seconds < HOUR_S:
        return f"{int(seconds // 60)} 分钟前"
    return short_time(moment)


def install(app: Flask) -> None:
    """Register the filters that templates use."""
    for function in (
        short_time,
        day_date,
        clock_time,
        full_time,
        iso_time,
        form_time,
        number,
        percent,
        time_left,
        ago,
    ):
        app.jinja_env.filters[function.__name__] = function
