"""When a source or a page is due again.

**Interval of a source.** Items appear as a Poisson process of unknown rate λ. With the prior Gamma(λτ, τ), τ
being how long we remember, n new items after a pause of t make it Gamma(λτ + n, τ + t), so the new estimate
is λ' = (λτ + n) / (τ + t) (Gamma-Poisson conjugacy; that polling should follow an estimated rate of change:
Cho and Garcia-Molina, "Estimating frequency of change", ACM TOIT 3(3), 2003). The next visit comes after
1 / λ', when one item is expected, between the source's floor and ceiling, and at most halved or one and a
half times as long as the last. A source whose floor is its ceiling is visited exactly at that pace.

**Hours of the day.** Once the ledger has learned when a source usually publishes, both t and 1 / λ' are measured on the
source's own clock (crawlers.visiting.rhythm), which hardly moves in its quiet hours. On the clock of the wall the pause
then keeps between floor and ceiling, and never is so long that the source would count as overdue, or that an hour would
count as unwatched: a source of ten minutes is still visited in every hour of the night.

**Pages.** Numbers of readers and replies grow fast and then ever slower, so a page is seen again at ages that
triple: 1 h, 3 h, 9 h, 27 h, three days. Threads, whose replies are news themselves, are seen more often while
they are young.
"""

from __future__ import annotations

import datetime as dt
import random

from core.database.models.collecting import Source
from core.source_health import overdue_after
from crawlers.coverage.ledger import hour_of
from crawlers.coverage.usual import patience_of
from crawlers.failures import Failure, FailureCause
from crawlers.source_types import SOURCE_TYPES
from crawlers.visiting.rhythm import Rhythm
from crawlers.visiting.visits import PageVisit

REVISITS = "revisit"
REVISIT_AGES = tuple(dt.timedelta(hours=hours) for hours in (1, 3, 9, 27, 72))
SHORTEST_REVISIT = dt.timedelta(minutes=30)
YOUNG_FOR = dt.timedelta(hours=24)
AWAITED_FOR = dt.timedelta(days=60)
LONGEST_AWAITING = dt.timedelta(days=1)
LONGEST_SOURCE_BACKOFF_S = 6 * 3600
ROBOTS_PATIENCE = dt.timedelta(hours=1)
# A wall is not run against: whether it is still there is looked at once a day.
WALL_PATIENCE = dt.timedelta(days=1)
LONGEST_RETRY_AFTER_S = 86_400
REMEMBERED_VISITS = 20
SHORTEST_MEMORY_S, LONGEST_MEMORY_S = 3600.0, 48 * 3600.0
SLOWEST_RATE = 1 / (24 * 365)
_GROWS, _SHRINKS = 1.5, 0.5
_SPREAD = 0.05
_HOUR = dt.timedelta(hours=1)
# Of the time that would be noticed, so that spreading and slow answers do not reach it.
_BEFORE = 0.9


def publishing_rate(
    source: Source, new: int, now: dt.datetime, rhythm: Rhythm | None = None
) -> float | None:
    """Give the estimate, in items an hour of the source's clock, after a visit that brought ``new`` ones.

    The first visit finds what gathered over an unknown time and says nothing.
    """
    if source.succeeded_at is None:
        return source.publishing_rate
    elapsed_s = (now - source.succeeded_at).total_seconds()
    if rhythm is not None:
        elapsed_s = rhythm.elapsed_s(source.succeeded_at, now)
    elapsed_h = max(1.0, elapsed_s) / 3600
    before = source.publishing_rate
    if before is None:
        # As if its interval had been chosen rightly.
        before = 3600 / source.interval_s
    memory_s = min(max(REMEMBERED_VISITS * source.interval_s, SHORTEST_MEMORY_S), LONGEST_MEMORY_S)
    memory_h = memory_s / 3600
    return max((before * memory_h + new) / (memory_h + elapsed_h), SLOWEST_RATE)


def next_interval(source: Source, rate: float | None) -> dt.timedelta:
    """Give the pause after which one new item is expected, within the bounds named above."""
    wanted = source.interval_s if rate is None else 3600 / rate
    wanted = min(max(wanted, source.interval_s * _SHRINKS), source.interval_s * _GROWS)
    wanted = min(max(wanted, source.interval_floor_s), source.interval_ceiling_s)
    return dt.timedelta(seconds=max(1, round(wanted)))


def next_visit(
    source: Source,
    due_at: dt.datetime,
    interval: dt.timedelta,
    now: dt.datetime,
    rhythm: Rhythm | None = None,
) -> dt.datetime:
    """Count from when the visit was due, so that slow answers do not add up; spread what need not be exact."""
    is_exact = source.interval_floor_s == source.interval_ceiling_s
    following = due_at + interval
    if following <= now:
        following = now + interval
    if is_exact:
        return following
    if rhythm is not None:
        following = _by_rhythm(source, interval, now, rhythm)
    return now + (following - now) * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 (spreads load, guards nothing)


def _by_rhythm(
    source: Source, interval: dt.timedelta, now: dt.datetime, rhythm: Rhythm
) -> dt.datetime:
    """Wait on the source's clock, but on the wall's no less than its floor and no longer than goes unnoticed."""
    seconds = interval.total_seconds()
    covered_until = hour_of(now) + patience_of(round(seconds)) + _HOUR
    latest = min(
        now + dt.timedelta(seconds=source.interval_ceiling_s),
        now + (covered_until - now) * _BEFORE,
        now + overdue_after(round(seconds)) * _BEFORE,
    )
    earliest = now + dt.timedelta(seconds=source.interval_floor_s)
    return max(earliest, rhythm.after(now, seconds, max(latest, now + interval)))


def revisit_at(
    source: Source,
    visit: PageVisit,
    now: dt.datetime,
    *,
    published_at: dt.datetime | None = None,
    awaits_reply: bool = False,
) -> dt.datetime | None:
    """Come back ever more rarely: to a thread or a watched article for days, to an unanswered message for weeks."""
    interval = dt.timedelta(seconds=source.interval_s)
    age = now - visit.found_at
    if awaits_reply and age <= AWAITED_FOR:
        return now + max(interval, min(age / 4, LONGEST_AWAITING))
    if SOURCE_TYPES.load(source.kind).revisits_links:
        if age <= YOUNG_FOR:
            return now + max(interval, age / 4)
    elif not source.options.get(REVISITS):
        return None
    return _at_next_age(published_at or visit.hint.published_at or visit.found_at, now)


def _at_next_age(born_at: dt.datetime, now: dt.datetime) -> dt.datetime | None:
    ages = (born_at + age for age in REVISIT_AGES)
    return next((moment for moment in ages if moment >= now + SHORTEST_REVISIT), None)


def retry_at(source: Source, failure: Failure, now: dt.datetime) -> dt.datetime:
    longest = max(LONGEST_SOURCE_BACKOFF_S, source.interval_ceiling_s)
    wait = min(source.interval_s * 2.0 ** min(source.failures + 1, 16), longest)
    due_at = now + dt.timedelta(seconds=wait * random.uniform(0.9, 1.1))  # noqa: S311 (as above)
    if failure.cause is FailureCause.ROBOTS:
        due_at = max(due_at, now + ROBOTS_PATIENCE)
    if failure.cause is FailureCause.FORBIDDEN:
        due_at = max(due_at, now + WALL_PATIENCE)
    if failure.retry_after_s is not None:
        due_at = max(due_at, asked_for(failure.retry_after_s, now))
    return due_at


def asked_for(seconds: float, now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=min(seconds, LONGEST_RETRY_AFTER_S))
