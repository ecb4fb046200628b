"""热点事件 and 事件页 in the console: what they show, what people may do there, and who."""

import datetime as dt
import json
import re
from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.database.models.alerting import Alert
from core.database.models.operations import AuditEntry
from core.database.models.understanding import (
    Event,
    EventEntry,
    EventStatus,
    Story,
    StoryRelation,
)
from core.database.sessions import Sessions
from tests.events import HOUR, EventDraft, Told, add_event
from tests.webui.conftest import Member, post, sign_in
from tests.webui.content import Content, Post

FRAGMENT = {"HX-Request": "true"}
COPIES = (StoryRelation.REPRINT, StoryRelation.REWRITE, StoryRelation.EXACT)
PAIR = (Told(hours_ago=3), Told(title="另一位工友也来作证", hours_ago=2))


def made(content: Content, draft: EventDraft | None = None, stories: Sequence[Told] = PAIR) -> int:
    with content.console.sessions.begin() as session:
        return add_event(session, draft or EventDraft(), stories, content.now)


def text(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def event(sessions: Sessions, id_: int) -> Event:
    with sessions() as session:
        return session.get_one(Event, id_)


def seen(sessions: Sessions, *ids: int) -> list[str]:
    return [f"{id_}:{event(sessions, id_).version}" for id_ in ids]


def audited(sessions: Sessions, id_: int) -> list[str]:
    with sessions() as session:
        found = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.object_type == "event", AuditEntry.object_id == str(id_))
            .order_by(AuditEntry.id)
        )
        return [action for action in found if action != "document.read"]


# The list


def test_row_says_state_heat_with_band_change_and_first_publisher(
    analyst: FlaskClient, content: Content
) -> None:
    made(content, stories=[Told(hours_ago=9, outlet="河湾日报"), *PAIR])
    page = text(analyst, "/events")
    assert "共 1 件" in page
    for words in ("升温", "52", "46–57", "+12.0", "河湾日报", "&lt;5 篇", "3 条，3 篇稿件"):
        assert words in page, words
    assert "近 3 天每 6 小时：" in page


def test_share_of_negative_documents_shows_from_five_on(
    analyst: FlaskClient, content: Content
) -> None:
    made(content, stories=[Told(), Told(), Told(), Told(polarity="positive"), Told()])
    assert "80%" in text(analyst, "/events")


def test_single_documents_wait_behind_the_threshold(analyst: FlaskClient, content: Content) -> None:
    made(content, EventDraft(title="只有一条"), [Told()])
    page = text(analyst, "/events")
    assert "没有达到阈值的事件" in page
    assert 'href="/events?least=1"' in page
    assert "只有一条" in text(analyst, "/events?least=1")


def test_filters_stay_in_the_address_and_can_be_dropped(
    analyst: FlaskClient, content: Content
) -> None:
    made(content)
    made(content, EventDraft(title="另一件", topics=("work_injury",), hotness=5))
    page = text(analyst, "/events?topic=wage_arrears&heat=middle&period=24h&sort=latest")
    assert "河湾工地欠薪" in page
    assert "另一件" not in page
    assert 'aria-label="去掉条件：主题：欠薪与工资支付"' in page
    assert 'name="topic" value="wage_arrears"' in page
    empty = text(analyst, "/events?region=110000")
    assert "没有符合全部条件的事件" in empty
    assert "清除筛选" in empty


def test_what_the_address_says_wrongly_is_left_out(analyst: FlaskClient, content: Content) -> None:
    made(content)
    for query in (
        "status=x&heat=y&negative=z&owner=abc&least=-1&sort=q&page=0",
        "page=99999999999999999999",
        "q=%25%27%22%3Cscript%3E",
        "topic=&region=%00x",
    ):
        answer = analyst.get(f"/events?{query}")
        assert answer.status_code == (400 if "%00" in query else 200), query
        assert "<script>" not in answer.get_data(as_text=True)


def test_tabs_count_every_state_and_the_fragment_is_the_list_alone(
    analyst: FlaskClient, content: Content
) -> None:
    made(content)
    made(content, EventDraft(title="了结的", status=EventStatus.CLOSED, outcome="已付清"))
    answer = analyst.get("/events?status=closed", headers=FRAGMENT)
    page = answer.get_data(as_text=True)
    assert "<html" not in page
    assert "HX-Request" in answer.headers["Vary"]
    assert "了结的" in page
    assert "已付清" in page
    assert "河湾工地欠薪" not in page


