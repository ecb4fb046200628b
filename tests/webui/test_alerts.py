"""The alert box, the alert page and what is done on it."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.clock import FakeClock
from core.database.models.alerting import AlertState, Case, Severity, TimelineEntry
from core.database.models.operations import AuditEntry
from core.database.sessions import Sessions
from tests.webui.conftest import Member, csrf_token, post, sign_in
from tests.webui.content import Content, Post

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def content(content: Content) -> Content:
    content.install_duty("wangmin")
    content.rule()
    return content


@pytest.fixture
def alert_id(content: Content) -> int:
    content.post(Post())
    content.evaluate()
    return content.alert().id


@pytest.fixture
def officer(client: FlaskClient) -> FlaskClient:
    sign_in(client, "wangmin")
    return client


def seen(content: Content) -> dict[str, object]:
    alert = content.alert()
    return {"version": alert.version, "cycle": alert.cycle}


def deeds(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return list(session.scalars(select(TimelineEntry.action).order_by(TimelineEntry.sequence)))


def test_box_lists_level_clock_and_owner(officer: FlaskClient, alert_id: int) -> None:
    page = officer.get("/alerts").get_data(as_text=True)
    assert "红色" in page
    assert "剩 5 分钟" in page
    assert "未指派" in page
    assert f'href="/alerts/{alert_id}"' in page


def test_empty_box_says_when_it_looked_and_who_is_on_duty(
    officer: FlaskClient, content: Content
) -> None:
    assert content
    page = officer.get("/alerts?tab=all").get_data(as_text=True)
    assert "当前没有待处置预警" in page
    assert "09:30 检查，当前值班：" in page
    assert "王敏" in page.partition("当前值班")[2]


def test_polls_answer_204_until_something_changes(officer: FlaskClient, alert_id: int) -> None:
    page = officer.get(f"/alerts/{alert_id}").get_data(as_text=True)
    found = re.search(r"/alerts/badge\?v=([\w-]+)", page)
    assert found is not None
    version = found[1]
    assert officer.get(f"/alerts/badge?v={version}", headers=FRAGMENT).status_code == 204
    assert officer.get(f"/alerts?v={version}", headers=FRAGMENT).status_code == 204
    post(officer, f"/alerts/{alert_id}/acknowledge", {"cycle": 1})
    changed = officer.get(f"/alerts/badge?v={version}", headers=FRAGMENT)
    assert changed.status_code == 200
    assert 'data-count="0"' in changed.get_data(as_text=True)


def test_page_says_why_and_what_is_uncertain(officer: FlaskClient, alert_id: int) -> None:
    page = officer.get(f"/alerts/{alert_id}").get_data(as_text=True)
    for words in ("为什么触发", "不确定性", "尚无媒体或机构信源印证", "<mark>讨说法</mark>",
                  "处置建议", "链校验通过", "待取证"):  # fmt: skip
        assert words in page, words


def test_reading_changes_nothing_but_the_log(
    officer: FlaskClient, alert_id: int, content: Content, sessions: Sessions
) -> None:
    before = seen(content)
    officer.get(f"/alerts/{alert_id}")
    officer.get(f"/alerts/{alert_id}/acknowledge")
    assert seen(content) == before
    assert content.alert().state == AlertState.OPEN
    with sessions() as session:
        read = select(AuditEntry).where(AuditEntry.action == "document.read")
        assert session.scalars(read).one().object_id == str(alert_id)


def test_acknowledging_works_without_script_and_twice(
    officer: FlaskClient, alert_id: int, content: Content, sessions: Sessions
) -> None:
    for _ in range(2):
        answer = post(officer, f"/alerts/{alert_id}/acknowledge", {"cycle": 1})
        assert answer.status_code == 303
    assert content.alert().state == AlertState.ACKNOWLEDGED
    assert deeds(sessions).count("acknowledged") == 1
    assert "您已于 09:30 签收" in officer.get(f"/alerts/{alert_id}").get_data(as_text=True)


def test_second_officer_is_told_who_has_it(
    officer: FlaskClient, alert_id: int, sessions: Sessions
) -> None:
    post(officer, f"/alerts/{alert_id}/acknowledge", {"cycle": 1})
    officer.delete_cookie("zhisheng")
    sign_in(officer, "zhoulan")
    answer = post(officer, f"/alerts/{alert_id}/acknowledge", {"cycle": 1}, headers=FRAGMENT)
    assert "已签收" in answer.get_data(as_text=True)
    assert "also_seen" in deeds(sessions)


def test_growing_alert_can_still_be_acknowledged(
    officer: FlaskClient, alert_id: int, content: Content
) -> None:
    before = seen(content)
    content.post(Post(title="又有人说要讨说法"))
    content.evaluate()
    assert post(officer, f"/alerts/{alert_id}/acknowledge", before).status_code == 303


@pytest.mark.parametrize(
    ("deed", "form"),
    [
        ("dismiss", {"reason": "是影视剧情"}),
        ("resolve", {"verdict": "valid", "reason": "已核实并转交"}),
        ("severity", {"severity": "2", "reason": "影响有限"}),
    ],
)
def test_stale_judgement_answers_409_with_the_present_state_and_keeps_the_words(
    officer: FlaskClient, alert_id: int, content: Content, deed: str, form: dict[str, str]
) -> None:
    stale = seen(content)
    content.post(Post(title="又有人说要讨说法"))
    content.evaluate()
    answer = post(officer, f"/alerts/{alert_id}/{deed}", stale | form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "在您操作前已有变化" in page
    assert form["reason"] in page
    assert content.alert().state == AlertState.OPEN
    assert content.alert().severity == Severity.RED


@pytest.mark.parametrize(
    ("deed", "form", "said"),
    [
        ("progress", {"text": "已电话联系权益部"}, "进展已记入处置记录"),
        ("assess", {"text": "属实，涉及 30 人"}, "研判意见已记入专卡"),
        ("severity", {"severity": "2", "reason": "影响有限"}, "级别已调整"),
        ("dismiss", {"reason": "是影视剧情"}, "已判为误报"),
        ("resolve", {"verdict": "valid", "reason": "已核实"}, "已办结"),
    ],
)
def test_each_deed_is_done_and_said(
    officer: FlaskClient,
    alert_id: int,
    content: Content,
    deed: str,
    form: dict[str, str],
    said: str,
) -> None:
    answer = post(officer, f"/alerts/{alert_id}/{deed}", seen(content) | form)
    assert answer.status_code == 303, answer.get_data(as_text=True)[:200]
    assert said in officer.get(f"/alerts/{alert_id}").get_data(as_text=True)


@pytest.mark.parametrize(
    ("deed", "form"),
    [
        ("progress", {"text": " "}),
        ("dismiss", {"reason": ""}),
        ("resolve", {"verdict": "perhaps", "reason": "理由"}),
        ("severity", {"severity": "9", "reason": "理由"}),
        ("assign", {"person": ""}),
    ],
)
def test_incomplete_deed_answers_422_and_changes_nothing(
    officer: FlaskClient, alert_id: int, content: Content, deed: str, form: dict[str, str]
) -> None:
    before = seen(content)
    answer = post(officer, f"/alerts/{alert_id}/{deed}", before | form)
    assert answer.status_code == 422
    assert "没有做任何改动" in answer.get_data(as_text=True)
    assert seen(content) == before


def test_assigned_person_becomes_the_owner(
    officer: FlaskClient, alert_id: int, content: Content, people: dict[str, Member]
) -> None:
    leader = people["zhoulan"].id
    post(officer, f"/alerts/{alert_id}/assign", seen(content) | {"person": leader})
    assert content.alert().owner_id == leader


def test_resolved_alert_is_closed_or_reopened(
    officer: FlaskClient, alert_id: int, content: Content
) -> None:
    resolve = {"verdict": "valid", "reason": "已核实"}
    post(officer, f"/alerts/{alert_id}/resolve", seen(content) | resolve)
    post(officer, f"/alerts/{alert_id}/reopen", seen(content) | {"reason": "又有新情况"})
    assert content.alert().state == AlertState.OPEN
    post(officer, f"/alerts/{alert_id}/resolve", seen(content) | resolve)
    post(officer, f"/alerts/{alert_id}/close", seen(content))
    assert content.alert().state == AlertState.CLOSED
    assert "已关闭" in officer.get("/alerts?tab=closed").get_data(as_text=True)


def test_many_are_acknowledged_at_once(
    officer: FlaskClient, alert_id: int, content: Content
) -> None:
    form = {"alert": f"{alert_id}:1", "tab": "all"}
    answer = post(officer, "/alerts/acknowledge", form)
    assert answer.headers["Location"] == "/alerts?tab=all"
    assert content.alert().state == AlertState.ACKNOWLEDGED


def test_report_begins_with_the_facts_and_stops_the_clock(
    officer: FlaskClient, alert_id: int, content: Content, sessions: Sessions
) -> None:
    page = officer.get(f"/alerts/{alert_id}/report").get_data(as_text=True)
    assert "共 1 条内容、1 个信源" in page
    assert content.alert().number in page
    form = seen(content) | {"kind": "oral", "text": "已电话报告省总值班室", "organisation": ""}
    assert post(officer, f"/alerts/{alert_id}/report", form).status_code == 303
    assert "oral_done" in content.alert().report_reminders
    with sessions() as session:
        assert session.scalars(select(Case)).one().alert_id == alert_id


@pytest.mark.parametrize("change", [{"text": " "}, {"kind": "rumour"}])
def test_incomplete_report_keeps_what_was_typed(
    officer: FlaskClient, alert_id: int, content: Content, change: dict[str, str]
) -> None:
    form = seen(content) | {"kind": "oral", "text": "已电话报告", "organisation": ""} | change
    answer = post(officer, f"/alerts/{alert_id}/report", form)
    assert answer.status_code == 422
    assert str(form["text"]).strip() in answer.get_data(as_text=True)
    assert "oral_done" not in content.alert().report_reminders


def test_editor_may_look_and_answer_but_not_handle(
    client: FlaskClient, alert_id: int, content: Content
) -> None:
    sign_in(client, "lixiang")
    page = client.get(f"/alerts/{alert_id}").get_data(as_text=True)
    assert f"/drafts/new?alert={alert_id}" in page
    assert "签收</button>" not in page
    assert post(client, f"/alerts/{alert_id}/acknowledge", {"cycle": 1}).status_code == 403
    assert content.alert().state == AlertState.OPEN


DEEDS = ("acknowledge", "unacknowledge", "progress", "assess", "assign", "severity", "dismiss",
         "resolve", "reopen", "close", "report")  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS)
def test_nobody_acts_without_permission_or_token(
    client: FlaskClient, alert_id: int, content: Content, deed: str
) -> None:
    before = seen(content)
    sign_in(client, "outsider")
    form = {"csrf_token": csrf_token(client)}
    assert client.post(f"/alerts/{alert_id}/{deed}", data=form).status_code == 403
    client.delete_cookie("zhisheng")
    sign_in(client, "wangmin")
    assert client.post(f"/alerts/{alert_id}/{deed}", data={"cycle": 1}).status_code == 400
    assert seen(content) == before


@pytest.mark.parametrize(
    "path", ["/alerts", "/alerts/badge", "/alerts/{id}", "/alerts/{id}/news", "/alerts/{id}/report"]
)
def test_outsider_sees_no_alert(client: FlaskClient, alert_id: int, path: str) -> None:
    sign_in(client, "outsider")
    assert client.get(path.format(id=alert_id)).status_code == 403


def test_late_acknowledgement_is_said(
    officer: FlaskClient, alert_id: int, clock: FakeClock, content: Content
) -> None:
    deadline = content.alert().acknowledge_by
    assert deadline is not None
    clock.advance((deadline - content.now) * 2)
    assert "超时" in officer.get(f"/alerts/{alert_id}").get_data(as_text=True)
    post(officer, f"/alerts/{alert_id}/acknowledge", {"cycle": content.alert().cycle})
    assert "超过签收时限" in officer.get(f"/alerts/{alert_id}").get_data(as_text=True)
