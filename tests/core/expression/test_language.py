"""The language sentence by sentence: what is read, what is refused, and that every tree can be written down."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.clock import SHANGHAI
from core.expression import Expression, ExpressionError, Field, Scope, describe, parse
from core.expression.limits import MAX_LENGTH, MAX_PHRASES, phrases
from core.expression.printer import print_expression
from core.expression.syntax import (
    And,
    Comparator,
    Comparison,
    Condition,
    Group,
    Near,
    Not,
    Or,
    TimeRange,
    Word,
    conjunction,
    disjunction,
    negation,
)
from core.matching_text import matching_text

GROUPS = {"欠薪类": ["欠薪", "讨薪"], "坏": ["甲*乙*丙*丁"]}
A, B, C, D = (Word((term,)) for term in "甲乙丙丁")
GROUP = Group("欠薪类", (Word(("欠薪",)), Word(("讨薪",))))


def near(left: Word, right: Word, distance: int = 3) -> Near:
    return Near((left,), (right,), distance)


def read(text: str) -> Expression:
    return parse(text, groups=GROUPS)


def refused(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲 乙 NEAR/3 丙 OR 丁", Or((And((A, near(B, C))), D))),
        ("甲 OR 乙 丙", Or((A, And((B, C))))),
        ("-甲 乙 OR 丙", Or((And((Not(A), B)), C))),
        ("甲 -(乙 OR 丙) 丁", And((A, Not(Or((B, C))), D))),
        ("(甲 -乙) OR 丙", Or((And((A, Not(B))), C))),
        ("(甲)与(乙)或(丙)", Or((And((A, B)), C))),
        ("甲与乙", Word(("甲与乙",))),
        ("非法 或许 与会", And((Word(("非法",)), Word(("或许",)), Word(("与会",))))),
        ("甲　或　乙", Or((A, B))),
        ("（甲　ＡＮＤ　－乙）", And((A, Not(B)))),
        ("甲 ｎｅａｒ／３ 乙", near(A, B)),
        ("＂甲＊乙＂", Word(("甲", "乙"))),
        ("｛欠薪类｝", GROUP),
        ("転發 NOT 討薪", And((Word(("転发",)), Not(Word(("讨薪",)))))),
        ("IPhone", Word(("iphone",))),
        ("甲 NEAR/0 乙", near(A, B, 0)),
        ("甲 NEAR/30 乙", near(A, B, 30)),
        ("{欠薪类} NEAR/3 (甲 OR (乙 OR 丙))", Near((GROUP,), (A, B, C), 3)),
        ("平台: 微博", Condition(Field.PLATFORM, ("微博",))),
        ("标题:(甲 乙)", And((Word(("甲",), Scope.TITLE), Word(("乙",), Scope.TITLE)))),
        ("标题:甲 乙", And((Word(("甲",), Scope.TITLE), B))),
        ("触达＞＝１万", Comparison(Field.VIEWS, Comparator.AT_LEAST, 10_000)),
        ("时间:(24h)", TimeRange(recent=timedelta(hours=24))),
        (
            "时间:24h、7d 甲",
            And((Or((TimeRange(recent=timedelta(1)), TimeRange(recent=timedelta(7)))), A)),
        ),
        (
            "-转发: (> 5, <=2)",
            Not(
                Or(
                    (
                        Comparison(Field.REPOSTS, Comparator.GREATER, 5),
                        Comparison(Field.REPOSTS, Comparator.AT_MOST, 2),
                    )
                )
            ),
        ),
        ("转发>0.57万", Comparison(Field.REPOSTS, Comparator.GREATER, 5_700)),
    ],
)
def test_what_is_typed_means(text: str, expected: Expression) -> None:
    assert read(text) == expected
    assert read(print_expression(expression=expected)) == expected


@pytest.mark.parametrize(
    ("text", "position", "expected", "fix"),
    [
        ("(甲 乙) NEAR/3 丙", 6, "NEAR 的两边", None),
        ("(甲 NEAR/3 乙) NEAR/3 丙", 13, "NEAR 的两边", None),
        ("甲 NEAR/31 乙", 2, "最多 30", "甲 NEAR/30 乙"),
        ("甲 ONEAR 乙", 2, "ONEAR/10", "甲 ONEAR/10 乙"),
        ("甲* 乙", 1, "引号", "甲 乙"),
        ("{欠薪}", 0, "没有名为“欠薪”", "{欠薪类}"),
        ("{坏}", 0, "有个词不能用", None),
        ("甲 ｛欠薪", 2, "花括号", None),
        ("欠薪 (", 3, "没有配对的右括号", "欠薪"),
        ("((甲", 1, "没有配对的右括号", "((甲))"),
        ("转发>1.5", 2, "整数", "转发>100"),
        ("转发>9999999999万", 2, "整数", "转发>100"),
        ("时间:2200-01-01", 3, "时间可以写", "时间:24h"),
        ("时间:24h,昨天", 7, "时间可以写", "时间:24h,24h"),
        ("时间:(24h OR 7d)", 3, "用逗号隔开", None),
        ("时间:0d", 3, "时间可以写", "时间:24h"),
        ("题目:甲", 0, "没有叫“题目”的字段", "标题:甲"),
        ("甲 && 乙 ||", 7, "OR", None),
    ],
)
def test_what_is_wrong_is_placed_explained_and_mended(
    text: str, position: int, expected: str, fix: str | None
) -> None:
    error = refused(text)
    assert (error.position, error.fix) == (position, fix)
    assert expected in error.expected


@pytest.mark.parametrize(
    ("fits", "is_over"),
    [
        (lambda size: "甲" * size, lambda error: error.position == 1000),
        (lambda size: "甲 " * (size // 10), lambda error: "100 个词" in error.expected),
        (lambda size: "(" * (size // 50) + "甲" + ")" * (size // 50), lambda _: True),
    ],
)
def test_a_limit_may_be_reached_but_not_passed(
    fits: Callable[[int], str], is_over: Callable[[ExpressionError], bool]
) -> None:
    assert read(fits(1000))
    assert is_over(refused(fits(1050)))


def test_the_phrases_of_near_are_limited_where_they_pass_the_limit() -> None:
    within = "(甲 OR 乙 OR 丙 OR 丁) NEAR/15 (子 OR 丑 OR 寅 OR 卯)"
    assert phrases(read(within)) == 512
    error = refused(f"{within} 甲 ONEAR/0 乙")
    assert error.position == len(within) + 3
    assert "最多 512 个" in error.expected
    assert refused(within.replace("15", "16")).fix == within


def test_a_long_mistake_is_drawn_from_near_it() -> None:
    error = refused("甲" * 5_000)
    drawn, below = error.caret("甲" * 5_000).splitlines()
    assert len(drawn) < 130
    assert below.startswith(" " * 121 + "^")


terms = st.text(
    st.sampled_from('甲乙ab1 "*\\与非或-:：,，(){}与near/.3>=和'), min_size=1, max_size=6
)
scopes = st.sampled_from(Scope)


def folded(terms: tuple[str, ...], scope: Scope) -> Word:
    return Word(tuple(map(matching_text, terms)), scope)


def words(scope: Scope, most: int = 3) -> st.SearchStrategy[Word]:
    return st.lists(terms, min_size=1, max_size=most).map(lambda parts: folded(tuple(parts), scope))


def groups(scope: Scope) -> st.SearchStrategy[Group]:
    return st.just(
        Group("欠薪类", tuple(folded((word,), scope) for word in GROUPS["欠薪类"]), scope)
    )


def sides(scope: Scope) -> st.SearchStrategy[tuple[Word | Group, ...]]:
    return st.lists(words(scope, 1) | groups(scope), min_size=1, max_size=2).map(tuple)


moments = st.datetimes(datetime(1902, 1, 1), datetime(2198, 1, 1)).map(  # noqa: DTZ001 -- the zone follows
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
) | st.dates(datetime(1902, 1, 1, tzinfo=UTC).date(), datetime(2198, 1, 1, tzinfo=UTC).date()).map(
    lambda day: datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
)
leaves = st.one_of(
    scopes.flatmap(words),
    scopes.flatmap(groups),
    scopes.flatmap(
        lambda scope: st.builds(
            Near, sides(scope), sides(scope), st.integers(0, 9), st.booleans(), st.just(scope)
        )
    ),
    st.builds(
        Condition,
        st.sampled_from((Field.PLATFORM, Field.SOURCE, Field.EMPLOYER)),
        st.lists(terms.map(str.strip).filter(bool), min_size=1, max_size=3, unique=True).map(
            lambda values: tuple(dict.fromkeys(folded(tuple(values), Scope.ANY).parts))
        ),
    ),
    st.builds(Condition, st.just(Field.EVENT), st.just(("12", "7"))),
    st.builds(Condition, st.just(Field.RELEVANT), st.just(("true",))),
    st.builds(
        Comparison,
        st.sampled_from((Field.VIEWS, Field.REPOSTS, Field.COMMENTS)),
        st.sampled_from(Comparator),
        st.integers(0, 10**11),
    ),
    st.builds(
        lambda number, unit: TimeRange(recent=number * timedelta(seconds=unit)),
        st.integers(1, 3000),
        st.sampled_from((1, 60, 3600, 86400)),
    ),
    st.lists(moments, min_size=2, max_size=2, unique=True).map(
        lambda pair: TimeRange(since=min(pair), until=max(pair))
    ),
    moments.map(lambda moment: TimeRange(since=moment)),
    moments.map(lambda moment: TimeRange(until=moment)),
)
expressions = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: conjunction(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: disjunction(tuple(parts)))
        | inner.map(negation)
    ),
    max_leaves=8,
)


@given(expressions)
@example(Condition(Field.PLATFORM, ("\\1",)))
def test_every_tree_can_be_written_and_read_again(expression: Expression) -> None:
    printed = print_expression(expression)
    # Nothing typed within the limits gives a tree beyond them.
    assume(phrases(expression) <= MAX_PHRASES and len(printed) <= MAX_LENGTH)
    again = read(printed)
    assert again == expression
    assert describe(again)


def test_what_is_long_is_written_in_short_signs() -> None:
    typed = "标题:(" + "“甲乙丙丁”" * 99 + ")"
    expression = read(typed)
    assert isinstance(expression, And)
    assert read(print_expression(expression)) == expression