def test_pages_go_on_where_the_last_ended(analyst: FlaskClient, content: Content) -> None:
    with content.console.sessions.begin() as session:
        for number in range(27):
            add_event(
                session,
                EventDraft(title=f"第{number:02}件", hotness=50 - number),
                PAIR,
                content.now,
            )
    first, second = text(analyst, "/events"), text(analyst, "/events?page=2")
    assert "第 1 至 25 件，共 27 件" in first
    assert "第 26 至 27 件，共 27 件" in second
    assert "第24件" in first
    assert "第25件" in second
    assert "回到第一页" in text(analyst, "/events?page=3")


# The page of one event


def test_page_explains_its_figures(analyst: FlaskClient, content: Content) -> None:
    id_ = made(content, stories=[Told(hours_ago=30, copies=COPIES), *PAIR])
    page = text(analyst, f"/events/{id_}")
    assert "热度怎么算" in page
    assert "热度 = 100 × ln(1 + X ÷ 0.01) ÷ ln(101)" in page
    assert "八成可能在 46.0 至 57.0" in page
    assert "未来 24 小时预计 14 条，八成可能在 6 至 24 条之间" in page
    assert "此前 40 次预测中 33 次落在区间内" in page
    assert "摘自原文" in page
    assert "author" not in page
    assert "首次发布：河湾论坛" in page
    found = re.search(r'id="event-trend-data">(.*?)</script>', page)
    assert found is not None
    chart = json.loads(found[1])
    assert len(chart["expected"]) == 24
    assert len(chart["labels"]) == len(chart["negative"]) + 24
    assert [mark["text"] for mark in chart["marks"]] == ["首发"]


def test_summary_by_a_model_is_labelled_and_cites(analyst: FlaskClient, content: Content) -> None:
    detail: dict[str, object] = {
        "summary": {
            "origin": "model", "label": "模型摘要", "model": "小模型", "note": None,
            "sentences": [{"text": "四十人被欠薪。", "document_ids": ["7", "9"]}],
        }
    }  # fmt: skip
    page = text(analyst, f"/events/{made(content, EventDraft(detail=detail))}")
    assert "模型摘要（小模型）" in page
    assert 'href="/documents/9"' in page
    assert "摘自原文" not in page


def test_spread_shows_copies_by_relation_as_table_and_as_graph(
    analyst: FlaskClient, content: Content
) -> None:
    id_ = made(content, stories=[Told(copies=COPIES), Told(title="独立的一篇")])
    page = text(analyst, f"/events/{id_}")
    assert "2 篇稿件，转载和改写 3 篇" in page
    assert "3 篇转载和改写" in page
    assert "相似 " in page
    answer = analyst.get(f"/events/{id_}?spread=graph", headers=FRAGMENT)
    graph = answer.get_data(as_text=True)
    assert '<svg class="spread-graph"' in graph
    assert 'role="img"' in graph
    assert graph.count('class="edge') == 3
    assert "<html" not in graph
    assert "style=" not in graph


def test_breakdown_of_few_authors_gives_no_number(analyst: FlaskClient, content: Content) -> None:
    many = [Told(author=f"作者{number}") for number in range(6)]
    few = [Told(author="同一人", polarity="positive", appeal="希望尽快付清工资。")] * 7
    page = text(analyst, f"/events/{made(content, stories=[*many, *few])}")
    section = page.partition('aria-label="情感"')[2].partition("</section>")[0]
    assert "6 条，46%" in section
    assert "&lt;5" in section.partition("正面")[2]
    appeals = page.partition('aria-label="主要诉求"')[2].partition("</section>")[0]
    assert "&lt;5 条" in appeals
    assert "希望尽快付清工资。" in appeals


def test_similar_past_event_tells_how_it_ended(analyst: FlaskClient, content: Content) -> None:
    past = EventDraft(
        title="去年的欠薪", status=EventStatus.CLOSED, outcome="分两批补发，涉及 62 人。",
        closed_at=content.now - 400 * HOUR,
    )  # fmt: skip
    made(content, past, [Told(hours_ago=500)])
    page = text(analyst, f"/events/{made(content)}")
    similar = page.partition('aria-label="相似历史事件"')[2]
    assert "去年的欠薪" in similar
    assert "结果：分两批补发，涉及 62 人。" in similar


def test_alert_of_the_event_is_a_node_and_a_link(
    client: FlaskClient, content: Content, sessions: Sessions
) -> None:
    content.install_duty("wangmin")
    content.rule()
    content.post(Post())
    content.evaluate()
    id_, alert = made(content), content.alert()
    with sessions.begin() as session:
        session.get_one(Alert, alert.id).event_id = id_
    sign_in(client, "wangmin")
    assert f"红色预警 {alert.number}" in text(client, f"/events/{id_}")
    assert f'href="/events/{id_}"' in text(client, f"/alerts/{alert.id}")


