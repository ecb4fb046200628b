"""Numbers and days as an address or a form says them; what cannot be meant is None, never an error."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import overload

from core.clock import EARLIEST_YEAR, LATEST_YEAR, SHANGHAI, parse_time

LARGEST = 2**63 - 1  # of a BIGINT


def whole_number(text: str | None) -> int | None:
    """Read a number from 0 to the largest that the database holds."""
    # ``isdigit`` alone lets "²" pass, and ``int`` refuses thousands of digits.
    if not text or not text.isascii() or not text.isdigit() or len(text) > len(str(LARGEST)):
        return None
    number = int(text)
    return number if number <= LARGEST else None


def whole_numbers(texts: Iterable[str]) -> list[int]:
    return [number for text in texts if (number := whole_number(text)) is not None]


def day(text: str) -> dt.date | None:
    """Read ``2026-11-21``; days that the database, the index or a time zone cannot hold are None."""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return found if EARLIEST_YEAR <= found.year < LATEST_YEAR else None


def moment(text: str) -> dt.datetime | None:
    """Read a time to the minute as aware UTC; without a zone it is meant in Shanghai."""
    try:
        found = parse_time(text).astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        return None
    if not EARLIEST_YEAR <= found.year < LATEST_YEAR:
        return None
    return found.replace(second=0, microsecond=0).astimezone(dt.UTC)


@overload
def midnight(on: dt.date) -> dt.datetime: ...
@overload
def midnight(on: None) -> None: ...
@overload
def midnight(on: dt.date | None) -> dt.datetime | None: ...
def midnight(on: dt.date | None) -> dt.datetime | None:
    """Give the moment a day begins in Shanghai, as aware UTC."""
    if on is None:
        return None
    return dt.datetime.combine(on, dt.time(), SHANGHAI).astimezone(dt.UTC)
