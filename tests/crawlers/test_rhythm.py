"""Sources that publish by day are left alone at night and met in the morning."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import asdict, dataclass, field
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SHANGHAI, FakeClock
from core.database.models.collecting import Source, SourceUsual
from core.database.sessions import Sessions
from core.source_health import is_overdue
from crawlers.coverage.ledger import hour_of
from crawlers.coverage.usual import LedgerHour, learn, watched_hours
from crawlers.visiting.rhythm import Rhythm, rhythm_of, rhythms
from crawlers.visiting.schedule import next_interval, next_visit, publishing_rate
from tests.crawlers.sources import add_source

START = dt.datetime(2026, 9, 27, 16, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAYS = 20
FIRST, LAST = 8, 20


def is_open(moment: dt.datetime) -> bool:
    return FIRST <= moment.astimezone(SHANGHAI).hour < LAST


@cache
def learned(per_hour: float) -> Rhythm:
    """Learn from eight weeks of a source that publishes from 8 to 20 o'clock."""
    hours = [START - n * HOUR for n in range(8 * 168, 0, -1)]
    rows = [LedgerHour(hour, 1, round(per_hour) if is_open(hour) else 0) for hour in hours]
    usual = learn(rows, {}, patience=HOUR, until=START)
    assert usual.hours is not None
    kept = {name: list(values) for name, values in asdict(usual.hours).items()}
    found = rhythm_of(kept, {})
    assert found is not None
    return found


@dataclass
class Course:
    visits: list[dt.datetime] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    first_delays_s: list[float] = field(default_factory=list)
    overdue: int = 0


def course(rhythm: Rhythm | None, per_hour: float, *, floor_s: int = 60) -> Course:
    """Let a source be visited for some weeks, as its visits themselves decide."""
    chance = random.Random(7)  # noqa: S311 (a made-up source)
    # The spread of visits comes from the shared generator.
    random.seed(7)
    items: list[dt.datetime] = []
    moment = START
    while moment < START + DAYS * 24 * HOUR:
        moment += dt.timedelta(hours=chance.expovariate(per_hour))
        if is_open(moment):
            items.append(moment)
    source = Source(id=1, kind="list_page", interval_s=600, interval_floor_s=floor_s,
                    interval_ceiling_s=86_400, options={}, succeeded_at=START)  # fmt: skip
    found, now, seen, day = Course(), START, 0, START.date()
    while now < START + DAYS * 24 * HOUR:
        new = [item for item in items[seen : seen + 500] if item <= now]
        seen += len(new)
        found.visits.append(now)
        found.delays_s += [(now - item).total_seconds() for item in new]
        if new and new[0].astimezone(SHANGHAI).date() != day:
            day = new[0].astimezone(SHANGHAI).date()
            found.first_delays_s.append((now - new[0]).total_seconds())
        rate = publishing_rate(source, len(new), now, rhythm)
        interval = next_interval(source, rate)
        due_at = next_visit(source, now, interval, now, rhythm)
        source.publishing_rate, source.interval_s = rate, round(interval.total_seconds())
        source.succeeded_at = now
        found.overdue += is_overdue(due_at, now, source.interval_s, due_at)
        now = due_at
    return found


def at_night(visits: list[dt.datetime]) -> int:
    return sum(moment.astimezone(SHANGHAI).hour < FIRST - 1 for moment in visits)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("per_hour", [2, 6])
def test_a_source_that_sleeps_is_visited_less_at_night_and_met_sooner_by_day(per_hour: float) -> None:  # fmt: skip
    usual = course(learned(per_hour), per_hour)
    plain = course(None, per_hour)
    # A third of the pace of the day at most; chance spreads the visits, so the bounds are wide.
    by_day = [one for one in usual.visits if is_open(one)]
    assert at_night(usual.visits) / 7 < len(by_day) / 12 / 3
    assert mean(usual.delays_s) < mean(plain.delays_s) * 0.9
    assert mean(usual.first_delays_s) < mean(plain.first_delays_s) * 0.9
    assert mean(usual.first_delays_s) < 1.5 * mean(usual.delays_s) + 120
    assert usual.overdue == 0


def test_every_hour_of_the_night_still_counts_as_watched() -> None:
    visits = course(learned(6), 6).visits
    rows = {hour_of(moment): 1 for moment in visits}
    hours = [LedgerHour(hour, 1, 0) for hour in sorted(rows)]
    watched = {row.hour for row in watched_hours(hours, HOUR)}
    first, last = min(watched), max(watched)
    missing = [first + n * HOUR for n in range((last - first) // HOUR) if first + n * HOUR not in watched]  # fmt: skip
    # Where a day begins the pace is only being found.
    assert len(missing) <= DAYS * 24 * 0.02


@given(
    st.floats(0, 5), st.integers(1, 100_000), st.integers(0, 7 * 86_400), st.integers(60, 40_000)
)
def test_a_pause_keeps_between_floor_and_ceiling(
    rate: float, interval_s: int, offset_s: int, ceiling_s: int
) -> None:
    rhythm = rhythm_of({"week": [0.0, rate + 0.1] * 84, "workday": [1.0] * 24, "rest": [0.0] * 24}, {})  # fmt: skip
    interval_s = min(max(interval_s, 60), ceiling_s)
    source = Source(id=1, kind="feed", interval_s=interval_s, interval_floor_s=60,
                    interval_ceiling_s=ceiling_s, options={})  # fmt: skip
    now = START + dt.timedelta(seconds=offset_s)
    due_at = next_visit(source, now, dt.timedelta(seconds=interval_s), now, rhythm)
    wait_s = (due_at - now).total_seconds()
    assert 60 * 0.94 <= wait_s <= ceiling_s * 1.06


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_the_clock_reaches_what_it_is_asked_for(offset_s: int, seconds: int) -> None:
    rhythm = learned(6)
    now = START + dt.timedelta(seconds=offset_s)
    reached = rhythm.after(now, seconds, now + dt.timedelta(days=60))
    assert rhythm.elapsed_s(now, reached) == pytest.approx(seconds, rel=1e-6, abs=0.01)


def test_only_sources_that_have_been_learned_have_a_rhythm(
    sessions: Sessions, clock: FakeClock
) -> None:
    known, new, empty = (
        add_source(sessions, f"https://n{n}.example.com/", name=str(n)).id for n in range(3)
    )
    flat = {"week": [0.5] * 168, "workday": [0.5] * 24, "rest": [0.5] * 24}
    none = {name: [0.0] * len(values) for name, values in flat.items()}
    with sessions.begin() as session:
        for id_, hours in ((known, flat), (empty, none)):
            session.add(
                SourceUsual(
                    source_id=id_, learned_at=clock.now(), days=30, items=99, hours=dict(hours)
                )
            )
    with sessions() as session:
        found = rhythms(session, [known, new, empty], clock.now())
    assert list(found) == [known]
    even = found[known]
    assert even.elapsed_s(START, START + HOUR) == pytest.approx(3600)
