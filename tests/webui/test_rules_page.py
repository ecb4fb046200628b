"""Rules as people write them in the console."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.database.models.alerting import Rule
from core.database.sessions import Sessions
from tests.webui.conftest import post, sign_in


def keyword(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "name": "欠薪",
        "expression": "(欠薪 OR 讨薪) 工地 -招聘",
        "severity": "2",
        "group_by": "event",
        "purpose": "劳动关系风险预警",
        "advice": "先核实。",
    }
    return fields | changes


def stored(sessions: Sessions) -> list[Rule]:
    with sessions() as session:
        return list(session.scalars(select(Rule)))


def test_rule_is_saved_enabled_and_listed(analyst: FlaskClient, sessions: Sessions) -> None:
    assert "还没有规则" in analyst.get("/rules").get_data(as_text=True)
    assert post(analyst, "/rules/new/keyword", keyword()).status_code == 303
    (rule,) = stored(sessions)
    assert rule.is_enabled
    page = analyst.get("/rules?q=讨薪", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "欠薪" in page
    assert "显示 1 条" in page


def test_broken_expression_shows_where_and_keeps_the_form(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    answer = post(analyst, "/rules/new/keyword", keyword(expression="欠薪 AND (工地 OR"))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "<mark>(</mark>" in text
    assert "表达式有误" in text
    assert "欠薪 AND (工地 OR" in text
    assert "先核实。" in text
    assert stored(sessions) == []


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"expression": "-招聘"}, "规则至少要有一个肯定的条件"),
        ({"expression": ""}, "要写表达式"),
        ({"name": ""}, "f-name-error"),
        ({"purpose": "打听某人"}, "f-purpose-error"),
        ({"severity": "9"}, "f-severity-error"),
    ],
)
def test_refused_rule_names_the_field(
    analyst: FlaskClient, sessions: Sessions, changes: dict[str, object], fragment: str
) -> None:
    answer = post(analyst, "/rules/new/keyword", keyword(**changes))
    assert answer.status_code == 422
    assert fragment in answer.get_data(as_text=True)
    assert stored(sessions) == []


def test_threshold_rule_draws_its_own_options(analyst: FlaskClient, sessions: Sessions) -> None:
    options = {"option.window_minutes": "60", "option.documents": "8", "option.sources": "3"}
    form = keyword(name="集中", expression="", **options)
    assert post(analyst, "/rules/new/threshold", form).status_code == 303
    (rule,) = stored(sessions)
    assert (rule.options["documents"], rule.options["sources"]) == (8, 3)
    refused = post(analyst, "/rules/new/threshold", form | {"option.documents": "0"})
    assert "「至少多少条」不能小于 1" in refused.get_data(as_text=True)


def test_every_save_is_a_version_and_the_older_view_is_told(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    post(analyst, "/rules/new/keyword", keyword())
    (rule,) = stored(sessions)
    path = f"/rules/{rule.id}"
    assert post(analyst, path, keyword(advice="再核实。", as_of_version="1")).status_code == 303
    assert "第 2 版" in analyst.get(path).get_data(as_text=True)
    late = post(analyst, path, keyword(advice="晚了一步", as_of_version="1"))
    text = late.get_data(as_text=True)
    assert late.status_code == 409
    assert "已有新版本" in text
    assert "晚了一步" in text
    assert 'name="as_of_version" value="2"' in text


def test_rule_is_switched_off_and_on(analyst: FlaskClient, sessions: Sessions) -> None:
    post(analyst, "/rules/new/keyword", keyword())
    (rule,) = stored(sessions)
    post(analyst, f"/rules/{rule.id}/disable")
    assert not stored(sessions)[0].is_enabled
    post(analyst, f"/rules/{rule.id}/enable")
    assert stored(sessions)[0].is_enabled


def test_duty_officer_reads_rules_and_changes_none(
    analyst: FlaskClient, sessions: Sessions
) -> None:
    post(analyst, "/rules/new/keyword", keyword())
    (rule,) = stored(sessions)
    officer = analyst.application.test_client()
    sign_in(officer, "wangmin")
    page = officer.get(f"/rules/{rule.id}").get_data(as_text=True)
    assert "欠薪" in page
    assert "保存新版本" not in page
    assert post(officer, f"/rules/{rule.id}", keyword(as_of_version="1")).status_code == 403
    assert post(officer, f"/rules/{rule.id}/disable").status_code == 403
