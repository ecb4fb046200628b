from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.expression import (
    Expression,
    ExpressionError,
    Field,
    Scope,
    describe,
    parse,
    print_expression,
)
from core.expression.limits import is_positive, require_positive
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
)

GROUPS = {"欠薪类": ["拖欠*工资", "讨薪"], "空": []}
NAMES = {
    Field.REGION: {"南京": "320100", "江苏": "320000"},
    Field.TOPIC: {"欠薪与工资支付": "wage_arrears"},
}


def word(*parts: str, scope: Scope = Scope.ANY) -> Word:
    return Word(parts, scope)


A, B, C = word("甲"), word("乙"), word("丙")
GROUP = Group("欠薪类", (word("拖欠", "工资"), word("讨薪")))
SHANGHAI_NOV_1 = datetime(2026, 10, 31, 16, tzinfo=UTC)


def read(text: str) -> Expression:
    return parse(text, groups=GROUPS, names=NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲", A),
        ("甲 乙", And((A, B))),
        ("甲 AND 乙 丙", And((A, B, C))),
        ("甲 与 乙 或 丙", Or((And((A, B)), C))),
        ("甲 or 乙 and 丙", Or((A, And((B, C))))),
        ("（甲 ＯＲ 乙）丙", And((Or((A, B)), C))),
        ("-甲", Not(A)),
        ("－甲 乙", And((Not(A), B))),
        ("非 甲", Not(A)),
        ("NOT NOT 甲", A),
        ("甲 -(乙 丙)", And((A, Not(And((B, C)))))),
        ("非法 与会 或者", And((word("非法"), word("与会"), word("或者")))),
        ("新冠covid-19 C++", And((word("新冠covid-19"), word("c++")))),
        ("ＡＢＣ 農民工", And((word("abc"), word("农民工")))),
        ('"甲 乙"', word("甲 乙")),
        ("“甲*乙”", word("甲", "乙")),
        (r'"甲\*乙\"\\"', word('甲*乙"\\')),
        ('"*甲**乙*"', word("甲", "乙")),
        ('"AND" "与" "-甲"', And((word("and"), word("与"), word("-甲")))),
        ("甲 NEAR/5 乙", Near((A,), (B,), 5)),
        ("甲 onear/0 乙", Near((A,), (B,), 0, is_ordered=True)),
        ("甲 NEAR/5 (乙 OR {欠薪类})", Near((A,), (B, GROUP), 5)),
        ("甲 NEAR/3 乙 丙", And((Near((A,), (B,), 3), C))),
        ("{欠薪类} 甲", And((GROUP, A))),
        ("标题：甲", word("甲", scope=Scope.TITLE)),
        ("title:甲、乙", Or((word("甲", scope=Scope.TITLE), word("乙", scope=Scope.TITLE)))),
        (
            "正文:(甲 NEAR/2 乙)",
            Near(
                (word("甲", scope=Scope.TEXT),),
                (word("乙", scope=Scope.TEXT),),
                2,
                False,
                Scope.TEXT,
            ),
        ),
        ("标题:与", word("与", scope=Scope.TITLE)),
        ("平台:微博，WeChat", Condition(Field.PLATFORM, ("微博", "wechat"))),
        (
            "平台:(a OR -b)",
            Or((Condition(Field.PLATFORM, ("a",)), Not(Condition(Field.PLATFORM, ("b",))))),
        ),
        ("地区:江苏,320100", Condition(Field.REGION, ("320000", "320100"))),
        ("主题:欠薪与工资支付", Condition(Field.TOPIC, ("wage_arrears",))),
        ("情感:负面,neutral", Condition(Field.POLARITY, ("negative", "neutral"))),
        (
            "涉工:是 工会:false",
            And((Condition(Field.RELEVANT, ("true",)), Condition(Field.OUR_UNION, ("false",)))),
        ),
        ("事件:0012", Condition(Field.EVENT, ("12",))),
        ("转发>1万", Comparison(Field.REPOSTS, Comparator.GREATER, 10_000)),
        ("评论 ≥ 1.5千", Comparison(Field.COMMENTS, Comparator.AT_LEAST, 1_500)),
        ("触达:<=30", Comparison(Field.VIEWS, Comparator.AT_MOST, 30)),
        ("views:30", Comparison(Field.VIEWS, Comparator.EQUAL, 30)),
        ("时间:24h", TimeRange(recent=timedelta(hours=24))),
        ("time:7天", TimeRange(recent=timedelta(days=7))),
        (
            "时间:2026-11-01..2026-11-07",
            TimeRange(SHANGHAI_NOV_1, SHANGHAI_NOV_1 + timedelta(days=7)),
        ),
        ("时间:2026-11-01", TimeRange(SHANGHAI_NOV_1, SHANGHAI_NOV_1 + timedelta(days=1))),
        ("时间:..2026-11-01T08:30Z", TimeRange(until=datetime(2026, 11, 1, 8, 30, tzinfo=UTC))),
        ("时间:2026-11-01..", TimeRange(SHANGHAI_NOV_1)),
    ],
)
def test_an_expression_is_read_and_survives_printing(text: str, expected: Expression) -> None:
    expression = read(text)
    assert expression == expected
    assert read(print_expression(expression)) == expression
    assert describe(expression)


