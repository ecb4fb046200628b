"""内容日历 and 发布页: what is planned, what waits for somebody, and the buttons."""

import datetime as dt

import pytest
from flask import Flask

from core.clock import FakeClock
from core.crypto.author_hash import AuthorHasher
from core.database.models.media import Publication
from core.database.models.media import PublicationState as State
from core.outbound.address_policy import AddressPolicy
from crawlers.own_comments import CommentStore, find_source
from media_matrix.comments import CommentedPost
from media_matrix.publishers.comments import Comment, CommentMark
from tests.webui.conftest import Member, post
from tests.webui.newsroom import Newsroom
from webui.month import Month


@pytest.fixture
def newsroom(console_app: Flask, clock: FakeClock, people: dict[str, Member]) -> Newsroom:
    return Newsroom.open(console_app, clock, people)


def test_month_shows_what_is_planned_and_where_nothing_is(newsroom: Newsroom) -> None:
    newsroom.planned(newsroom.approved("夜校开课了", channels=["wechat"]))
    page = newsroom.browser("lixiang").get("/calendar").get_data(as_text=True)
    assert "2026 年 11 月" in page
    assert "11:30 微信 夜校开课了" in page
    assert "空档" in page


def test_posts_of_one_account_within_thirty_minutes_are_marked(newsroom: Newsroom) -> None:
    newsroom.planned(newsroom.approved("夜校开课了", channels=["feed"]))
    newsroom.planned(
        newsroom.approved("技能大赛", channels=["feed"]), after=dt.timedelta(minutes=140)
    )
    page = newsroom.browser("lixiang").get("/calendar").get_data(as_text=True)
    assert "2 篇相隔太近" in page
    assert "同一账号相隔不到 30 分钟" in page


def test_channel_filter_keeps_only_that_channel(newsroom: Newsroom) -> None:
    newsroom.planned(newsroom.approved("夜校开课了", channels=["wechat"]))
    newsroom.planned(newsroom.approved("技能大赛", channels=["feed"]))
    fragment = newsroom.browser("lixiang").get(
        "/calendar?channel=feed", headers={"HX-Request": "true"}
    )
    text = fragment.get_data(as_text=True)
    assert "<html" not in text
    assert "技能大赛" in text
    assert "夜校开课了" not in text


def test_texts_without_a_plan_wait_beside_the_calendar(newsroom: Newsroom) -> None:
    newsroom.approved("带薪年休假怎么算")
    page = newsroom.browser("lixiang").get("/calendar").get_data(as_text=True)
    assert "已通过，还没有排期" in page
    assert "带薪年休假怎么算" in page


@pytest.mark.parametrize(
    ("state", "reason", "button"),
    [
        (State.MISSED, "zhisheng:missed", "现在重发"),
        (State.UNKNOWN, "zhisheng:outcome_unknown", "到平台核对"),
        (State.NEEDS_HUMAN, "zhisheng:cannot_tell", "人工确认"),
    ],
)
def test_what_waits_for_a_person_stands_on_top_with_its_action(
    newsroom: Newsroom, state: State, reason: str, button: str
) -> None:
    newsroom.planned(newsroom.approved(channels=["feed"]), state=state, reason=reason)
    page = newsroom.browser("lixiang").get("/calendar").get_data(as_text=True)
    assert page.index("等人处理") < page.index("2026 年 11 月")
    assert button in page


def test_who_may_only_look_gets_no_buttons(newsroom: Newsroom) -> None:
    newsroom.planned(newsroom.approved(channels=["feed"]), state=State.MISSED)
    page = newsroom.browser("sunyue").get("/calendar").get_data(as_text=True)
    assert "错过时间" in page
    assert "现在重发" not in page


def test_reschedule_moves_the_post(newsroom: Newsroom) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["feed"]))
    answer = post(
        newsroom.browser("lixiang"),
        f"/publications/{item}/reschedule",
        {"planned_at": "2026-11-22T18:30"},
    )
    assert answer.status_code == 303
    assert newsroom.publication(item).planned_at == dt.datetime(2026, 11, 22, 10, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize("given", ["2026-11-20T18:30", "", "明天下午"])
def test_time_in_the_past_or_none_is_refused_beside_the_field(
    newsroom: Newsroom, given: str
) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["feed"]))
    before = newsroom.publication(item).planned_at
    answer = post(
        newsroom.browser("lixiang"), f"/publications/{item}/reschedule", {"planned_at": given}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="f-planned_at-error"' in page
    assert newsroom.publication(item).planned_at == before


def test_retry_while_the_outcome_is_unknown_is_a_conflict(newsroom: Newsroom) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["feed"]), state=State.UNKNOWN)
    answer = post(newsroom.browser("lixiang"), f"/publications/{item}/retry")
    assert answer.status_code == 409
    assert "到平台核对" in answer.get_data(as_text=True)
    assert newsroom.publication(item).state == State.UNKNOWN


def test_missed_post_is_sent_again_or_cancelled(newsroom: Newsroom) -> None:
    again, away = newsroom.planned(newsroom.approved(), state=State.MISSED)
    editor = newsroom.browser("lixiang")
    assert (
        post(editor, f"/publications/{again}/retry", {"back": "calendar"}).location == "/calendar"
    )
    assert post(editor, f"/publications/{away}/cancel", {"reason": "过时"}).status_code == 303
    assert newsroom.publication(again).state == State.SCHEDULED
    assert newsroom.publication(away).state == State.CANCELLED