def test_document_links_to_its_event(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    first = event(sessions, id_).first_document_id
    page = text(analyst, f"/documents/{first}")
    assert f'href="/events/{id_}"' in page
    assert "河湾工地欠薪" in page


def test_reading_the_page_is_logged_once(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    text(analyst, f"/events/{id_}")
    with sessions() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "document.read"))
    assert (entry.object_type, entry.object_id) == ("event", str(id_))


def test_unknown_event_answers_in_plain_words(analyst: FlaskClient) -> None:
    assert "找不到这个事件" in text(analyst, "/events/999", 404)
    assert "找不到" in text(analyst, "/events/99999999999999999999", 404)


# What people do


def test_own_assign_note_rename(
    analyst: FlaskClient, content: Content, sessions: Sessions, people: dict[str, Member]
) -> None:
    id_ = made(content)

    def act(action: str, **form: object) -> int:
        form["version"] = event(sessions, id_).version
        return post(analyst, f"/events/{id_}/{action}", form).status_code

    assert act("own") == 303
    assert event(sessions, id_).owner_id == people["sunyue"].id
    assert act("assign", person=people["wangmin"].id) == 303
    assert event(sessions, id_).owner_id == people["wangmin"].id
    assert act("assign", person="") == 303
    assert event(sessions, id_).owner_id is None
    assert act("note", text="已请工会核实") == 303
    assert act("rename", title="新名字") == 303
    assert event(sessions, id_).title == "新名字"
    page = text(analyst, f"/events/{id_}")
    assert "已请工会核实" in page
    assert audited(sessions, id_) == ["event.assigned"] * 3 + ["event.noted", "event.renamed"]


def test_own_from_the_list_goes_back_to_it(
    analyst: FlaskClient, content: Content, sessions: Sessions, people: dict[str, Member]
) -> None:
    id_ = made(content)
    form = {"own": seen(sessions, id_)[0], "back": "/events?sort=latest"}
    answer = post(analyst, "/events/choose", form)
    assert answer.headers["Location"] == "/events?sort=latest"
    assert event(sessions, id_).owner_id == people["sunyue"].id
    away = post(analyst, "/events/choose", {"own": "x", "back": "//evil.example"})
    assert away.status_code in {303, 422}
    assert "evil" not in away.headers.get("Location", "")


