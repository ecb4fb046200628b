"""Whose page is next, when some have many and some are in a hurry."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crawlers.engine.lane_turns import LaneTurns
from crawlers.visiting.frontier import Lane

NOBODY: Counter[str] = Counter()


def served(turns: LaneTurns, pages: int) -> list[Lane]:
    return [lane for _ in range(pages) for lane, _ in turns.choose(1, NOBODY, 99)]


def test_a_backlog_of_one_lane_starves_no_other() -> None:
    turns = LaneTurns()
    many, few = Lane("many.example", 1, 600), Lane("few.example", 2, 600)
    turns.set_open([many])
    assert served(turns, 1000) == [many] * 1000
    turns.set_open([many, few])
    assert Counter(served(turns, 20)) == {many: 10, few: 10}


def test_a_source_of_two_seconds_comes_before_five_hundred_of_ten_minutes() -> None:
    turns = LaneTurns()
    slow = [Lane(f"{number}.example", number, 600) for number in range(500)]
    turns.set_open(slow)
    served(turns, 250)
    quick = Lane("quick.example", 1000, 2)
    turns.set_open([*slow, quick])
    assert served(turns, 1) == [quick]


def test_no_host_gets_more_pages_than_it_may_have_under_way() -> None:
    turns = LaneTurns()
    one, other = Lane("one.example", 1, 60), Lane("one.example", 2, 60)
    turns.set_open([one, other])
    assert turns.choose(8, Counter({"one.example": 1}), 3) == [(one, 1), (other, 1)]
    assert turns.choose(8, Counter({"one.example": 3}), 3) == []


def test_a_lane_that_had_less_than_it_was_asked_for_waits_for_the_next_look() -> None:
    turns = LaneTurns()
    lane = Lane("one.example", 1)
    turns.set_open([lane])
    turns.close(lane)
    turns.close(lane)
    assert turns.choose(4, NOBODY, 4) == []
    turns.set_open([lane])
    assert turns.choose(4, NOBODY, 4) == [(lane, 4)]


@given(st.lists(st.integers(1, 3600), min_size=2, max_size=8), st.integers(0, 30))
def test_shares_follow_the_intervals(intervals: list[int], head_start: int) -> None:
    turns = LaneTurns()
    lanes = [Lane(f"{number}.example", number, one) for number, one in enumerate(intervals)]
    turns.set_open(lanes[:1])
    served(turns, head_start)
    turns.set_open(lanes)
    longest = max(intervals)
    pages = sum(2 * (longest // one + 1) for one in intervals)
    given_to = Counter(served(turns, min(pages, 3000)))
    if pages <= 3000:
        assert set(given_to) == set(lanes)
