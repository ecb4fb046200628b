"""The one place that reads the clock."""

import datetime as dt
import threading
import time
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

SHANGHAI = ZoneInfo("Asia/Shanghai")
# What the index can hold; nothing this product knows of lies outside.
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200


class Clock(Protocol):
    """Tells the time of every stored decision, as an aware UTC datetime."""

    def now(self) -> dt.datetime: ...


class SystemClock:
    """Answers database time: this machine's clock plus an offset that ``renew`` measures.

    Without an engine, or before the first ``renew``, the offset is zero.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        self._engine = engine
        self._offset = dt.timedelta()
        self._lock = threading.Lock()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self._offset

    def renew(self) -> None:
        """Measure the offset to the database again; called on each tick."""
        if self._engine is None:
            return
        with self._engine.connect() as connection:
            before = dt.datetime.now(dt.UTC)
            answered = connection.execute(text("select clock_timestamp()")).scalar_one()
            after = dt.datetime.now(dt.UTC)
        with self._lock:
            self._offset = answered - (before + (after - before) / 2)


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self, now: dt.datetime) -> None:
        if now.tzinfo is None:
            raise ValueError(f"FakeClock needs an aware time, got {now!r}")
        self._now = now.astimezone(dt.UTC)

    def now(self) -> dt.datetime:
        return self._now

    def advance(self, step: dt.timedelta) -> None:
        self._now += step

    def set(self, now: dt.datetime) -> None:
        self._now = now.astimezone(dt.UTC)


def monotonic() -> float:
    """Seconds for measuring time-outs; never stored."""
    return time.monotonic()


def parse_time(value: str) -> dt.datetime:
    """Read an ISO 8601 time; without a zone it means Asia/Shanghai. Returns aware UTC.

    Raises ValueError when the text is not a time, or one before 1900 or after 2200.
    """
    parsed = dt.datetime.fromisoformat(value.strip())
    if not EARLIEST_YEAR <= parsed.year <= LATEST_YEAR:
        raise ValueError(f"year {parsed.year} is out of range")
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=SHANGHAI)
    return parsed.astimezone(dt.UTC)


def to_rfc3339(moment: dt.datetime | None) -> str | None:
    """Write a time for JSON: RFC 3339 in UTC with a ``Z``."""
    if moment is None:
        return None
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
