"""What the pages of events read: lists with counts, breakdowns, spread."""

import datetime as dt
from itertools import pairwise

import pytest

from core.clock import FakeClock
from core.database.models.understanding import Event, EventStatus, StoryRelation
from core.database.sessions import Sessions
from core.event_breakdowns import event_breakdowns
from core.event_list import (
    EventFacet,
    EventQuery,
    EventSort,
    HeatLevel,
    NegativeLevel,
    count_events,
    list_events,
)
from core.event_record import event_volume, find_event, present_event, survivor
from core.event_spread import key_posts, spread_stories, story_copies
from tests.events import HOUR, EventDraft, Told, add_event

DAY = dt.timedelta(days=1)


def made(sessions: Sessions, clock: FakeClock, *drafts: tuple[EventDraft, list[Told]]) -> list[int]:
    with sessions.begin() as session:
        return [add_event(session, draft, told, clock.now()) for draft, told in drafts]


def titles(sessions: Sessions, clock: FakeClock, query: EventQuery) -> list[str]:
    with sessions() as session:
        found = [row.title for row in list_events(session, query, clock.now())]
        assert count_events(session, query, clock.now()).total == len(found)
    return found


@pytest.fixture
def three(sessions: Sessions, clock: FakeClock) -> list[int]:
    negative = [Told(hours_ago=place) for place in range(1, 7)]
    return made(
        sessions,
        clock,
        (EventDraft(title="升温的", hotness=70, change=20), negative),
        (
            EventDraft(
                title="持续的", status=EventStatus.ONGOING, hotness=40, change=-3,
                topics=("work_injury",), regions=("330000",), employers=("白鹭化工",),
            ),
            [Told(hours_ago=90, polarity="neutral")],
        ),
        (EventDraft(title="办结的", status=EventStatus.CLOSED, hotness=5, change=0), [Told(hours_ago=300)]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (EventQuery(), ["升温的", "持续的"]),
        (EventQuery(statuses=(EventStatus.CLOSED,)), ["办结的"]),
        (EventQuery(sort=EventSort.CHANGE), ["升温的", "持续的"]),
        (EventQuery(sort=EventSort.LATEST), ["升温的", "持续的"]),
        (EventQuery(topics=("work_injury",)), ["持续的"]),
        (EventQuery(topics=("work_injury", "wage_arrears")), ["升温的", "持续的"]),
        (EventQuery(regions=("320000",)), ["升温的"]),
        (EventQuery(heat=(HeatLevel.MIDDLE,)), ["持续的"]),
        (EventQuery(negative=(NegativeLevel.MOSTLY,)), ["升温的"]),
        (EventQuery(negative=(NegativeLevel.TOO_FEW,)), ["持续的"]),
        (EventQuery(least_documents=2), ["升温的"]),
        (EventQuery(owners=(0,)), ["升温的", "持续的"]),
        (EventQuery(owners=(9,)), []),
        (EventQuery(text="白鹭"), ["持续的"]),
        (EventQuery(text="100%"), []),
    ],
)
def test_each_filter_narrows_and_the_total_agrees(
    sessions: Sessions, clock: FakeClock, three: list[int], query: EventQuery, expected: list[str]
) -> None:
    assert three
    assert titles(sessions, clock, query) == expected


def test_period_asks_for_a_recent_document(
    sessions: Sessions, clock: FakeClock, three: list[int]
) -> None:
    assert three
    assert titles(sessions, clock, EventQuery(active_since=clock.now() - DAY)) == ["升温的"]


def test_filter_is_counted_without_itself_but_with_the_others(
    sessions: Sessions, clock: FakeClock, three: list[int]
) -> None:
    assert three
    query = EventQuery(topics=("work_injury",), heat=(HeatLevel.MIDDLE,))
    with sessions() as session:
        counts = count_events(session, query, clock.now())
    assert {one.value: one.count for one in counts.facets[EventFacet.TOPIC]} == {"work_injury": 1}
    assert {one.value: one.count for one in counts.facets[EventFacet.HEAT]} == {"middle": 1}
    assert counts.by_status[EventStatus.ONGOING] == 1
    assert counts.by_status[EventStatus.RISING] == 0


