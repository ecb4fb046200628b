"""When the numbers of a post are worth reading again."""

import datetime as dt
from collections.abc import Sequence

_MINUTES = (1, 5, 15, 60, 180, 360, 720)
_DAYS = (1, 2, 3, 5, 7)
FREQUENT = (
    *(dt.timedelta(minutes=minutes) for minutes in _MINUTES),
    *(dt.timedelta(days=days) for days in _DAYS),
)


def next_reading(
    steps: Sequence[dt.timedelta], published_at: dt.datetime, now: dt.datetime
) -> dt.datetime | None:
    """Give the first moment of the timetable after ``now``; None once it has run out."""
    return next((published_at + step for step in steps if published_at + step > now), None)