def test_platform_is_asked_about_a_doubtful_post(newsroom: Newsroom) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["feed"]), state=State.UNKNOWN)
    assert post(newsroom.browser("lixiang"), f"/publications/{item}/check").status_code == 303
    assert newsroom.publication(item).due_at == newsroom.clock.now()


@pytest.mark.parametrize(
    ("form", "state"),
    [
        ({"outcome": "published", "url": "https://v.example/1"}, State.PUBLISHED),
        ({"outcome": "absent", "url": ""}, State.FAILED_FINAL),
    ],
)
def test_person_settles_what_the_platform_would_not_say(
    newsroom: Newsroom, form: dict[str, str], state: State
) -> None:
    (item,) = newsroom.planned(
        newsroom.approved(channels=["manual"]),
        state=State.NEEDS_HUMAN,
        reason="zhisheng:manual_task",
    )
    editor = newsroom.browser("lixiang")
    assert "打开地图搜索" in editor.get(f"/publications/{item}").get_data(as_text=True)
    assert post(editor, f"/publications/{item}/settle", form).status_code == 303
    assert newsroom.publication(item).state == state


def test_withdrawing_needs_a_reason_and_takes_the_article_off_the_feed(
    newsroom: Newsroom,
) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["feed"]), state=State.PUBLISHED)
    editor = newsroom.browser("lixiang")
    assert post(editor, f"/publications/{item}/withdraw", {"reason": " "}).status_code == 422
    assert newsroom.publication(item).state == State.PUBLISHED
    assert post(editor, f"/publications/{item}/withdraw", {"reason": "数据有误"}).status_code == 303


def test_a_post_says_what_came_in_below_it_or_why_nothing_could_be_read(newsroom: Newsroom) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["weibo"]), state=State.PUBLISHED)
    editor, account_id = newsroom.browser("lixiang"), newsroom.accounts["weibo"]
    assert "评论没有读到" not in editor.get(f"/publications/{item}").get_data(as_text=True)
    store = CommentStore(AuthorHasher(newsroom.sessions, newsroom.keyring), AddressPolicy())
    post_of_ours = CommentedPost(account_id, "总工会", "weibo", "新浪微博", "https://weibo.com/1/A")
    with newsroom.sessions.begin() as session:
        publication = session.get_one(Publication, item)
        publication.url = post_of_ours.url
        publication.comments_mark = CommentMark().failed("weibo:20101").stored()
        comments = [Comment("7", "钱还没到账"), Comment("8", "谢谢工会")]
        store.take_in(session, post_of_ours, comments, newsroom.clock.now())
        found = find_source(session, account_id)
        assert found is not None
        address = f"/documents?source={found.id}"
    page = editor.get(f"/publications/{item}").get_data(as_text=True)
    assert "收到评论 2 条" in page
    assert address in page
    assert "评论没有读到" in page


ACTIONS = ("reschedule", "retry", "check", "settle", "cancel", "withdraw")


@pytest.mark.parametrize("login", ["outsider", "chenjing", "sunyue", "auditor"])
def test_only_editors_act_on_publications(newsroom: Newsroom, login: str) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["feed"]))
    browser = newsroom.browser(login)
    answers = [post(browser, f"/publications/{item}/{action}") for action in ACTIONS]
    assert [answer.status_code for answer in answers] == [403] * len(ACTIONS)
    assert newsroom.publication(item).state == State.SCHEDULED


def test_publication_action_without_the_token_is_refused(newsroom: Newsroom) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["feed"]))
    editor = newsroom.browser("lixiang")
    answers = [editor.post(f"/publications/{item}/{action}") for action in ACTIONS]
    assert [answer.status_code for answer in answers] == [400] * len(ACTIONS)
    assert newsroom.publication(item).state == State.SCHEDULED


@pytest.mark.parametrize("login", ["outsider", "auditor", "wangmin"])
def test_pages_are_closed_to_other_roles(newsroom: Newsroom, login: str) -> None:
    (item,) = newsroom.planned(newsroom.approved(channels=["feed"]))
    browser = newsroom.browser(login)
    assert browser.get("/calendar").status_code == 403
    assert browser.get(f"/publications/{item}").status_code == 403


def test_unknown_publication_is_not_found(newsroom: Newsroom) -> None:
    assert newsroom.browser("lixiang").get("/publications/99999").status_code == 404


@pytest.mark.parametrize("text", ["", "2026-13", "x", "0000-01", "2026-1-1"])
def test_month_that_is_none_means_this_one(text: str) -> None:
    assert Month.parse(text, Month(2026, 11)) == Month(2026, 11)


def test_months_step_over_the_turn_of_the_year() -> None:
    assert Month(2026, 12).moved(1) == Month(2027, 1)
    assert Month(2026, 1).moved(-1) == Month(2025, 12)
    assert Month(2026, 11).starts_at == dt.datetime(2026, 10, 31, 16, tzinfo=dt.UTC)
