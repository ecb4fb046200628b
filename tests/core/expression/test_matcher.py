from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.expression import MatchDocument, Matcher, Scope, Span, parse

NOW = datetime(2026, 11, 2, tzinfo=UTC)
POST = MatchDocument(
    title="某工地農民工討薪",
    text="ＡＢ工地欠薪，工地又欠薪三个月，工会介入",
    published_at=NOW - timedelta(hours=2),
    platform="微博",
    source_id=7,
    source_name="工人论坛",
    regions=("320100", "320000"),
    topics=("wage_arrears",),
    polarity="negative",
    relevant=True,
    employers=("某某建筑",),
    event_id=12,
    reposts=100,
)
TITLE, TEXT = Scope.TITLE, Scope.TEXT
GROUPS = {"欠薪类": ["欠薪", "讨薪"]}


def spans(text: str, post: MatchDocument = POST) -> list[tuple[Scope, int, int]] | None:
    """Give the spans that one expression matched, or None where it did not match."""
    matches = Matcher({1: parse(text, groups=GROUPS)}).match(post, now=NOW)
    return None if not matches else [(s.field, s.start, s.end) for s in matches[0].spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("农民工", [(TITLE, 3, 6)]),
        ("工地 -罢工", [(TITLE, 1, 3), (TEXT, 2, 4), (TEXT, 7, 9)]),
        ("正文:工地", [(TEXT, 2, 4), (TEXT, 7, 9)]),
        ("会", [(TEXT, 17, 18)]),
        ("{欠薪类}", [(TITLE, 6, 8), (TEXT, 4, 6), (TEXT, 10, 12)]),
        ("工地 ONEAR/0 欠薪", [(TEXT, 2, 4), (TEXT, 4, 6)]),
        ("欠薪 ONEAR/1 工地", [(TEXT, 4, 6), (TEXT, 7, 9)]),
        ("欠薪 NEAR/0 欠薪", None),
        ("欠薪 NEAR/4 欠薪", [(TEXT, 4, 6), (TEXT, 10, 12)]),
        ('"工地*三个月"', [(TEXT, 2, 15), (TEXT, 7, 15)]),
        ('"ab工地*介入"', None),
        ("罢工 OR 介入", [(TEXT, 18, 20)]),
        ("(工地 罢工) OR (欠薪 介入)", [(TEXT, 4, 6), (TEXT, 10, 12), (TEXT, 18, 20)]),
        ("(工地 罢工) OR 工会 NEAR/0 介入", [(TEXT, 16, 18), (TEXT, 18, 20)]),
        ('标题:农民工 "工会*入" 转发>5', [(TITLE, 3, 6), (TEXT, 16, 20)]),
        ("标题:欠薪 OR 正文:农民工", None),
        ("平台:微博", []),
        ("平台:微博 -工会", None),
        ("信源:7", []),
        ("信源:工人論壇 地区:320000 雇主:某某建筑 事件:12", []),
        ("涉工:是 主题:wage_arrears,dismissal 情感:负面", []),
        ("工会:是 OR 工会:否", None),
        ("转发>=100 -评论>0", []),
        ("时间:2h", []),
        ("时间:1h", None),
        ("-罢工", []),
    ],
)
def test_a_match_shows_what_made_it_true(
    text: str, expected: list[tuple[Scope, int, int]] | None
) -> None:
    assert spans(text) == expected


def test_exclusion_binds_to_its_bracket_only() -> None:
    assert spans("(工地 -工会) OR 农民工") == [(TITLE, 3, 6)]


def test_spans_point_into_the_text_as_stored() -> None:
    match = Matcher({5: parse("讨薪 ab")}).match(POST, now=NOW)[0]
    assert match.key == 5
    assert match.spans == (Span(TITLE, 6, 8), Span(TEXT, 0, 2))
    assert POST.title[6:8] == "討薪"


def test_matches_come_by_key_and_only_those_that_match() -> None:
    rules = {9: "工地", 3: "欠薪 工会", 4: "罢工", 8: "平台:微博", 1: "-罢工"}
    matcher = Matcher({key: parse(text) for key, text in rules.items()})
    assert [match.key for match in matcher.match(POST, now=NOW)] == [1, 3, 8, 9]


def test_no_rules_and_no_text_match_nothing() -> None:
    assert Matcher({}).match(POST, now=NOW) == []
    empty = MatchDocument(title="", text="", published_at=NOW)
    assert Matcher({1: parse("工地"), 2: parse('"甲*乙"')}).match(empty, now=NOW) == []


@pytest.mark.parametrize("moment", [NOW - timedelta(hours=2), NOW, NOW + timedelta(minutes=5)])
def test_recent_has_no_upper_bound(moment: datetime) -> None:
    assert spans("时间:2h", replace(POST, published_at=moment)) == []
