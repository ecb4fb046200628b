"""Suggestions at the caret of an expression, what is wrong with it, and a person's own earlier searches."""

import datetime as dt

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import recent_queries
from core.clock import FakeClock
from core.database.models.collecting import Source
from core.database.sessions import Sessions
from core.synonym_groups import GroupDraft, create_group
from tests.webui.conftest import Member, post, sign_in
from tests.webui.content import Content, Post
from webui.console import Console


@pytest.fixture
def analyst(client: FlaskClient, sessions: Sessions, clock: FakeClock) -> FlaskClient:
    with sessions.begin() as session:
        session.add(Source(name="河湾论坛", kind="feed", platform="论坛", level="public"))
        session.add(Source(name="某某 日报", kind="feed", platform="新闻", level="city"))
        for name in ("讨薪", "骑手"):
            draft = GroupDraft(name, f"{name}\n别的说法")
            create_group(session, draft, person_id=None, now=clock.now())
    sign_in(client, "sunyue")
    return client


def suggested(
    client: FlaskClient, typed: str, path: str = "/api/v1/documents/suggest"
) -> list[str]:
    """Ask for what could come at the bar in ``typed``; gives whole expressions with a bar at the new caret."""
    at = typed.find("|")
    query = {"q": typed.replace("|", "", 1), "at": str(at)} if at >= 0 else {"q": typed}
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200
    return [
        one["text"][: one["at"]] + "|" + one["text"][one["at"] :]
        for one in answer.get_json()["items"]
    ]


EXPECTED = {
    "标|": "标题:|",
    "欠薪 情|": "欠薪 情感:|",
    "欠薪 pol|": "欠薪 情感:|",
    "-标|": "-标题:|",
    "标|:欠薪": "标题:|欠薪",
    "情感:|": "情感:负面 |",
    "情感：负|": "情感：负面 |",
    "情感:负面,中|": "情感:负面,中性 |",
    "情感: |": "情感: 正面 |",
    "主题:工伤|": "主题:工伤与职业病 |",
    "地区:苏|": "地区:苏州市 |",
    "欠薪 情感:(负|": "欠薪 情感:(负面 |",
    "平台:|": "平台:论坛 |",
    "信源:河|": "信源:河湾论坛 |",
    "信源:日报|": '信源:"某某 日报" |',
    '信源:"某|': '信源:"某某 日报" |',
    "涉工:|": "涉工:是 |",
    "时间:7|": "时间:7d |",
    "{|": "{讨薪} |",
    "欠薪 {骑|": "欠薪 {骑手} |",
    "{讨|} 工地": "{讨薪}| 工地",
    "讨|": "{讨薪} |",
    "欠薪 |": "欠薪 OR |",
    "欠薪 on|": "欠薪 ONEAR/10 |",
    "工地 苏州|": "工地 地区:苏州市 |",
    "负|": "情感:负面 |",
    "😀 标|": "😀 标题:|",
}
NOTHING = ('"标|', "主题:没有这样的|", "事件:|", "欠薪 OR ox|", "长" * 1001)


def test_what_may_come_next_is_suggested_at_the_caret(analyst: FlaskClient) -> None:
    found = {typed: suggested(analyst, typed) for typed in (*EXPECTED, *NOTHING)}
    missing = {
        typed: found[typed] for typed, expected in EXPECTED.items() if expected not in found[typed]
    }
    assert missing == {}
    assert [typed for typed in NOTHING if found[typed]] == []
    assert max(len(expressions) for expressions in found.values()) == 10


def test_an_empty_box_offers_fields_each_with_a_word_of_explanation(analyst: FlaskClient) -> None:
    answer = analyst.get("/documents/suggest?q=&at=0", headers={"HX-Request": "true"})
    text = answer.get_data(as_text=True)
    assert 'role="listbox"' in text
    assert 'data-text="标题:" data-at="3"' in text
    assert "只在标题里找" in text
    assert analyst.get('/documents/suggest?q="标').status_code == 204


def remembered(sessions: Sessions, person: Member) -> list[str]:
    with sessions() as session:
        return [one.expression for one in recent_queries.recent(session, person.id)]


def remember(sessions: Sessions, person: Member, expression: str, at: dt.datetime) -> None:
    with sessions.begin() as session:
        recent_queries.remember(session, person.id, expression, at)


def test_an_own_search_is_suggested_again_and_nobody_elses(
    analyst: FlaskClient, people: dict[str, Member], sessions: Sessions, clock: FakeClock
) -> None:
    remember(sessions, people["sunyue"], "欠薪 河湾", clock.now())
    remember(sessions, people["wangmin"], "别人搜的", clock.now())
    assert suggested(analyst, "")[0] == "欠薪 河湾|"
    assert "欠薪 河湾|" in suggested(analyst, "河湾|")
    assert "别人搜的|" not in suggested(analyst, "")
    rules = analyst.get("/rules/suggest").get_data(as_text=True)
    assert "欠薪 河湾" not in rules
    assert "标题:" in rules


