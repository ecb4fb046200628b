"""Past events of the same matter come first; a common place alone makes none alike."""

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from nlp.similar_events import EventDescriptor, similar_events


def event(
    number: int,
    *,
    topics: Iterable[str] = ("wage_arrears",),
    employers: Iterable[str] = (),
    regions: Iterable[str] = ("410000", "410100"),
    keywords: Iterable[str] = (),
) -> EventDescriptor:
    return EventDescriptor(
        number, frozenset(topics), frozenset(employers), frozenset(regions), frozenset(keywords)
    )


PRESENT = event(1, employers=["宏远建筑"], keywords=["木工", "安置房", "拖欠", "工资"])
SET = st.frozensets(st.sampled_from("abcdef"), max_size=4)
EVENTS = st.lists(
    st.builds(
        EventDescriptor,
        st.integers(1, 50),
        SET,
        SET,
        st.frozensets(st.sampled_from(["410000", "410101", "410102", "310115"]), max_size=2),
        SET,
    ),
    max_size=12,
    unique_by=lambda one: one.event_id,
)


def test_same_matter_and_employer_come_before_same_matter_elsewhere() -> None:
    past = [
        event(2, topics=["working_time"], keywords=["加班", "双休"]),
        event(3, keywords=["瓦工", "拖欠", "工资"], regions=["310000"]),
        event(4, employers=["宏远建筑"], keywords=["木工", "拖欠", "工资"]),
    ]
    found = similar_events(PRESENT, past)
    assert [one.event_id for one in found] == [4, 3]
    assert found[0].employers == ("宏远建筑",)
    assert found[0].keywords == ("工资", "拖欠", "木工")


def test_a_place_alone_makes_no_event_alike() -> None:
    assert similar_events(PRESENT, [event(2, topics=["heatstroke"], keywords=["高温"])]) == ()


def test_a_rare_word_in_common_says_more_than_a_common_one() -> None:
    crowd = [event(number, keywords=["工资", f"词{number}"]) for number in range(10, 30)]
    past = [event(2, keywords=["工资", "年终"]), event(3, keywords=["木工", "年终"]), *crowd]
    found = {one.event_id: one.likeness for one in similar_events(PRESENT, past, most=40)}
    assert found[3] > found[2]


def test_nearer_places_are_more_alike() -> None:
    places = {2: ["410102"], 3: ["410103"], 4: ["410300"], 5: ["310115"]}
    here = event(1, regions=["410102"])
    past = [event(number, regions=codes) for number, codes in places.items()]
    found = similar_events(here, past)
    assert [one.event_id for one in found] == [2, 3, 4, 5]
    assert len({one.likeness for one in found}) == 4


def test_what_is_not_stated_is_not_held_against_an_event() -> None:
    stated = event(2, employers=["别家公司"], keywords=["木工", "拖欠"])
    silent = event(3, keywords=["木工", "拖欠"])
    assert [one.event_id for one in similar_events(PRESENT, [stated, silent])] == [3, 2]


@given(EVENTS, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_likeness_is_a_share(
    events: list[EventDescriptor], dice: random.Random
) -> None:
    present = event(99, topics=["a"], keywords=["b", "c"])
    found = similar_events(present, [*events, present])
    assert found == similar_events(present, sorted([*events, present], key=lambda _: dice.random()))
    assert all(0 < one.likeness <= 1 and one.event_id != 99 for one in found)
