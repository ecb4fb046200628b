"""When a source or a page is due again."""

from __future__ import annotations

import datetime as dt
import random

from core.database.models.collecting import Source
from crawlers.failures import Failure, FailureCause
from crawlers.source_types import SOURCE_TYPES
from crawlers.visits import PageVisit

YOUNG_FOR = dt.timedelta(hours=24)
AWAITED_FOR = dt.timedelta(days=60)
LONGEST_AWAITING = dt.timedelta(days=1)
LONGEST_SOURCE_BACKOFF_S = 6 * 3600
ROBOTS_PATIENCE = dt.timedelta(hours=1)
LONGEST_RETRY_AFTER_S = 86_400
_GROWS, _SHRINKS = 1.25, 0.7
_JITTERED_FROM_S = 60


def next_interval(source: Source, *, is_busy: bool) -> dt.timedelta:
    """Come sooner while there is news, later while there is none, between floor and ceiling."""
    wanted = source.interval_s * (_SHRINKS if is_busy else _GROWS)
    wanted = min(max(wanted, source.interval_floor_s), source.interval_ceiling_s)
    return dt.timedelta(seconds=max(1, round(wanted)))


def jittered(due_at: dt.datetime, now: dt.datetime) -> dt.datetime:
    wait = due_at - now
    if wait.total_seconds() < _JITTERED_FROM_S:
        return due_at
    return now + wait * random.uniform(0.95, 1.05)  # noqa: S311 (spreads load, guards nothing)


def revisit_at(
    source: Source, visit: PageVisit, now: dt.datetime, *, awaits_reply: bool = False
) -> dt.datetime | None:
    """Come back ever more rarely: to a thread while it is young, to an unanswered message for weeks."""
    age = now - visit.found_at
    if awaits_reply and age <= AWAITED_FOR:
        return now + max(dt.timedelta(seconds=source.interval_s), min(age / 4, LONGEST_AWAITING))
    if not SOURCE_TYPES.load(source.kind).revisits_links or age > YOUNG_FOR:
        return None
    return now + max(dt.timedelta(seconds=source.interval_s), age / 4)


def retry_at(source: Source, failure: Failure, now: dt.datetime) -> dt.datetime:
    longest = max(LONGEST_SOURCE_BACKOFF_S, source.interval_ceiling_s)
    wait = min(source.interval_s * 2.0 ** min(source.failures + 1, 16), longest)
    due_at = now + dt.timedelta(seconds=wait * random.uniform(0.9, 1.1))  # noqa: S311 (as above)
    if failure.cause is FailureCause.ROBOTS:
        due_at = max(due_at, now + ROBOTS_PATIENCE)
    if failure.retry_after_s is not None:
        due_at = max(due_at, asked_for(failure.retry_after_s, now))
    return due_at


def asked_for(seconds: float, now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=min(seconds, LONGEST_RETRY_AFTER_S))
