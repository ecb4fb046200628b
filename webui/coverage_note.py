"""How complete the data of a period is, for whatever prints numbers of it."""

from __future__ import annotations

import datetime as dt
from typing import cast

from flask import current_app

from core.coverage import HOUR, hour_of
from core.coverage_statement import CoverageStatement, coverage_statement
from webui.console import console, reading

LONGEST = dt.timedelta(days=31)
FRESH = dt.timedelta(minutes=1)
KEPT = 64
_CACHE = "coverage-notes"

_Kept = dict[tuple[dt.datetime, dt.datetime], tuple[dt.datetime, CoverageStatement]]


def covered(since: dt.datetime | None, until: dt.datetime | None = None) -> CoverageStatement:
    """State the coverage of a period, at most its last 31 days; whole hours, renewed each minute."""
    now = console().clock.now()
    ends = min(until or now, now)
    begins = max(since or ends - LONGEST, ends - LONGEST)
    begins = hour_of(min(begins, ends - HOUR))
    # Adding up a week of two thousand sources takes half a second; every topic's page asks for the same week.
    kept = cast("_Kept", current_app.extensions.setdefault(_CACHE, {}))
    key = begins, hour_of(ends)
    found = kept.get(key)
    if found is None or not dt.timedelta(0) <= now - found[0] < FRESH:
        while len(kept) >= KEPT:
            kept.pop(next(iter(kept)), None)
        found = kept[key] = now, coverage_statement(reading(), begins, ends, now)
    return found[1]
