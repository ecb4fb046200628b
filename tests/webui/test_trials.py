"""Trying drafts of rules and standing topics on what was collected; over HTTP, with a real index."""

import datetime as dt
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from core.database.models.alerting import Alert, Rule
from core.database.models.collecting import Source
from core.database.models.operations import AuditEntry
from core.database.models.understanding import StandingTopic
from core.database.sessions import Sessions
from tests.webui.conftest import Member, post, sign_in
from tests.webui.content import Content, Post

FRAGMENT = {"HX-Request": "true"}
DAY = 24


def tried(client: FlaskClient, path: str = "/trials", /, status: int = 200, **form: object) -> str:
    answer = post(client, path, form, headers=FRAGMENT)
    assert answer.status_code == status
    assert "HX-Request" in answer.headers["Vary"]
    return answer.get_data(as_text=True)


def rule(client: FlaskClient, status: int = 200, /, **form: object) -> str:
    fields: dict[str, object] = {"trial_kind": "keyword", "group_by": "event", "severity": "2"}
    return tried(client, "/trials/rules", status, **(fields | form))


def several(content: Content) -> None:
    """Three days of wage posts, half of them job offers that are not about labour."""
    content.posts(
        [
            post_
            for day in range(3)
            for post_ in (
                Post(title=f"工地欠薪第{day}天", text="讨说法", hours_ago=day * DAY + 2),
                Post(
                    title=f"高薪招聘第{day}天",
                    text="欠薪零容忍",
                    hours_ago=day * DAY + 3,
                    relevant=False,
                    polarity="positive",
                ),
            )
        ]
    )


def test_draft_shows_what_it_finds_by_day_with_samples_and_marks(
    analyst: FlaskClient, content: Content
) -> None:
    several(content)
    page = tried(analyst, expression="欠薪", days=7)
    assert "<html" not in page
    assert "过去 7 天命中 6 条，平均每天 0.9 条" in page
    assert "再往前 7 天是 0 条" in page
    assert "同期共收到 6 条信息，命中占 100.0%" in page
    assert page.count("<h4>") == 6
    assert "工地<mark>欠薪</mark>第2天" in page
    assert re.search(r'href="/documents/\d+\?q=%E6%AC%A0%E8%96%AA"', page)
    assert "3 条，50.0%" in page
    assert "非涉工" in page
    assert 'role="img" aria-label="最多的是' in page


def test_noise_names_the_word_and_taking_it_away_is_one_press(
    analyst: FlaskClient, content: Content
) -> None:
    several(content)
    page = tried(analyst, expression="讨说法 OR 招聘", days=7)
    rows = re.findall(r"<code>([^<]+)</code> <span", page)
    assert rows == ["招聘", "讨说法"]
    pressed = re.search(r'name="without" value="([^"]+)" data-fill="#f-expression"', page)
    assert pressed is not None
    assert pressed[1] == "讨说法"
    without = tried(analyst, expression="讨说法 OR 招聘", without=pressed[1], days=7)
    assert "过去 7 天命中 3 条" in without
    assert "每条命中都要有它" in without


