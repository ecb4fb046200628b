import random
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
import yaml

WORLD = Path(__file__).parents[2] / "zhisheng" / "demo" / "world"
LENGTHS = {"news": (150, 500), "forum": (40, 250), "feed": (80, 300), "hotlist": (0, 0)}
ARREARS = re.compile("欠薪|拖欠工资|讨薪|讨说法")
GATHERING = re.compile("聚集|项目部门口|堵|集体")
PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx]|\d{16,19})(?!\d)")
FAKE_NUMBERS = {"13800000000", "13900000000", "110101190001010006"}
SLOT = re.compile(r"\{([a-z_]+)(\d?)\}")


@dataclass(frozen=True, slots=True)
class Post:
    id: str
    offset_s: int
    site: str
    story: str
    title: str
    text: str
    author: str
    outlet: str
    reposts: int
    comments: int
    views: int
    original: str | None

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Template:
    site: str
    hours: str
    title: str
    text: str
    author: str
    outlet: str
    id: str = ""
    weekdays: str = "even"
    weight: int = 1


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    rows = yaml.safe_load((WORLD / "posts.yaml").read_text(encoding="utf-8"))
    return [Post(**row) for row in rows]


# The file as PyYAML gives it; its shape is what these tests are about.
@pytest.fixture(scope="module")
def history() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((WORLD / "history.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def templates(history: dict[str, Any]) -> list[Template]:
    return [Template(**row) for row in history["templates"]]


@pytest.fixture(scope="module")
def event_posts(history: dict[str, Any]) -> list[Template]:
    return [Template(**row) for event in history["events"] for row in event["posts"]]


def filled(template: Template, slots: dict[str, list[str]], rng: random.Random) -> tuple[str, str]:
    bound: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        name, number = match.groups()
        if name + number not in bound:
            taken = {bound[key] for key in bound if key.rstrip("0123456789") == name}
            bound[name + number] = rng.choice([v for v in slots[name] if v not in taken])
        return bound[name + number]

    parts = [template.title, template.text]
    while any(SLOT.search(part) for part in parts):
        parts = [SLOT.sub(value, part) for part in parts]
    return parts[0], parts[1]


def test_world_is_large_ordered_and_has_unique_ids(posts: list[Post]) -> None:
    assert 290 <= len(posts) <= 330
    assert len({post.id for post in posts}) == len(posts)
    assert all(re.fullmatch(r"[a-z0-9-]{3,24}", post.id) for post in posts)
    offsets = [post.offset_s for post in posts]
    assert offsets == sorted(offsets)
    assert all(0 <= offset <= 600 for offset in offsets)
    assert 50 <= offsets.count(0) <= 70


def test_no_half_minute_of_the_ten_is_silent(posts: list[Post]) -> None:
    shown = Counter(post.offset_s // 30 for post in posts if post.offset_s)
    assert all(shown[half_minute] >= 5 for half_minute in range(20))


def test_sites_and_stories_have_their_share(posts: list[Post]) -> None:
    sites = Counter(post.site for post in posts)
    stories = Counter(post.story for post in posts)
    assert set(sites) == set(LENGTHS)
    assert min(sites.values()) >= 30
    assert set(stories) == {"normal", "offtopic", "arrears", "answer", "rider", "coldstore"}
    assert 0.30 <= stories["offtopic"] / len(posts) <= 0.40
    assert stories["arrears"] > stories["rider"] > stories["coldstore"]


def test_posts_have_the_length_of_their_site(posts: list[Post]) -> None:
    for post in posts:
        low, high = LENGTHS[post.site]
        assert low <= len(post.text) <= high, post.id
        if post.site != "hotlist":
            assert 8 <= len(post.title) <= 36, post.id


def test_posts_name_an_author_or_an_outlet_as_their_site_does(posts: list[Post]) -> None:
    for post in posts:
        assert bool(post.author) == (post.site == "forum"), post.id
        assert bool(post.outlet) == (post.site in {"news", "feed"}), post.id


def test_engagement_is_plausible(posts: list[Post]) -> None:
    for post in posts:
        assert 0 <= post.reposts <= post.views, post.id
        assert 0 <= post.comments <= post.views, post.id
        assert post.views > 0, post.id


def test_reprints_follow_their_original_and_nearly_repeat_it(posts: list[Post]) -> None:
    by_id = {post.id: post for post in posts}
    reprints = [post for post in posts if post.original]
    assert len(reprints) >= 12
    for post in reprints:
        assert post.original is not None
        original = by_id[post.original]
        assert original.original is None, post.id
        assert original.offset_s < post.offset_s, post.id
        assert original.outlet != post.outlet, post.id
        matcher = SequenceMatcher(None, original.text, post.text, autojunk=False)
        assert matcher.ratio() >= 0.9, post.id


def test_texts_that_are_not_reprints_differ(posts: list[Post]) -> None:
    texts = [post.text for post in posts if post.text and not post.original]
    assert len(set(texts)) == len(texts)


def test_arrears_story_is_on_three_sites_within_a_minute(posts: list[Post]) -> None:
    early = [post for post in posts if post.story == "arrears" and post.offset_s <= 60]
    assert early[0].offset_s == 20
    assert early[1].offset_s == 35
    assert len(early) >= 6
    assert len({post.site for post in early}) >= 3
    assert any(ARREARS.search(post.text) and GATHERING.search(post.text) for post in early)


def test_arrears_story_grows_then_is_answered_and_fades(posts: list[Post]) -> None:
    arrears = [post.offset_s for post in posts if post.story == "arrears"]
    answer = [post.offset_s for post in posts if post.story == "answer"]
    assert len([second for second in arrears if second < 120]) >= 15
    assert max(arrears) < 360 == min(answer)
    by_minute = Counter(second // 60 for second in answer)
    assert by_minute[6] > by_minute[8] > by_minute[9] >= 1


def test_only_the_arrears_story_puts_unpaid_wages_beside_a_gathering(posts: list[Post]) -> None:
    both = [post for post in posts if ARREARS.search(post.whole) and GATHERING.search(post.whole)]
    assert {post.story for post in both} <= {"arrears", "answer"}
    assert len([post for post in both if post.offset_s < 120]) >= 3
    assert len({post.text for post in both}) >= 8


def test_unpaid_wages_are_not_always_told_in_the_rule_words(posts: list[Post]) -> None:
    arrears = [post for post in posts if post.story == "arrears"]
    assert any(not ARREARS.search(post.whole) for post in arrears)
    assert len({word for post in arrears for word in ARREARS.findall(post.whole)}) == 4


def test_hard_negatives_are_among_the_posts_off_topic(posts: list[Post]) -> None:
    text = "\n".join(post.whole for post in posts if post.story == "offtopic")
    for phrase in (
        "退团",
        "公会",
        "演员工会奖",
        "开除党籍",
        "罢工",
        "学生会",
        "商会",
        "打工",
        "讨说法",
    ):
        assert phrase in text


def test_personal_numbers_are_the_three_obvious_fakes(posts: list[Post]) -> None:
    found = [number for post in posts for number in PERSONAL_NUMBER.findall(post.whole)]
    assert set(found) == FAKE_NUMBERS
    assert len(found) == len(FAKE_NUMBERS)


def test_no_text_ties_the_world_to_a_calendar(posts: list[Post]) -> None:
    dated = re.compile(r"\d{4}年|\d+月\d+日|春节|国庆|元旦|中秋")
    assert not [post.id for post in posts if dated.search(post.whole)]


def test_texts_do_not_mark_themselves_as_a_drill(posts: list[Post]) -> None:
    assert not [post.id for post in posts if "演练" in post.whole]


def test_history_templates_name_known_profiles_and_slots(
    history: dict[str, Any], templates: list[Template], event_posts: list[Template]
) -> None:
    assert 110 <= len(templates) <= 140
    assert len({template.id for template in templates}) == len(templates)
    for template in templates + event_posts:
        assert template.site in LENGTHS
        assert template.hours in history["hours"]
        assert template.weekdays in history["weekdays"]
        assert template.weight > 0
        fields = template.title + template.text + template.author + template.outlet
        assert {name for name, _ in SLOT.findall(fields)} <= set(history["slots"])
        assert not re.sub(SLOT, "", fields).count("{")
        assert bool(template.author) == (template.site == "forum")
        assert bool(template.outlet) == (template.site in {"news", "feed"})


def test_history_profiles_cover_a_day_and_a_week(history: dict[str, Any]) -> None:
    assert all(len(weights) == 24 for weights in history["hours"].values())
    assert all(len(weights) == 7 for weights in history["weekdays"].values())
    assert len(history["volume"]) == 7
    assert set(history["engagement"]) == set(LENGTHS)


def test_history_slots_offer_a_choice_without_repeats(history: dict[str, Any]) -> None:
    for name, values in history["slots"].items():
        assert all(isinstance(value, str) for value in values), name
        assert len(set(values)) == len(values), name
        assert len(values) >= 5 or name == "nick"


def test_history_events_lie_within_its_days(history: dict[str, Any]) -> None:
    events = history["events"]
    assert 4 <= len(events) <= 6
    for event in events:
        assert -history["days"] <= event["first_day"]
        # Day 0 is the day on which the demo begins.
        assert event["first_day"] + len(event["daily"]) <= 1
        assert max(event["daily"]) >= 9
        assert len(event["posts"]) >= 6


def test_an_event_grows_while_the_demo_begins_and_others_are_known_to_have_ended(
    history: dict[str, Any],
) -> None:
    (growing,) = [one for one in history["events"] if one["first_day"] + len(one["daily"]) == 1]
    assert growing["daily"] == sorted(growing["daily"])
    assert "outcome" not in growing
    ended = [one for one in history["events"] if "outcome" in one]
    assert len(ended) >= 2
    for one in ended:
        assert one["name"]
        titles = [post["title"] for post in one["posts"]]
        assert sum(one["matter"] in title for title in titles) * 2 >= len(titles), one["id"]


def test_history_makes_three_thousand_distinct_quiet_posts(
    history: dict[str, Any], templates: list[Template], event_posts: list[Template]
) -> None:
    rng = random.Random(3)  # noqa: S311 - a seeded sample, not a secret
    weights = [template.weight for template in templates]
    chosen = rng.choices(templates, weights, k=3600)
    chosen += [post for post in event_posts for _ in range(8)]
    made = {(t.site, *filled(t, history["slots"], rng)) for t in chosen}
    assert len(made) >= 3000
    floors = {"news": 110, "feed": 60, "forum": 25, "hotlist": 0}
    for site, title, text in made:
        whole = f"{title}\n{text}"
        assert floors[site] <= len(text) <= 400, whole
        assert 4 <= len(title) <= 40, whole
        assert not PERSONAL_NUMBER.search(whole), whole
        assert not (ARREARS.search(whole) and GATHERING.search(whole)), whole