def test_a_search_still_being_typed_is_kept_once(
    people: dict[str, Member], sessions: Sessions, clock: FakeClock
) -> None:
    person = people["sunyue"]
    for typed in ("欠", "欠薪", "欠薪 工", "欠薪 工地", "欠薪 工地"):
        remember(sessions, person, typed, clock.now())
        clock.advance(dt.timedelta(seconds=1))
    assert remembered(sessions, person) == ["欠薪 工地"]
    clock.advance(dt.timedelta(minutes=5))
    remember(sessions, person, "欠薪", clock.now())
    remember(sessions, person, "  ", clock.now())
    assert remembered(sessions, person) == ["欠薪", "欠薪 工地"]
    clock.advance(dt.timedelta(minutes=5))
    remember(sessions, person, "欠薪 工地", clock.now())
    with sessions() as session:
        assert [one.uses for one in recent_queries.recent(session, person.id)] == [2, 1]


def test_fifty_searches_are_kept_and_none_beyond_its_time(
    people: dict[str, Member], sessions: Sessions, clock: FakeClock
) -> None:
    person = people["sunyue"]
    with sessions.begin() as session:
        for number in range(53):
            at = clock.now() + dt.timedelta(minutes=number)
            recent_queries.remember(session, person.id, f"甲{number}号", at)
    kept = remembered(sessions, person)
    assert (len(kept), kept[0], kept[-1]) == (50, "甲52号", "甲3号")
    with sessions.begin() as session:
        recent_queries.forget_old(session, clock.now() + dt.timedelta(days=180, minutes=52))
    assert remembered(sessions, person) == ["甲52号"]


def test_a_person_deletes_own_searches_and_only_these(
    analyst: FlaskClient, people: dict[str, Member], sessions: Sessions, clock: FakeClock
) -> None:
    for number, expression in enumerate(("欠薪", "高温", "加班")):
        remember(sessions, people["sunyue"], expression, clock.now() + dt.timedelta(minutes=number))
    remember(sessions, people["wangmin"], "工伤", clock.now())
    page = analyst.get("/documents/recent").get_data(as_text=True)
    assert "清除我的检索记录" in page
    assert "工伤" not in page
    with sessions() as session:
        (other,) = recent_queries.recent(session, people["wangmin"].id)
        mine = recent_queries.recent(session, people["sunyue"].id)[0]
    for id_ in (other.id, mine.id):
        assert post(analyst, "/documents/recent/delete", {"id": str(id_)}).status_code == 303
    assert remembered(sessions, people["sunyue"]) == ["高温", "欠薪"]
    post(analyst, "/documents/recent/delete", {"all": "1"})
    assert remembered(sessions, people["sunyue"]) == []
    assert remembered(sessions, people["wangmin"]) == ["工伤"]
    assert "没有检索记录" in analyst.get("/documents/recent").get_data(as_text=True)


def test_only_a_search_that_found_something_is_kept(
    analyst: FlaskClient,
    people: dict[str, Member],
    sessions: Sessions,
    console_for_tests: Console,
) -> None:
    Content(console_for_tests).post(Post(title="讨说法", text="明早去门口讨说法"))
    for typed in ("没有这样的词", "讨说法", "讨说法 OR", "-讨说法"):
        assert analyst.get("/documents", query_string={"q": typed}).status_code == 200
    assert remembered(sessions, people["sunyue"]) == ["讨说法"]


PROBLEMS = (
    ("欠薪 OR OR 工地", "<mark>OR</mark>", None),
    ("欠薪 NEAR/99 工地", "<mark>NEAR/99</mark>", "欠薪 NEAR/30 工地"),
    ("标提:欠薪", "<mark>标提</mark>", "标题:欠薪"),
    ("欠薪 OR", '<mark class="missing">', None),
    ("{讨新}", "<mark>", "{讨薪}"),
)


def test_the_wrong_place_is_marked_and_a_fix_is_one_click_away(analyst: FlaskClient) -> None:
    for typed, marked, fix in PROBLEMS:
        query = {"name": "expression", "expression": typed}
        text = analyst.get("/documents/check", query_string=query).get_data(as_text=True)
        search = analyst.get("/documents", query_string={"q": typed}).get_data(as_text=True)
        assert marked in text
        assert marked in search
        assert "个字符" in text
        assert 'id="search-q-problem"' in search
        if fix:
            assert f'data-fill="#f-expression" value="{fix}"' in text
            assert f"<code>{fix}</code></a>" in search


def test_a_good_expression_is_read_out_and_a_rule_needs_something_positive(
    analyst: FlaskClient,
) -> None:
    good = analyst.get("/rules/check?expression=标题:欠薪 -招聘").get_data(as_text=True)
    assert "读作：标题含“欠薪”" in good
    assert "读作" in analyst.get("/documents/check?expression=-招聘").get_data(as_text=True)
    assert "肯定的条件" in analyst.get("/rules/check?expression=-招聘").get_data(as_text=True)
    assert analyst.get("/rules/check?expression=").get_data(as_text=True).strip() == ""


@pytest.mark.parametrize("path", ["/rules/new/keyword", "/standing-topics/new"])
def test_forms_have_the_same_box(analyst: FlaskClient, path: str) -> None:
    text = analyst.get(path).get_data(as_text=True)
    assert "data-suggest=" in text
    assert 'id="f-expression-problem"' in text


def test_an_administrator_gets_suggestions_for_rules_but_not_for_search(
    console_app: Flask, analyst: FlaskClient
) -> None:
    assert analyst
    admin = console_app.test_client()
    sign_in(admin, "admin")
    assert admin.get("/rules/suggest?q=标").status_code == 200
    assert admin.get("/rules/check?expression=欠薪").status_code == 200
    for path in ("/documents/suggest", "/documents/check", "/documents/recent"):
        assert admin.get(path).status_code == 403