def test_excludes_and_sources_of_a_topic_bound_the_trial(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    several(content)
    content.post(Post(title="欠薪", source="河湾新闻网"))
    with sessions() as session:
        forum = session.scalar(select(Source.id).where(Source.name == "河湾论坛"))
    assert "命中 4 条" in tried(analyst, expression="欠薪", excludes="招聘", days=7)
    assert "命中 3 条" in tried(
        analyst, expression="欠薪", excludes="招聘", sources=str(forum), days=7
    )


def test_change_of_a_topic_shows_what_it_adds_and_removes(
    analyst: FlaskClient, content: Content, sessions: Sessions, people: dict[str, Member]
) -> None:
    several(content)
    content.post(Post(title="工人停工", text="门口"))
    with sessions.begin() as session:
        topic = StandingTopic(
            name="欠薪", expression="欠薪", purpose="劳动关系研判", owner_id=people["sunyue"].id
        )
        session.add(topic)
        session.flush()
        topic_id = topic.id
    page = tried(analyst, expression="欠薪 OR 停工", excludes="招聘", topic_id=topic_id, days=7)
    assert (
        "保存的版本命中 6 条，这样写命中 4 条：多 1 条（其中非涉工 0 条），少 3 条（其中非涉工 3 条）"
        in page
    )
    assert "多命中的 1 条里最新的 1 条" in page
    assert "工人<mark>停工</mark>" in page
    assert re.search(r"<dt>新加</dt><dd><code>停工</code>", page)
    assert re.search(r"<dt>新排除</dt><dd><code>招聘</code>", page)
    same = tried(analyst, expression="欠薪", topic_id=topic_id, days=7)
    assert "命中和保存的版本完全一样，都是 6 条" in same


def test_wrong_draft_shows_where_and_tries_nothing(analyst: FlaskClient, content: Content) -> None:
    content.post(Post())
    page = tried(analyst, status=422, expression="欠薪 AND (工地")
    assert "没有试跑" in page
    assert "<mark>(</mark>" in page
    assert 'href="#f-expression"' in page
    assert 'data-fill="#f-expression" value="欠薪 AND (工地)"' in page
    wrong = tried(analyst, status=422, expression="欠薪", excludes="(招聘")
    assert 'href="#f-excludes"' in wrong
    assert "要写表达式" in tried(analyst, status=422, expression=" ")


def test_rule_that_only_excludes_is_refused_and_a_topic_is_tried(
    analyst: FlaskClient, content: Content
) -> None:
    several(content)
    assert "规则至少要有一个肯定的条件" in rule(analyst, 422, expression="-招聘")
    assert "命中 3 条" in tried(analyst, expression="-招聘", days=7)


def test_time_range_counts_back_from_now_and_the_page_says_so(
    analyst: FlaskClient, content: Content
) -> None:
    several(content)
    page = tried(analyst, expression="欠薪 时间:24h", days=7)
    assert "命中 2 条" in page
    assert "“时间:1d”从现在往回数" in page
    assert "实际命中会比这里多" in rule(analyst, expression="欠薪 时间:24h")
    assert "往回数" not in tried(analyst, expression="欠薪 时间:30d", days=7)
    assert "不在试跑的 7 天里" in tried(analyst, expression="欠薪 时间:2025-01-01..2025-01-31")


def test_keyword_rule_says_how_many_alerts_there_would_have_been(
    analyst: FlaskClient, content: Content
) -> None:
    several(content)
    assert "会有 1 件预警" in rule(analyst, expression="欠薪", group_by="rule")
    content.post(Post(title="欠薪", topics=("work_injury",), regions=("320100", "320000")))
    page = rule(analyst, expression="欠薪", group_by="event")
    assert "估计：按归并方式会有 2 件预警，平均每天 0.3 件" in page


def test_threshold_rule_is_judged_window_by_window(analyst: FlaskClient, content: Content) -> None:
    content.posts([Post(hours_ago=30 + number / 60) for number in range(4)])
    content.posts([Post(hours_ago=2), Post(hours_ago=5)])
    form = {
        "trial_kind": "threshold",
        "option.window_minutes": "10",
        "option.sources": "0",
        "option.authors": "0",
        "group_by": "rule",
    }
    page = rule(analyst, **form, **{"option.documents": "4"})
    assert "达到阈值，会有 1 件预警" in page
    assert "最多的一天（11-20）1 件" in page
    assert "没有一组达到阈值" in rule(analyst, **form, **{"option.documents": "5"})
    wrong = rule(analyst, 422, **form, **{"option.documents": "0"})
    assert "不能小于 1" in wrong
    assert 'href="#f-option-documents"' in wrong


def test_rule_that_takes_nearly_everything_is_called_too_wide(
    analyst: FlaskClient, content: Content
) -> None:
    content.posts([Post(title=f"欠薪{number}") for number in range(30)])
    content.posts([Post(title=f"开会{number}", text="通知") for number in range(25)])
    assert "太宽" in rule(analyst, expression="欠薪")
    assert "太宽" not in rule(analyst, expression="欠薪29")
    assert "太宽" not in tried(analyst, expression="欠薪")


def test_change_of_a_rule_counts_what_people_had_judged(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    content.install_duty("wangmin")
    rule_id = content.rule(expression="讨说法")
    content.posts([Post(title="招聘会上讨说法", text="玩笑"), Post(title="工友讨说法", text="等")])
    content.evaluate()
    with sessions.begin() as session:
        session.execute(update(Alert).values(verdict="false_alarm"))
    page = rule(analyst, rule_id=rule_id, expression="讨说法 -招聘", days=30)
    assert "这条规则的预警里被判误报的 2 条内容，会再命中 1 条（保存的版本 2 条）" in page
    assert "少 1 条" in page


def test_trial_writes_nothing(analyst: FlaskClient, content: Content, sessions: Sessions) -> None:
    several(content)
    rule_id = content.rule()
    with sessions() as session:
        before = session.scalar(select(func.count()).select_from(AuditEntry))
        version = session.scalar(select(Rule.version))
    rule(analyst, rule_id=rule_id, expression="欠薪")
    tried(analyst, expression="欠薪")
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == before
        assert session.scalar(select(Rule.version)) == version


def test_whoever_may_not_read_posts_sees_numbers_alone(
    client: FlaskClient, content: Content
) -> None:
    several(content)
    sign_in(client, "admin")
    page = rule(client, expression="欠薪")
    assert "命中 6 条" in page
    assert "不显示原文" in page
    assert "讨说法" not in page
    assert "/documents/" not in page


@pytest.mark.parametrize(
    ("login", "path", "status"),
    [
        ("wangmin", "/trials", 200),
        ("wangmin", "/trials/rules", 403),
        ("admin", "/trials", 403),
        ("lixiang", "/trials", 403),
        ("outsider", "/trials/rules", 403),
    ],
)
def test_trial_needs_the_right_to_manage_what_is_tried(
    client: FlaskClient, content: Content, login: str, path: str, status: int
) -> None:
    assert content
    sign_in(client, login)
    form = {"expression": "欠薪", "trial_kind": "keyword", "group_by": "event"}
    assert post(client, path, form).status_code == status


def test_without_scripts_the_trial_is_a_page_that_can_go_on(
    analyst: FlaskClient, content: Content
) -> None:
    several(content)
    form = {"expression": "欠薪", "trial_kind": "keyword", "group_by": "rule", "days": "30"}
    page = post(analyst, "/trials/rules", form).get_data(as_text=True)
    assert "<html" in page
    assert 'id="trial-form"' in page
    assert 'name="trial_kind" value="keyword"' in page
    assert '<option value="30" selected>' in page
    assert page.count('name="csrf_token"') >= 1
    assert "过去 30 天命中 6 条" in page


def test_forms_of_rules_carry_the_panel(analyst: FlaskClient, content: Content) -> None:
    new = analyst.get("/rules/new/keyword").get_data(as_text=True)
    assert 'formaction="/trials/rules"' in new
    assert 'name="trial_kind" value="keyword" form="rule-form"' in new
    edit = analyst.get(f"/rules/{content.rule()}").get_data(as_text=True)
    assert 'name="rule_id"' in edit


def test_day_is_shown_by_the_hour(analyst: FlaskClient, content: Content) -> None:
    content.posts([Post(hours_ago=1), Post(hours_ago=30)])
    page = tried(analyst, expression="欠薪", days=1)
    assert "过去 1 天命中 1 条" in page
    assert "再往前 1 天是 1 条" in page
    assert "查看每小时的数" in page


def test_period_that_nobody_offers_is_a_week(analyst: FlaskClient, content: Content) -> None:
    content.post(Post(hours_ago=8 * DAY))
    now = content.now.astimezone(dt.UTC)
    assert now.year == 2026
    assert "过去 7 天里没有一条命中" in tried(analyst, expression="欠薪", days="400000")
