"""The spelling of times at Weibo."""

import datetime as dt
from email.utils import parsedate_to_datetime


def weibo_time(value: object) -> dt.datetime | None:
    """Read "Wed Oct 24 23:49:17 +0800 2012" as aware UTC; None for anything else."""
    parts = str(value or "").split()
    if len(parts) != 6:  # noqa: PLR2004 - the six words of that form
        return None
    _, month, day, clock, zone, year = parts
    try:
        return parsedate_to_datetime(f"{day} {month} {year} {clock} {zone}").astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
