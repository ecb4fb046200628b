"""Which rules are looked at, and how the next matcher grows out of the former."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.expression import Expression, MatchDocument, Matcher, parse
from core.expression.covers import cover

NOW = datetime(2026, 11, 2, tzinfo=UTC)
GROUPS = {"类": ["欠薪", "讨薪"]}


def post(text: str) -> MatchDocument:
    return MatchDocument(title="", text=text, published_at=NOW, platform="微博")


def keys(matcher: Matcher, text: str) -> list[int]:
    return [match.key for match in matcher.match(post(text), now=NOW)]


@pytest.mark.parametrize(
    ("text", "first", "second", "is_all"),
    [
        ("甲", {"甲"}, set(), True),
        ("甲 常", {"甲"}, {"常"}, True),
        ("常 (甲 OR {类})", {"常"}, {"甲", "欠薪", "讨薪"}, True),
        ("常 甲 乙", {"甲"}, {"乙"}, False),
        ("甲 -乙", {"甲"}, set(), False),
        ("标题:甲 常", {"甲"}, {"常"}, False),
        ("甲 NEAR/3 常", {"甲"}, {"常"}, False),
        ('"甲*常"', {"甲"}, {"常"}, False),
        ("甲 平台:微博", {"甲"}, set(), False),
        ("甲 OR 乙 常", {"甲", "乙"}, set(), False),
        ("甲 OR 乙", {"甲", "乙"}, set(), True),
    ],
)
def test_a_rule_waits_for_what_it_cannot_do_without(
    text: str, first: set[str], second: set[str], is_all: bool
) -> None:
    found = cover(parse(text, groups=GROUPS), _cost)
    assert found is not None
    assert (set(found.first), set(found.second), found.is_all) == (first, second, is_all)


def _cost(term: str) -> float:
    return {"常": 2.5, "乙": 2.0}.get(term, 1.0)


@pytest.mark.parametrize("text", ["-甲", "甲 OR -乙", "时间:1d", "转发>5 OR 甲"])
def test_what_may_hold_nothing_waits_for_nothing(text: str) -> None:
    assert cover(parse(text), _cost) is None


rules = st.dictionaries(
    st.integers(0, 5),
    st.sampled_from(
        (
            "甲",
            "甲 乙",
            "乙 -甲",
            "甲 NEAR/1 乙",
            "-丙",
            "平台:微博 丙",
            "丁 OR 丙",
            "甲 (丙 OR 丁)",
            "戊",
        )
    ),
    max_size=6,
)


@given(st.lists(rules, min_size=1, max_size=5), st.text("甲乙丙丁戊", max_size=6))
def test_a_matcher_grown_by_changes_is_as_one_built_anew(
    states: list[dict[int, str]], text: str
) -> None:
    read: dict[tuple[int, str], Expression] = {}
    grown: Matcher | None = None
    for state in states:
        expressions = {
            key: read.setdefault((key, typed), parse(typed)) for key, typed in state.items()
        }
        grown = Matcher(expressions, former=grown)
        anew = Matcher(expressions)
        assert grown.match(post(text), now=NOW) == anew.match(post(text), now=NOW)


def test_a_changed_rule_is_at_work_and_an_old_one_is_not() -> None:
    first, second = parse("欠薪 工地"), parse("讨薪")
    former = Matcher({1: first, 2: second})
    changed = Matcher({1: parse("欠薪 新词"), 2: second, 3: parse("工地")}, former=former)
    assert keys(changed, "工地欠薪") == [3]
    assert keys(changed, "新词欠薪讨薪") == [1, 2]
    assert keys(former, "工地欠薪") == [1]