def test_silenced_event_leaves_the_list_until_its_time(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    form = {
        "until": "2026-11-22T09:30",
        "reason": "重复旧闻",
        "version": event(sessions, id_).version,
    }
    assert post(analyst, f"/events/{id_}/silence", form).status_code == 303
    assert "河湾工地欠薪" not in text(analyst, "/events").partition("<main")[2]
    assert "河湾工地欠薪" in text(analyst, "/events?status=silenced")
    assert "已静默到 11-22 09:30（孙越）：重复旧闻" in text(analyst, f"/events/{id_}")
    again = {"version": event(sessions, id_).version}
    assert post(analyst, f"/events/{id_}/end-silence", again).status_code == 303
    assert "河湾工地欠薪" in text(analyst, "/events")


def test_incomplete_silence_keeps_what_was_typed(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    for until, reason, complaint in (
        ("2026-11-22T09:30", " ", "请写明静默的理由"),
        ("2026-11-20T09:30", "旧闻", "要在现在之后、90 天之内"),
        ("2029-11-20T09:30", "旧闻", "要在现在之后、90 天之内"),
        ("哪天", "旧闻", "请选择静默到什么时候"),
    ):
        form = {"until": until, "reason": reason, "version": 1}
        answer = post(analyst, f"/events/{id_}/silence", form)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert complaint in page
        assert "没有做任何改动" in page
        assert ("您写的内容还在：旧闻" in page) == bool(reason.strip())
    assert event(sessions, id_).silenced_until is None


def test_close_needs_an_outcome_and_reopens(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    bare = post(analyst, f"/events/{id_}/close", {"version": 1, "outcome": ""})
    assert bare.status_code == 422
    form = {"version": event(sessions, id_).version, "outcome": "分两批补发，涉及 40 人"}
    assert post(analyst, f"/events/{id_}/close", form).status_code == 303
    assert event(sessions, id_).status == EventStatus.CLOSED
    assert "分两批补发，涉及 40 人" in text(analyst, f"/events/{id_}")
    again = {"version": event(sessions, id_).version}
    assert post(analyst, f"/events/{id_}/reopen", again).status_code == 303
    assert event(sessions, id_).outcome is None


def test_stale_button_changes_nothing_and_says_so(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    form = {
        "version": 77,
        "until": "2026-11-22T09:30",
        "reason": "旧闻",
        "outcome": "好",
        "title": "新",
    }
    for action in ("own", "silence", "end-silence", "close", "rename", "assign"):
        answer = post(analyst, f"/events/{id_}/{action}", form)
        assert answer.status_code == 409, action
        assert "刚被别人改动过" in answer.get_data(as_text=True)
    now = event(sessions, id_)
    assert (now.version, now.title, now.owner_id) == (1, "河湾工地欠薪", None)
    assert audited(sessions, id_) == []


# Merging and splitting


def test_merge_says_what_will_happen_then_does_it_and_can_be_undone(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    small, large = made(content), made(content, EventDraft(title="大的"), [Told(copies=COPIES)])
    chosen = post(analyst, "/events/choose", {"deed": "merge", "event": [small, large]})
    page = text(analyst, chosen.headers["Location"])
    assert "将要合并 2 件事件" in page
    assert re.search(rf'value="{large}" checked', page)
    assert "合并后会怎样" in page
    form = {"kept": large, "seen": seen(sessions, small, large)}
    done = post(analyst, "/events/merge", form)
    assert done.headers["Location"] == f"/events/{large}"
    moved = analyst.get(f"/events/{small}", follow_redirects=True)
    assert moved.request.path == f"/events/{large}"
    assert "已并入本事件" in moved.get_data(as_text=True)
    with sessions() as session:
        assert set(session.scalars(select(Story.event_id))) == {large}
    undo = re.search(rf"/events/{large}/undo/(\d+)", moved.get_data(as_text=True))
    assert undo is not None
    assert post(analyst, undo[0], {"version": 1}).status_code == 303
    assert event(sessions, small).merged_into_id is None
    assert "event.merged" in audited(sessions, small)


def test_merge_from_the_page_of_one_event_offers_others(
    analyst: FlaskClient, content: Content
) -> None:
    one, other = made(content), made(content, EventDraft(title="相近的一件"))
    made(content, EventDraft(title="别的主题", topics=("work_injury",)))
    page = text(analyst, f"/events/merge?event={one}")
    assert f'href="/events/merge?event={one}&amp;event={other}"' in page
    assert "别的主题" not in page
    assert "别的主题" in text(analyst, f"/events/merge?event={one}&q=别的")
    assert text(analyst, "/events/merge", 404)


def test_too_few_ticks_lead_back_with_a_word(analyst: FlaskClient, content: Content) -> None:
    made(content)
    for deed in ("merge", "silence"):
        answer = post(analyst, "/events/choose", {"deed": deed, "event": []})
        assert answer.headers["Location"] == "/events"
        assert "没有做任何改动" in text(analyst, "/events")


def test_merge_with_a_stale_event_moves_nothing(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    one, other = made(content), made(content, EventDraft(title="另一件"))
    form = {"kept": one, "seen": [f"{one}:1", f"{other}:9"]}
    answer = post(analyst, "/events/merge", form)
    assert answer.status_code == 409
    assert "没有合并" in answer.get_data(as_text=True)
    assert event(sessions, other).merged_into_id is None
    alone = post(analyst, "/events/merge", {"kept": one, "seen": seen(sessions, one)})
    assert alone.status_code == 422


def test_split_moves_the_chosen_stories_to_a_new_event(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    with sessions() as session:
        stories = session.scalars(select(Story.id).order_by(Story.id)).all()
    page = text(analyst, f"/events/{id_}/split")
    assert "另一位工友也来作证" in page
    version = event(sessions, id_).version
    none = post(analyst, f"/events/{id_}/split", {"version": version})
    assert none.status_code == 422
    everything = post(analyst, f"/events/{id_}/split", {"version": version, "story": stories})
    assert everything.status_code == 409
    assert "不能为空" in everything.get_data(as_text=True)
    form = {"version": version, "story": stories[1], "title": "拆出来的"}
    done = post(analyst, f"/events/{id_}/split", form)
    assert done.status_code == 303
    new = int(done.headers["Location"].rpartition("/")[2])
    assert event(sessions, new).title == "拆出来的"
    with sessions() as session:
        assert session.get_one(Story, stories[1]).event_id == new
        assert session.get_one(Story, stories[0]).event_id == id_


def test_several_are_silenced_together_or_none(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    one, other = made(content), made(content, EventDraft(title="另一件"))
    chosen = post(analyst, "/events/choose", {"deed": "silence", "event": [one, other]})
    assert "将要静默 2 件事件" in text(analyst, chosen.headers["Location"])
    form = {"seen": [f"{one}:1", f"{other}:9"], "until": "2026-11-22T09:30", "reason": "旧闻"}
    assert post(analyst, "/events/silence", form).status_code == 409
    assert event(sessions, one).silenced_until is None
    bare = post(analyst, "/events/silence", {**form, "reason": ""})
    assert bare.status_code == 422
    assert "请写明静默的理由" in bare.get_data(as_text=True)
    form["seen"] = seen(sessions, one, other)
    assert post(analyst, "/events/silence", form).status_code == 303
    assert event(sessions, other).silenced_until == dt.datetime(2026, 11, 22, 1, 30, tzinfo=dt.UTC)


# Who may


READS = ("/events", "/events/1")
FORMS = ("/events/merge?event=1", "/events/1/split", "/events/silence?event=1")
DEEDS = (
    "choose", "merge", "silence", "1/own", "1/assign", "1/silence", "1/end-silence", "1/rename",
    "1/close", "1/reopen", "1/note", "1/split", "1/undo/1",
)  # fmt: skip


@pytest.mark.parametrize("login", ["outsider", "chenjing"])
def test_who_may_not_read_events_gets_nothing(
    client: FlaskClient, content: Content, login: str
) -> None:
    made(content)
    sign_in(client, login)
    for path in (*READS, *FORMS):
        assert client.get(path).status_code == 403, path
    assert 'href="/events"' not in text(client, "/profile", 403 if login == "outsider" else 200)


def test_editor_reads_but_does_not_act(
    client: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    sign_in(client, "lixiang")
    page = text(client, "/events") + text(client, f"/events/{id_}")
    assert ">认领" not in page
    assert 'name="event"' not in page
    for path in FORMS:
        assert client.get(path).status_code == 403, path
    for deed in DEEDS:
        assert post(client, f"/events/{deed}", {"version": 1}).status_code == 403, deed
    assert event(sessions, id_).version == 1


def test_no_deed_without_the_token_of_the_session(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    for deed in DEEDS:
        assert analyst.post(f"/events/{deed}", data={"version": 1}).status_code == 400, deed
    with sessions() as session:
        assert session.scalars(select(EventEntry)).all() == []
    assert event(sessions, id_).version == 1


# Elsewhere


def test_overview_lists_the_hottest_events(analyst: FlaskClient, content: Content) -> None:
    id_ = made(content)
    made(content, EventDraft(title="办结的", status=EventStatus.CLOSED, hotness=90))
    page = text(analyst, "/")
    block = page.partition('aria-label="热点事件"')[2].partition("</section>")[0]
    assert f'href="/events/{id_}"' in block
    assert "办结的" not in block


def test_api_lists_and_describes_events_without_authors(
    analyst: FlaskClient, content: Content, sessions: Sessions
) -> None:
    id_ = made(content)
    listed = analyst.get("/api/v1/events?topic=wage_arrears").get_json()
    assert listed["total"] == 1
    (line,) = listed["items"]
    assert line["id"] == str(id_)
    assert line["status"] == "rising"
    assert (line["hotness"], line["low"], line["high"]) == (52.0, 46.0, 57.0)
    assert line["negative_share"] is None
    whole = analyst.get(f"/api/v1/events/{id_}").get_json()
    assert whole["row"]["title"] == "河湾工地欠薪"
    assert whole["hotness"]["parts"][0]["platform"] == "论坛"
    assert whole["forecast"]["high"] == 24
    assert len(whole["stories"]) == 2
    assert "author" not in str(whole)
    merged = made(content)
    with sessions.begin() as session:
        session.get_one(Event, merged).merged_into_id = id_
    assert analyst.get(f"/api/v1/events/{merged}").get_json()["merged_into_id"] == str(id_)
    assert analyst.get("/api/v1/events/999").status_code == 404
    assert analyst.get("/api/v1/events?limit=0").status_code == 422


def test_api_pages_through_all_events_once(analyst: FlaskClient, content: Content) -> None:
    for number in range(5):
        made(content, EventDraft(title=f"第{number}件"))
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = analyst.get(f"/api/v1/events?limit=2&cursor={cursor}").get_json()
        ids += [line["id"] for line in page["items"]]
        cursor = page["cursor"]
    assert len(ids) == len(set(ids)) == 5
