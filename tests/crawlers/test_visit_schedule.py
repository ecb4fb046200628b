"""When sources and pages are due again."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.claims import Claim
from core.database.models.collecting import Source
from crawlers.source import PageLink, SourceProfile
from crawlers.visiting.schedule import next_interval, next_visit, publishing_rate, revisit_at
from crawlers.visiting.visits import PageVisit, Validators

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def a_source(
    *, kind: str = "list_page", interval_s: int = 600, floor_s: int = 60, ceiling_s: int = 86_400,
    rate: float | None = None, seen_s: float | None = 600, **options: object,
) -> Source:  # fmt: skip
    return Source(
        id=1, kind=kind, interval_s=interval_s, interval_floor_s=floor_s, options=options,
        interval_ceiling_s=ceiling_s, publishing_rate=rate,
        succeeded_at=None if seen_s is None else NOW - dt.timedelta(seconds=seen_s),
    )  # fmt: skip


def a_page(kind: str, found_ago: dt.timedelta, published_ago: dt.timedelta | None = None) -> PageVisit:  # fmt: skip
    hint = PageLink(
        "http://x.example/1",
        published_at=None if published_ago is None else NOW - published_ago,
    )
    return PageVisit(
        Claim(1, "one", 1, 1), SourceProfile(1, "信源", kind, "http://x.example/"),
        "http://x.example/1", hint, Validators(), NOW - found_ago,
    )  # fmt: skip


@pytest.mark.parametrize("per_hour", [0.2, 2, 30])
def test_the_interval_finds_the_pace_at_which_one_item_is_new(per_hour: float) -> None:
    source, owed, now = a_source(), 0.0, NOW
    for _ in range(400):
        elapsed = dt.timedelta(seconds=source.interval_s)
        owed += per_hour * elapsed / HOUR
        new, owed = int(owed), owed - int(owed)
        now += elapsed
        source.publishing_rate = publishing_rate(source, new, now)
        source.interval_s = round(next_interval(source, source.publishing_rate).total_seconds())
        source.succeeded_at = now
    assert source.interval_s * per_hour / 3600 == pytest.approx(1, rel=0.25)


def test_what_the_first_visit_finds_says_nothing_about_the_pace() -> None:
    assert publishing_rate(a_source(seen_s=None), 100, NOW) is None
    assert next_interval(a_source(seen_s=None), None) == dt.timedelta(seconds=600)


@given(st.integers(0, 10**6), st.floats(0, 10**7), st.integers(1, 86_400))
def test_an_interval_changes_within_bounds(new: int, seen_s: float, interval_s: int) -> None:
    source = a_source(interval_s=interval_s, floor_s=1, seen_s=seen_s)
    rate = publishing_rate(source, new, NOW)
    assert rate is not None
    found = next_interval(source, rate).total_seconds()
    assert max(1, interval_s / 2 - 1) <= found <= min(86_400, interval_s * 1.5 + 1)


@given(st.integers(0, 1000), st.floats(0, 3600))
def test_a_source_with_one_interval_is_visited_exactly_then(new: int, seen_s: float) -> None:
    source = a_source(interval_s=2, floor_s=2, ceiling_s=2, seen_s=seen_s)
    interval = next_interval(source, publishing_rate(source, new, NOW))
    assert interval == dt.timedelta(seconds=2)
    late = NOW + dt.timedelta(seconds=0.7)
    assert next_visit(source, NOW, interval, late) == NOW + interval
    assert next_visit(source, NOW - HOUR, interval, late) == late + interval


@pytest.mark.parametrize("seconds", [30, 600])
def test_other_sources_are_spread_a_little(seconds: int) -> None:
    interval = dt.timedelta(seconds=seconds)
    found = {next_visit(a_source(), NOW, interval, NOW) for _ in range(20)}
    assert len(found) > 1
    assert all(0.95 * interval <= one - NOW <= 1.05 * interval for one in found)


@pytest.mark.parametrize(
    ("age_h", "next_h"), [(0, 1), (0.4, 1), (0.6, 3), (1, 3), (3, 9), (9, 27), (27, 72), (72, None)]
)
def test_a_watched_article_is_seen_again_at_ages_that_triple(
    age_h: float, next_h: float | None
) -> None:
    page = a_page("list_page", dt.timedelta(0), age_h * HOUR)
    due_at = revisit_at(a_source(revisit=True), page, NOW)
    assert due_at == (None if next_h is None else NOW + (next_h - age_h) * HOUR)
    assert revisit_at(a_source(), page, NOW) is None


def test_a_young_thread_is_seen_often_and_then_at_those_ages() -> None:
    source = a_source(kind="forum", interval_s=60)
    assert revisit_at(source, a_page("forum", dt.timedelta(0)), NOW) == NOW + HOUR / 60
    assert revisit_at(source, a_page("forum", 4 * HOUR), NOW) == NOW + HOUR
    assert revisit_at(source, a_page("forum", 25 * HOUR), NOW) == NOW + 2 * HOUR
    assert revisit_at(source, a_page("forum", 80 * HOUR), NOW) is None
