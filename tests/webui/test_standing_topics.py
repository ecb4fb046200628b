"""Standing topics over HTTP: who may change them, what they count, and what each person has not seen yet."""

import datetime as dt
import hashlib
import re
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from alerting.rules import RuleLanguage
from core.claims import enqueue
from core.clock import FakeClock
from core.database.models.collecting import Document, Source
from core.database.models.operations import AuditEntry, Queue, WorkItem
from core.database.models.organisation import APIToken
from core.database.models.understanding import StandingTopic, StandingTopicReader
from core.database.sessions import Sessions
from core.indexing import load_documents
from core.search.elasticsearch_engine import ElasticsearchSearch
from core.standing_topic_figures import figures
from core.standing_topic_list import TopicRow, TopicTab, list_topics
from tests.webui.conftest import Member, post, sign_in
from tests.webui.content import Content, Post
from webui.console import EXTENSION

PATH = "/standing-topics"
PURPOSE = "劳动关系风险预警"


def browser(app: Flask, login: str) -> FlaskClient:
    client = app.test_client()
    sign_in(client, login)
    return client


def form(people: dict[str, Member], **changed: object) -> dict[str, object]:
    return {
        "name": "欠薪",
        "expression": "欠薪",
        "excludes": "",
        "purpose": PURPOSE,
        "owner_id": str(people["sunyue"].id),
    } | changed


def make(client: FlaskClient, people: dict[str, Member], **changed: object) -> str:
    """Make a topic and give its address."""
    answer = post(client, f"{PATH}/new", form(people, **changed))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def list_topics_of(content: Content, people: dict[str, Member]) -> list[TopicRow]:
    with content.console.sessions() as session:
        return list_topics(session, TopicTab.ALL, person_id=people["sunyue"].id)


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def card(page: str, name: str) -> str:
    """Cut the card of one topic out of the list, tags removed."""
    found = next(
        part for part in page.split('class="card topic-card"')[1:] if f">{name}</a>" in part
    )
    return " ".join(re.sub(r"<[^>]+>", " ", found.partition("</li>")[0]).split())


def test_what_is_excluded_is_excluded_from_this_topic_alone(
    analyst: FlaskClient, content: Content, people: dict[str, Member]
) -> None:
    content.posts([Post(title="工地欠薪"), Post(title="剧中欠薪的桥段")])
    make(analyst, people, excludes="桥段 OR 剧情")
    make(analyst, people, name="欠薪（全部）")
    page = text(analyst, PATH)
    assert "近 7 天 1 条" in card(page, "欠薪")
    assert "近 7 天 2 条" in card(page, "欠薪（全部）")


def test_weeks_are_compared_up_to_the_same_moment_and_the_curve_by_shanghai_days(
    client: FlaskClient, content: Content, people: dict[str, Member], clock: FakeClock
) -> None:
    # Half past midnight in Shanghai: a comparison of calendar days would set half an hour against a day.
    clock.set(dt.datetime(2026, 11, 21, 16, 30, tzinfo=dt.UTC))
    sign_in(client, "sunyue")
    week = 7 * 24
    # 00:18 and 23:48 in Shanghai lie in different days. Weeks begin at the hour: half an hour more than 168 hours.
    hours = (
        0.2,
        0.7,
        24,
        week - 0.1,
        week + 0.4,
        week + 0.6,
        2 * week,
        2 * week + 0.4,
        2 * week + 0.6,
    )
    content.posts(
        [Post(title=f"欠薪第{number}条", hours_ago=ago) for number, ago in enumerate(hours)]
    )
    make(client, people)
    page = text(client, PATH)
    assert "近 7 天 5 条" in card(page, "欠薪")
    assert "比前 7 天的 3 条多 2 条" in card(page, "欠薪")
    assert "近 14 天每天：0，0，0，0，0，1，2，0，0，0，0，0，2，1 条" in page