def test_silenced_and_merged_events_leave_the_list(
    sessions: Sessions, clock: FakeClock, three: list[int]
) -> None:
    with sessions.begin() as session:
        session.get_one(Event, three[0]).silenced_until = clock.now() + HOUR
        session.get_one(Event, three[1]).merged_into_id = three[0]
    assert titles(sessions, clock, EventQuery()) == []
    assert titles(sessions, clock, EventQuery(is_silenced=True)) == ["升温的"]
    clock.advance(2 * HOUR)
    assert titles(sessions, clock, EventQuery()) == ["升温的"]


def test_pages_follow_each_other_without_gaps(sessions: Sessions, clock: FakeClock) -> None:
    made(sessions, clock, *((EventDraft(title=f"同热{n}", hotness=9), [Told()]) for n in range(7)))
    with sessions() as session:
        seen = [
            row.id
            for offset in (0, 3, 6)
            for row in list_events(session, EventQuery(limit=3, offset=offset), clock.now())
        ]
    assert len(set(seen)) == 7


def test_row_tells_band_first_publisher_and_volume(sessions: Sessions, clock: FakeClock) -> None:
    told = [Told(hours_ago=10, outlet="河湾日报"), Told(hours_ago=1), Told(hours_ago=100)]
    made(sessions, clock, (EventDraft(), told))
    with sessions() as session:
        (row,) = list_events(session, EventQuery(), clock.now())
    assert (row.low, row.high, row.change_is_clear) == (46.0, 57.0, True)
    assert row.first_publisher == "河湾论坛"
    assert sum(row.volume) == 2
    assert row.volume[-1] == 1
    assert row.negative_share is None


def test_breakdown_below_five_authors_gives_no_number(sessions: Sessions, clock: FakeClock) -> None:
    told = [Told(author=f"a{place}") for place in range(5)]
    told += [Told(author="one", polarity="positive", platform="贴吧") for _ in range(9)]
    (event_id,) = made(sessions, clock, (EventDraft(), told))
    with sessions() as session:
        found = event_breakdowns(session, event_id)
    assert {part.value: part.documents for part in found.polarities} == {
        "negative": 5,
        "positive": None,
    }
    assert {part.value for part in found.platforms if part.share is None} == {"贴吧"}
    assert found.regions[0].documents == 14


def test_spread_counts_copies_by_relation(sessions: Sessions, clock: FakeClock) -> None:
    copies = (StoryRelation.REPRINT, StoryRelation.REPRINT, StoryRelation.REWRITE)
    told = [Told(copies=copies, outlet="河湾日报"), Told(title="另一篇", reposts=40)]
    (event_id,) = made(sessions, clock, (EventDraft(), told))
    with sessions() as session:
        first, second = spread_stories(session, event_id)
        lines = story_copies(session, [first.id])
        posts = key_posts(session, event_id)
    assert (first.documents, first.reprints, first.rewrites, first.exact) == (4, 2, 1, 0)
    assert first.publisher == "河湾日报"
    assert second.documents == 1
    assert [line.relation for line in lines] == [StoryRelation.FIRST, *copies]
    assert lines[0].parent_id is None
    assert [post.title for post in posts] == ["另一篇", "工地拖欠四十名工友三个月工资"]
    assert posts[1].copies == 4


@pytest.mark.parametrize(("age", "step"), [(5 * HOUR, HOUR), (20 * DAY, DAY)])
def test_volume_has_no_gaps(
    sessions: Sessions, clock: FakeClock, age: dt.timedelta, step: dt.timedelta
) -> None:
    told = [Told(hours_ago=age / HOUR), Told(hours_ago=1, polarity="neutral")]
    (event_id,) = made(sessions, clock, (EventDraft(), told))
    with sessions() as session:
        event = find_event(session, event_id)
        assert event is not None
        volume = event_volume(session, event_id, event.row.first_published_at, clock.now())
    assert volume.step == step
    starts = [point.start for point in volume.points]
    assert all(later - earlier == step for earlier, later in pairwise(starts))
    assert sum(point.documents for point in volume.points) == 2
    assert sum(point.negative for point in volume.points) == 1
    assert starts[-1] <= clock.now() < starts[-1] + step


def test_merged_event_leads_to_the_one_that_survives(sessions: Sessions, three: list[int]) -> None:
    with sessions.begin() as session:
        session.get_one(Event, three[0]).merged_into_id = three[1]
        session.get_one(Event, three[1]).merged_into_id = three[2]
    with sessions() as session:
        assert survivor(session, three[0]) == three[2]
        assert present_event(session, three[0]) == (three[2], "办结的")
        assert present_event(session, None) is None
        assert find_event(session, 10**9) is None
