"""The period of a search as its address says it: whole Shanghai days, or moments to the minute."""

from __future__ import annotations

import datetime as dt

from core.clock import SHANGHAI
from webui.formats import local
from webui.typed import day, midnight, moment

Bound = dt.date | dt.datetime
"""A Shanghai day, or an aware moment. A day that ends a period belongs to it, a moment does not."""

DAY = dt.timedelta(days=1)
MOMENT_FORMAT = "%Y-%m-%dT%H:%M"


def read_since(text: str) -> Bound | None:
    return day(text) or starting(moment(text) if text else None)


def read_until(text: str) -> Bound | None:
    return day(text) or ending(moment(text) if text else None)


def starting(at: dt.datetime | None) -> Bound | None:
    """Say the moment as a day where it begins one."""
    return local(at).date() if at is not None and _is_midnight(at) else at


def ending(at: dt.datetime | None) -> Bound | None:
    """Say the moment as the day that it ends where it ends one."""
    return local(at - DAY).date() if at is not None and _is_midnight(at) else at


def _is_midnight(at: dt.datetime) -> bool:
    return local(at).time() == dt.time()


def first_moment(since: Bound | None) -> dt.datetime | None:
    return since if isinstance(since, dt.datetime) else midnight(since)


def last_moment(until: Bound | None) -> dt.datetime | None:
    """Give the first moment that no longer belongs to the period."""
    if isinstance(until, dt.datetime):
        return until
    return None if until is None else midnight(until + DAY)


def written(value: object) -> str:
    """Write a value as the address has it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(SHANGHAI).strftime(MOMENT_FORMAT)
    return str(value)


def spoken(since: Bound | None, until: Bound | None) -> str:
    """Say the period to people."""
    if since is not None and since == until:
        return str(since)
    begin = "最早" if since is None else _spoken(since)
    end = "现在" if until is None else _spoken(until)
    return f"{begin} 至 {end}"


def _spoken(bound: Bound) -> str:
    if isinstance(bound, dt.datetime):
        return local(bound).strftime("%Y-%m-%d %H:%M")
    return str(bound)