def test_negative_share_stands_beside_that_of_the_week_before(
    analyst: FlaskClient, content: Content, people: dict[str, Member]
) -> None:
    week = 7 * 24
    make(analyst, people)
    content.posts(
        [Post(title=f"欠薪{n}", polarity="negative" if n < 4 else "neutral") for n in range(5)]
    )
    assert "前 7 天不足 5 条" in card(text(analyst, PATH), "欠薪")
    content.posts(
        [
            Post(
                title=f"欠薪旧{n}", hours_ago=week + 1, polarity="negative" if n < 3 else "positive"
            )
            for n in range(6)
        ]
    )
    shown = card(text(analyst, PATH), "欠薪")
    assert "80%" in shown
    assert "前 7 天 50%，升 30 个百分点" in shown


def test_new_is_what_came_in_since_this_person_looked(
    console_app: Flask,
    analyst: FlaskClient,
    content: Content,
    people: dict[str, Member],
    clock: FakeClock,
) -> None:
    content.post(Post(title="欠薪旧闻"))
    address = make(analyst, people)
    text(analyst, address)
    assert "新 " not in card(text(analyst, PATH), "欠薪")
    clock.advance(dt.timedelta(minutes=10))
    # It was published long ago and comes in now.
    content.post(Post(title="欠薪新到", hours_ago=0))
    leader = browser(console_app, "zhoulan")
    assert "还没看过" in card(text(leader, PATH), "欠薪")
    assert "新 1 条" in card(text(analyst, PATH), "欠薪")
    page = text(analyst, address)
    assert "上次看过之后新来 1 条" in page
    assert "新 " not in card(text(analyst, PATH), "欠薪")
    assert "还没看过" in card(text(leader, PATH), "欠薪")


def test_what_waits_for_the_index_while_somebody_looks_is_new_to_them_later(
    analyst: FlaskClient,
    content: Content,
    people: dict[str, Member],
    clock: FakeClock,
    sessions: Sessions,
) -> None:
    address = make(analyst, people)
    content.post(Post(title="欠薪早先"))
    text(analyst, address)
    clock.advance(dt.timedelta(minutes=10))
    late = content.post(Post(title="欠薪迟到", hours_ago=0))
    # The index has not got it yet.
    content.console.reader.delete([late])
    content.console.reader.refresh()
    with sessions.begin() as session:
        enqueue(session, Queue.INDEX, [late], clock.now())
    clock.advance(dt.timedelta(minutes=1))
    assert "欠薪</mark>迟到" not in text(analyst, address)
    with sessions.begin() as session:
        for item in session.scalars(select(WorkItem).where(WorkItem.queue == Queue.INDEX.value)):
            session.delete(item)
        session.get_one(Document, late).indexed_at = clock.now()
        content.console.reader.index(load_documents(session, [late]))
    content.console.reader.refresh()
    assert "新 1 条" in card(text(analyst, PATH), "欠薪")