@pytest.mark.parametrize(
    ("text", "position", "expected", "fix"),
    [
        ("", 0, "请写要找的词", None),
        ("甲 AND", 5, "AND 后面", "甲"),
        ("甲 OR OR 乙", 5, "OR 后面", "甲 OR   乙"),
        ("AND 甲", 0, "不能是 AND", "甲"),
        ("(甲 乙", 0, "没有配对的右括号", "(甲 乙)"),
        ("甲）", 1, "多了一个右括号", "甲"),
        ("()", 1, "括号里要写", None),
        ('"甲', 0, "没有配对", '"甲"'),
        ('""', 0, "引号里要写文字", None),
        ('"甲*乙*丙*丁"', 0, "最多写 2 个", None),
        ("{欠薪", 0, "花括号", None),
        ("{欠新类}", 0, "没有名为", "{欠薪类}"),
        ("{空}", 0, "还没有词", None),
        ("甲,乙", 1, "逗号", "甲 OR 乙"),
        ("甲|乙", 1, "OR", "甲 OR 乙"),
        ("*甲", 0, "引号", "甲"),
        ('"甲"与"乙"', 3, "两边要有空格", '"甲" 与 "乙"'),
        ("标体:甲", 0, "没有叫“标体”的字段", "标题:甲"),
        ("12:30", 0, "没有叫“12”的字段", '"12:30"'),
        (":甲", 0, "字段名", "甲"),
        ("标题:", 3, "后面要写", None),
        ("标题:(平台:x)", 4, "不能再写别的字段", None),
        ("标题:(时间:1d)", 4, "不能再写别的字段", None),
        ("情感:坏", 3, "没有“坏”这个值", None),
        ("地区:南金", 3, "没有“南金”这个值", "地区:南京"),
        ("事件:甲", 3, "编号", None),
        ("平台:{欠薪类}", 3, "不能是同义词组", None),
        ("时间:昨天", 3, "时间可以写", "时间:24h"),
        ("时间:99999d", 3, "时间可以写", "时间:24h"),
        ("时间:", 3, "后面要写值", "时间:24h"),
        ("时间:2026-11-07..2026-11-01", 3, "早于", "时间:2026-11-01..2026-11-07"),
        ("转发>多", 2, "整数", "转发>100"),
        ("甲 NEAR 乙", 2, "NEAR/10", "甲 NEAR/10 乙"),
        ("甲 NEAR/50 乙", 2, "最多 30", "甲 NEAR/30 乙"),
        ("-甲 NEAR/3 乙", 3, "NEAR 的两边", "-(甲 NEAR/3 乙)"),
        ("丁 -甲 NEAR/3 乙 丙", 5, "NEAR 的两边", "丁 -(甲 NEAR/3 乙) 丙"),
        ("-甲 NEAR/3 (乙 OR 丙)", 3, "NEAR 的两边", None),
        ("甲 NEAR/3 乙 NEAR/3 丙", 2, "不能连用", None),
        ("甲 NEAR/3 平台:x", 2, "NEAR 的两边", None),
        ("标题:甲 NEAR/3 正文:乙", 5, "同一个字段", None),
        ("平台:(a NEAR/3 b)", 6, "NEAR", None),
        ('甲 NEAR/30 "乙*丙"', 2, "最多 512 个", '甲 NEAR/27 "乙*丙"'),
        ("甲" * 1001, 1000, "最多 1000 个字符", None),
        ("甲 " * 101, 200, "最多写 100 个词", None),
        ("(" * 21 + "甲" + ")" * 21, 20, "最多套 20 层", None),
    ],
)
def test_a_mistake_is_placed_explained_and_mended(
    text: str, position: int, expected: str, fix: str | None
) -> None:
    with pytest.raises(ExpressionError) as caught:
        read(text)
    error = caught.value
    assert error.position == position
    assert expected in error.expected
    assert error.fix == fix
    assert f"第 {position + 1} 个字符" in str(error)


def test_the_caret_stands_below_the_character() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("欠薪 OR OR a")
    assert caught.value.caret("欠薪 OR OR a").splitlines()[1].startswith(" " * 8 + "^")


def test_groups_count_their_words() -> None:
    with pytest.raises(ExpressionError, match="超过 100 个"):
        parse("{大}", groups={"大": [str(number) for number in range(101)]})


@pytest.mark.parametrize(
    ("text", "is_fine"),
    [
        ("甲 -乙", True),
        ("-甲", False),
        ("甲 OR -乙", False),
        ("平台:x", True),
        ("-甲 -乙", False),
        ("-(甲 乙)", False),
        ("-甲 时间:1d", True),
    ],
)
def test_a_live_rule_needs_something_positive(text: str, is_fine: bool) -> None:
    assert is_positive(parse(text)) is is_fine
    if is_fine:
        require_positive(parse(text))
    else:
        with pytest.raises(ExpressionError, match="肯定"):
            require_positive(parse(text))


def attempt(text: str) -> tuple[Expression | None, ExpressionError | None]:
    try:
        return read(text), None
    except ExpressionError as error:
        return None, error


PIECES = ["甲", "ab", " ", "AND", " OR ", "-", "(", ")", '"', "“", "”", "*", "{欠薪类}", "{", "}"]
PIECES += [
    ":",
    "：",
    "标题:",
    "平台:",
    "时间:",
    "转发>",
    "1",
    "万",
    " NEAR/3 ",
    "与",
    " 非 ",
    ",",
    "、",
]
PIECES += ["\\", "|", "2026-11-01", "..", "24h", "情感:负面", "地区:江苏", "Ａ", "\n", "ONEAR/40"]


@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.text()))
def test_any_text_is_read_or_refused_with_a_fix_that_can_be_read(text: str) -> None:
    expression, error = attempt(text)
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert error.expected
        assert error.caret(text)
        expression = read(error.fix) if error.fix is not None else None
    if expression is not None:
        assert read(print_expression(expression)) == expression
        assert describe(expression)
