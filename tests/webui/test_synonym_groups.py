"""同义词组 in the console."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from core.database.models.alerting import Rule
from core.database.models.understanding import SynonymGroup
from core.database.sessions import Sessions
from tests.webui.conftest import post, sign_in

FULL = "\n".join(f"词{number}" for number in range(60))


def page(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def stored(sessions: Sessions) -> dict[str, list[str]]:
    with sessions() as session:
        return {row.name: row.words for row in session.scalars(select(SynonymGroup))}


def expressions(sessions: Sessions) -> list[str | None]:
    with sessions() as session:
        return list(session.scalars(select(Rule.expression)))


def add_rule(client: FlaskClient, expression: str) -> None:
    form = {
        "name": "讨薪聚集",
        "expression": expression,
        "severity": "2",
        "group_by": "event",
        "purpose": "劳动关系风险预警",
    }
    assert post(client, "/rules/new/keyword", form).status_code == 303


def seen(text: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', text)
    assert found is not None
    return found[1]


def test_a_group_is_saved_listed_and_found_by_its_words(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    assert "还没有同义词组" in page(analyst, "/synonym-groups")
    form = {"name": "讨薪", "words": "讨薪\n要工资，追薪\n讨薪"}
    assert post(analyst, "/synonym-groups/new", form).status_code == 303
    assert stored(sessions) == {"讨薪": ["讨薪", "要工资", "追薪"]}
    add_rule(analyst, "{讨薪} 工地")
    listed = page(analyst, "/synonym-groups?q=追薪")
    assert 'data-label="用到它的规则">1<' in listed
    assert "没有符合条件的词组" in page(analyst, "/synonym-groups?q=没有的")
    assert "讨薪聚集" in page(analyst, "/synonym-groups/1")


def test_bad_words_are_shown_with_their_line_and_nothing_is_lost(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    words = "讨薪\n讨薪 OR 要钱\n-招聘"
    answer = post(analyst, "/synonym-groups/new", {"name": "讨{薪", "words": words})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "第 2 行 <code>讨薪 OR 要钱</code>" in text
    assert "第 3 行" in text
    assert "f-name-error" in text
    assert words in text
    assert stored(sessions) == {}


def test_the_effect_is_told_while_one_types_and_saves_nothing(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    post(analyst, "/synonym-groups/new", {"name": "讨薪", "words": "讨薪"})
    add_rule(analyst, "{讨薪} NEAR/10 工地")
    form = {"id": "1", "name": "讨薪", "words": "要钱\n要钱"}
    text = post(analyst, "/synonym-groups/effect", form).get_data(as_text=True)
    assert "影响 1 条规则、0 个专题" in text
    assert "仍然可用" in text
    assert "写了不止一次" in text
    assert "去掉 1 个（讨薪）" in text
    broken = post(analyst, "/synonym-groups/effect", form | {"words": FULL})
    assert "不能再用" in broken.get_data(as_text=True)
    assert stored(sessions) == {"讨薪": ["讨薪"]}


def test_a_used_group_is_saved_only_by_somebody_who_has_seen_what_it_changes(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    post(analyst, "/synonym-groups/new", {"name": "讨薪", "words": "讨薪"})
    add_rule(analyst, "{讨薪} 工地")
    form = {"id": "1", "name": "要钱", "words": "讨薪\n要工资", "as_of_version": "1"}
    asked = post(analyst, "/synonym-groups/1", form).get_data(as_text=True)
    assert "还没有保存" in asked
    assert "{要钱}" in asked
    assert expressions(sessions) == ["{讨薪} 工地"]
    saved = post(analyst, "/synonym-groups/1", form | {"seen": seen(asked)})
    assert saved.status_code == 303
    assert stored(sessions) == {"要钱": ["讨薪", "要工资"]}
    assert expressions(sessions) == ["{要钱} 工地"]
    assert "第 2 版" in page(analyst, "/rules/1")


def test_an_edit_that_would_break_a_rule_is_refused_with_the_rule_and_the_reason(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    post(analyst, "/synonym-groups/new", {"name": "讨薪", "words": "讨薪"})
    add_rule(analyst, "{讨薪} NEAR/10 工地")
    form = {"id": "1", "name": "讨薪", "words": FULL, "as_of_version": "1"}
    answer = post(analyst, "/synonym-groups/1", form)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "讨薪聚集" in text
    assert "最多 512 个" in text
    assert "词59" in text
    assert stored(sessions) == {"讨薪": ["讨薪"]}


def test_a_used_group_is_not_deleted(analyst: FlaskClient, sessions: Sessions) -> None:
    post(analyst, "/synonym-groups/new", {"name": "讨薪", "words": "讨薪"})
    add_rule(analyst, "{讨薪} 工地")
    assert "不能删除" in page(analyst, "/synonym-groups/1")
    answer = post(analyst, "/synonym-groups/1/delete", {"as_of_version": "1"})
    assert answer.status_code == 409
    assert "讨薪聚集" in answer.get_data(as_text=True)
    post(analyst, "/rules/1/disable")
    assert post(analyst, "/synonym-groups/1/delete", {"as_of_version": "1"}).status_code == 303
    assert stored(sessions) == {}


def test_the_second_editor_keeps_what_they_typed(analyst: FlaskClient, sessions: Sessions) -> None:
    post(analyst, "/synonym-groups/new", {"name": "讨薪", "words": "讨薪"})
    form = {"id": "1", "name": "讨薪", "words": "讨薪\n要工资", "as_of_version": "1"}
    assert post(analyst, "/synonym-groups/1", form).status_code == 303
    late = post(analyst, "/synonym-groups/1", form | {"words": "晚了一步"})
    text = late.get_data(as_text=True)
    assert late.status_code == 409
    assert "晚了一步" in text
    assert 'name="as_of_version" value="2"' in text
    assert stored(sessions) == {"讨薪": ["讨薪", "要工资"]}


def test_built_in_groups_come_with_one_click(analyst: FlaskClient, sessions: Sessions) -> None:
    assert "添加内置词组" in page(analyst, "/synonym-groups")
    assert post(analyst, "/synonym-groups/starters").status_code == 303
    assert {"欠薪", "讨薪", "骑手", "聚集"} <= set(stored(sessions))
    assert "添加内置词组" not in page(analyst, "/synonym-groups")


def test_duty_officer_reads_groups_and_changes_none(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    post(analyst, "/synonym-groups/new", {"name": "讨薪", "words": "讨薪"})
    officer = analyst.application.test_client()
    sign_in(officer, "wangmin")
    text = page(officer, "/synonym-groups/1")
    assert "讨薪" in text
    assert "删除词组" not in text
    form = {"id": "1", "name": "讨薪", "words": "改", "as_of_version": "1"}
    for path in ("/1", "/1/delete", "/new", "/effect", "/starters"):
        assert post(officer, f"/synonym-groups{path}", form).status_code == 403
    assert stored(sessions) == {"讨薪": ["讨薪"]}


def test_what_is_gone_leads_back_to_the_list(analyst: FlaskClient) -> None:
    assert analyst.get("/synonym-groups/9").status_code == 303
    for path in ("/synonym-groups/9", "/synonym-groups/9/delete"):
        assert post(analyst, path, {"name": "甲", "words": "乙"}).status_code == 303