def test_errors_of_both_expressions_stand_at_their_fields(
    analyst: FlaskClient, content: Content, people: dict[str, Member], sessions: Sessions
) -> None:
    assert content
    answer = post(
        analyst, f"{PATH}/new", form(people, expression="欠薪 AND (工地", excludes="招聘 OR")
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="f-expression-error"' in page
    assert 'id="f-excludes-error"' in page
    assert page.count('<pre class="marked"') == 2
    assert "欠薪 AND (工地</textarea>" in page
    with sessions() as session:
        assert session.scalars(select(StandingTopic)).all() == []


def test_topic_is_not_saved_without_what_it_needs(
    analyst: FlaskClient, people: dict[str, Member]
) -> None:
    wrong = {
        "name": "",
        "purpose": "看看谁在说话",
        "expression": "-招聘",
        "sources": "99",
        "owner_id": "999",
    }
    for field, value in wrong.items():
        answer = post(analyst, f"{PATH}/new", form(people, **{field: value}))
        assert answer.status_code == 422, field
        assert f'id="f-{field}-error"' in answer.get_data(as_text=True)


def test_expressions_that_are_too_much_only_together_are_refused(
    analyst: FlaskClient, people: dict[str, Member]
) -> None:
    words = [f"词{number}" for number in range(60)]
    answer = post(
        analyst,
        f"{PATH}/new",
        form(people, expression=" OR ".join(words), excludes=" OR ".join(f"外{w}" for w in words)),
    )
    assert answer.status_code == 422
    assert "合起来超出了上限" in answer.get_data(as_text=True)


def test_second_topic_of_a_name_is_refused(analyst: FlaskClient, people: dict[str, Member]) -> None:
    make(analyst, people)
    answer = post(analyst, f"{PATH}/new", form(people))
    assert answer.status_code == 422
    assert "已有名为“欠薪”的专题" in answer.get_data(as_text=True)


def test_search_becomes_an_expression_and_says_what_is_left_out(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    content.post(Post())
    with sessions() as session:
        source = session.scalars(select(Source.id)).one()
    page = text(
        analyst,
        f"{PATH}/new?expression=欠薪 OR 讨薪&platform=论坛&polarity=negative&topic=wage_arrears"
        f"&relevant=yes&range=7d&sort=hottest&source={source}",
    )
    typed = "(欠薪 OR 讨薪) AND 平台:论坛 AND 情感:负面 AND 主题:欠薪与工资支付 AND 涉工:是"
    assert f"{typed}</textarea>" in page
    assert "没有带入的检索条件：时间（近 7 天）" in page
    assert f'value="{source}" checked' in page


def test_template_fills_the_form(analyst: FlaskClient) -> None:
    assert '<option value="">请选择</option>' in text(analyst, f"{PATH}/new")
    page = text(analyst, PATH)
    assert "还没有专题" in page
    key = re.search(rf'href="{PATH}/new\?template=([a-z_]+)"', page)
    assert key is not None
    assert "<textarea" in text(analyst, f"{PATH}/new?template={key[1]}")


def test_only_the_owner_and_a_leader_change_a_topic(
    console_app: Flask, analyst: FlaskClient, people: dict[str, Member]
) -> None:
    address = make(analyst, people)
    officer = browser(console_app, "wangmin")
    changed = form(people, expression="讨薪", as_of_version="1")
    assert officer.get(f"{address}/edit").status_code == 403
    for action in ("edit", "archive"):
        assert post(officer, f"{address}/{action}", changed).status_code == 403
    assert "退订" not in text(officer, address)
    assert post(officer, f"{address}/subscribe").status_code == 303
    assert "退订" in text(officer, address)
    assert "王敏" in text(officer, address)
    assert post(browser(console_app, "zhoulan"), f"{address}/edit", changed).status_code == 303
    assert "第 2 版" in text(analyst, address)


def test_others_see_nothing(
    console_app: Flask, analyst: FlaskClient, people: dict[str, Member]
) -> None:
    address = make(analyst, people)
    for login in ("outsider", "chenjing", "auditor", "admin"):
        stranger = browser(console_app, login)
        for path in (PATH, address, f"{address}/edit", f"{PATH}/new"):
            assert stranger.get(path).status_code == 403
        for action in ("subscribe", "unsubscribe", "archive", "restore", "delete", "edit"):
            assert post(stranger, f"{address}/{action}").status_code == 403


def test_editor_reads_and_follows_but_makes_none(
    console_app: Flask, analyst: FlaskClient, people: dict[str, Member]
) -> None:
    address = make(analyst, people)
    editor = browser(console_app, "lixiang")
    assert "新建专题" not in text(editor, PATH)
    assert post(editor, f"{PATH}/new", form(people, name="别的")).status_code == 403
    assert post(editor, f"{address}/subscribe").status_code == 303


def test_older_version_is_not_saved_over_a_newer_one_and_keeps_what_was_typed(
    console_app: Flask, analyst: FlaskClient, people: dict[str, Member]
) -> None:
    address = make(analyst, people)
    leader = browser(console_app, "zhoulan")
    newer = form(people, expression="欠薪 OR 讨薪", as_of_version="1")
    assert post(leader, f"{address}/edit", newer).status_code == 303
    mine = form(people, expression="欠薪 OR 拖欠工资", as_of_version="1")
    answer = post(analyst, f"{address}/edit", mine)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "已有新版本（第 2 版）" in page
    assert "欠薪 OR 拖欠工资</textarea>" in page
    assert post(analyst, f"{address}/edit", mine | {"as_of_version": "2"}).status_code == 303


def test_changes_are_recorded_with_what_was_and_what_for(
    analyst: FlaskClient, people: dict[str, Member], sessions: Sessions
) -> None:
    address = make(analyst, people)
    post(analyst, f"{address}/edit", form(people, excludes="招聘", as_of_version="1"))
    with sessions() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "standing_topic.edited")
        ).one()
    before, after = entry.detail["before"], entry.detail["after"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (before["excludes"], after["excludes"]) == ("", "招聘")
    assert after["purpose"] == PURPOSE
    page = text(analyst, address)
    assert "<del>（空）</del> → <ins>招聘</ins>" in page


def test_topic_is_archived_and_restored_but_never_deleted(
    analyst: FlaskClient, people: dict[str, Member], sessions: Sessions
) -> None:
    address = make(analyst, people)
    answer = post(analyst, f"{address}/delete")
    assert answer.status_code == 409
    assert "请用“归档”" in answer.get_data(as_text=True)
    assert post(analyst, f"{address}/archive").status_code == 303
    assert post(analyst, f"{address}/archive").status_code == 409
    assert "topic-cards" not in text(analyst, PATH)
    assert "恢复" in text(analyst, f"{PATH}?tab=archived")
    late = post(analyst, f"{address}/edit", form(people, as_of_version="1"))
    assert late.status_code == 409
    assert "先恢复" in late.get_data(as_text=True)
    assert post(analyst, f"{address}/restore").status_code == 303
    assert "topic-cards" in text(analyst, PATH)
    with sessions() as session:
        actions = set(session.scalars(select(AuditEntry.action)))
    assert {"standing_topic.archived", "standing_topic.restored"} <= actions


def test_topic_of_some_sources_counts_those_alone(
    analyst: FlaskClient, content: Content, people: dict[str, Member], sessions: Sessions
) -> None:
    content.posts([Post(title="欠薪一"), Post(title="欠薪二", source="河湾日报", platform="网站")])
    with sessions() as session:
        source = session.scalars(select(Source.id).where(Source.name == "河湾日报")).one()
    address = make(analyst, people, sources=str(source))
    assert "近 7 天 1 条" in card(text(analyst, PATH), "欠薪")
    page = text(analyst, address)
    assert "河湾日报" in page
    assert "欠薪</mark>一" not in page
    opened = re.search(r'href="(/documents\?q=[^"]+)">在检索中打开', page)
    assert opened is not None
    assert "共 1 条" in text(analyst, opened[1].replace("&amp;", "&"))


def test_page_says_what_the_definition_means_and_logs_that_posts_were_read(
    analyst: FlaskClient, content: Content, people: dict[str, Member], sessions: Sessions
) -> None:
    content.post(Post(title="<b>欠薪</b>"))
    page = text(analyst, make(analyst, people, excludes="招聘"))
    assert "标题或正文含“欠薪”，且不是（标题或正文含“招聘”）" in page
    assert "&lt;b&gt;<mark>欠薪</mark>&lt;/b&gt;" in page
    with sessions() as session:
        read = session.scalars(select(AuditEntry).where(AuditEntry.action == "document.read")).one()
        assert read.object_type == "standing_topic"
        assert session.scalars(select(StandingTopicReader.seen_at)).one() is not None


def test_expression_that_can_no_longer_be_read_leaves_the_other_cards(
    analyst: FlaskClient, content: Content, people: dict[str, Member], sessions: Sessions
) -> None:
    content.post(Post())
    broken, _ = make(analyst, people, name="读不懂"), make(analyst, people)
    with sessions.begin() as session:
        topic = session.get_one(StandingTopic, int(broken.rpartition("/")[2]))
        topic.expression = "{没有这个组}"
    page = text(analyst, PATH)
    assert "表达式现在读不懂" in card(page, "读不懂")
    assert "近 7 天 1 条" in card(page, "欠薪")
    assert "表达式现在读不懂" in text(analyst, broken)


def test_missing_topic_is_404(analyst: FlaskClient) -> None:
    assert analyst.get(f"{PATH}/99").status_code == 404
    assert post(analyst, f"{PATH}/99/subscribe").status_code == 404


def test_overview_shows_what_is_new_in_the_topics_one_follows(
    console_app: Flask,
    analyst: FlaskClient,
    content: Content,
    people: dict[str, Member],
    clock: FakeClock,
) -> None:
    make(analyst, people)
    clock.advance(dt.timedelta(minutes=1))
    content.post(Post(hours_ago=0))
    clock.advance(dt.timedelta(minutes=1))
    assert "我关注的专题" in text(analyst, "/")
    block = analyst.get("/?part=topics", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "新 1 条" in block
    assert "近 7 天 1 条" in block
    other = browser(console_app, "zhoulan")
    assert "还没有关注的专题" in other.get(
        "/?part=topics", headers={"HX-Request": "true"}
    ).get_data(as_text=True)
    reviewer = browser(console_app, "chenjing")
    assert "我关注的专题" not in text(reviewer, "/")


def test_api_makes_changes_and_counts_topics_as_the_pages_do(
    analyst: FlaskClient, content: Content, people: dict[str, Member], sessions: Sessions
) -> None:
    content.post(Post())
    digest = hashlib.sha256(b"a-token").digest()
    with sessions.begin() as session:
        session.add(APIToken(person_id=people["sunyue"].id, name="测试", token_hash=digest))
    headers = {"Authorization": "Bearer a-token"}
    client, api = analyst.application.test_client(), f"/api/v1{PATH}"
    body = {"name": "欠薪", "expression": "欠薪", "purpose": PURPOSE}
    made = client.post(api, json=body, headers=headers).get_json()
    assert made["owner_id"] == str(people["sunyue"].id)
    assert made["figures"]["documents"] == 1
    assert made["source_ids"] == []
    path = f"{api}/{made['id']}"
    assert client.patch(path, json={"excludes": "("}, headers=headers).status_code == 422
    late = client.patch(path, json={"excludes": "招聘", "version": 7}, headers=headers)
    assert late.status_code == 409
    changed = client.patch(path, json={"excludes": "工友", "version": 1}, headers=headers)
    assert changed.get_json()["version"] == 2
    assert changed.get_json()["figures"]["documents"] == 0
    assert client.delete(path, headers=headers).status_code == 409
    assert client.post(f"{path}/archive", headers=headers).get_json()["archived_at"]
    assert client.get(api, headers=headers).get_json()["items"] == []
    assert client.get(f"{api}?tab=archived", headers=headers).get_json()["total"] == 1
    assert client.post(f"{path}/restore", headers=headers).get_json()["archived_at"] is None
    assert client.post(f"{path}/unsubscribe", headers=headers).get_json()["subscribers"] == 0
    assert client.post(f"{path}/subscribe", headers=headers).get_json()["subscribers"] == 1
    assert client.get(f"{api}/99", headers=headers).status_code == 404
    assert client.get(f"{api}?tab=x", headers=headers).status_code == 422


def test_while_the_engine_is_away_topics_are_shown_and_nothing_counts_as_seen(
    console_app: Flask,
    analyst: FlaskClient,
    content: Content,
    people: dict[str, Member],
    sessions: Sessions,
) -> None:
    address = make(analyst, people)
    away = ElasticsearchSearch("http://127.0.0.1:9", timeout_s=1)
    console_app.extensions[EXTENSION] = replace(content.console, reader=away)
    page = text(analyst, PATH)
    assert "检索引擎暂时没有应答" in page
    assert "负责人 孙越" in card(page, "欠薪")
    whole = text(analyst, address)
    assert "检索引擎暂时没有应答" in whole
    assert "<code>欠薪</code>" in whole
    assert "检索引擎暂时没有应答" in analyst.get(
        "/?part=topics", headers={"HX-Request": "true"}
    ).get_data(as_text=True)
    with sessions() as session:
        assert session.scalars(select(StandingTopicReader.seen_at)).all() == [None]


def test_cards_that_the_page_does_not_wait_for_are_counted_one_by_one(
    analyst: FlaskClient, content: Content, people: dict[str, Member]
) -> None:
    content.post(Post())
    address = make(analyst, people)
    row = list_topics_of(content, people)[0]
    parse = RuleLanguage().parse
    left = figures(content.console.reader, [row], parse=parse, now=content.now, patience_s=-1)
    assert (left.by_topic, left.unreadable, left.is_available) == ({}, {}, True)
    shown = text(analyst, f"{address}/card")
    assert "近 7 天 1 条" in card(shown, "欠薪")
    assert "<html" not in shown
