"""Messages to an office: their state, the official reply as a document of its own, and what is awaited."""

from __future__ import annotations

import datetime as dt

import pytest

from core.claims import Claim
from core.database.models.collecting import Source
from core.errors import ExtractionError
from crawlers.intake import AnswerState
from crawlers.source import Harvest, PageLink
from crawlers.source_types import SOURCE_TYPES
from crawlers.visiting.schedule import revisit_at
from crawlers.visiting.visits import PageVisit, Validators
from tests.crawlers.parsing import NOW, page_of, parsed, parsed_linked, source_of

THREAD = "https://liuyan.example.com/t/7"
OPTIONS: dict[str, object] = {
    "text_selector": ".message .text", "time_selector": ".message .time", "state_selector": ".state",
    "reply_selector": ".reply", "reply_text_selector": ".text", "reply_time_selector": ".time",
    "reply_outlet_selector": ".office",
}  # fmt: skip
REPLY = (
    "<div class=reply><b class=office>河湾市人社局</b><i class=time>2026-11-20 17:00</i>"
    "<div class=text>您好！已责成施工单位本周内支付。</div></div>"
)


def thread(state: str, reply: str = "") -> str:
    return (
        "<html><head><title>拖欠工资三个月 - 留言板</title></head><body><h1>拖欠工资三个月</h1>"
        f"<span class=state>{state}</span><div class=message><i class=time>2026-11-18 09:00</i>"
        f"<div class=text>工地三个月没发工资。</div></div>{reply}</body></html>"
    )


def read(state: str, reply: str = "") -> Harvest:
    return parsed_linked("message_board", thread(state, reply), THREAD, **OPTIONS)


def test_a_message_and_its_official_reply_are_two_documents_of_one_thread() -> None:
    harvest = read("已回复", REPLY)
    opening, reply = harvest.documents
    assert harvest.is_thread
    assert not harvest.awaits_reply
    assert (opening.title, opening.text) == ("拖欠工资三个月", "工地三个月没发工资。")
    assert opening.answer_state is AnswerState.REPLIED
    assert opening.answered_at == dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    assert (reply.kind, reply.outlet) == ("official_reply", "河湾市人社局")
    assert reply.text == "您好！已责成施工单位本周内支付。"
    assert (reply.thread_url, reply.anchor) == (THREAD, "reply")


@pytest.mark.parametrize(
    ("state", "reply", "expected"),
    [
        ("待回复", "", AnswerState.PENDING),
        ("办理中", "", AnswerState.PENDING),
        ("未办结", "", AnswerState.PENDING),
        ("", "", AnswerState.PENDING),
        ("已 回 复", "", AnswerState.REPLIED),
        ("已办结", "", AnswerState.REPLIED),
        ("待回复", REPLY, AnswerState.REPLIED),
    ],
)
def test_the_state_is_read_from_words_and_above_all_from_the_reply(
    state: str, reply: str, expected: AnswerState
) -> None:
    harvest = read(state, reply)
    assert harvest.documents[0].answer_state is expected
    assert harvest.awaits_reply is (expected is AnswerState.PENDING)


def test_a_board_as_a_page_lists_its_messages() -> None:
    rows = "".join(f"<li><a href='/t/{n}0001'>关于拖欠工资的留言第{n}号</a><i>2026-11-2{n}</i></li>" for n in range(4))  # fmt: skip
    harvest = parsed(
        "message_board", f"<ul>{rows}</ul><a href='/l/2'>下一页</a>", **OPTIONS, pages=2
    )
    assert len(harvest.links) == 4
    assert [request.number for request in harvest.follow] == [2]


ITEM = {
    "id": 7,
    "title": "拖欠工资",
    "content": "三个月没发工资。",
    "time": "2026-11-18 09:00",
    "state": "待回复",
}
ANSWER = {
    "content": "<p>已责成支付。</p>",
    "time": "2026-11-20 17:00",
    "organization": "河湾市人社局",
}
TEMPLATE = "https://liuyan.example.com/t/{id}"


def test_a_board_as_an_interface_is_read_with_its_replies() -> None:
    answered = {**ITEM, "id": 8, "state": "已办结", "reply": ANSWER}
    harvest = parsed(
        "message_board", {"data": [ITEM, answered]}, format="json", url_template=TEMPLATE
    )
    pending, replied, reply = harvest.documents
    assert (pending.url, pending.answer_state) == (THREAD, AnswerState.PENDING)
    assert replied.answer_state is AnswerState.REPLIED
    assert reply.thread_url == replied.url == "https://liuyan.example.com/t/8"
    assert (reply.text, reply.outlet) == ("已责成支付。", "河湾市人社局")


def test_messages_of_an_interface_can_be_opened_one_by_one() -> None:
    options: dict[str, object] = {
        "format": "json", "url_template": TEMPLATE,
        "detail_url": "https://api.example.com/message?id={id}",
    }  # fmt: skip
    (link,) = parsed("message_board", {"data": {"list": [ITEM]}}, **options).links
    assert (link.url, link.title) == ("https://api.example.com/message?id=7", "拖欠工资")
    harvest = parsed_linked("message_board", {"data": ITEM}, link.url, **options)
    assert harvest.awaits_reply
    assert [document.url for document in harvest.documents] == [THREAD]
    with pytest.raises(ExtractionError, match="没有留言"):
        parsed_linked("message_board", {"data": {}}, link.url, **options)


def test_a_redesigned_board_says_so() -> None:
    source = source_of("message_board", THREAD, **OPTIONS)
    with pytest.raises(ExtractionError, match="没有选中留言正文"):
        SOURCE_TYPES.load("message_board")().parse_linked(page_of("<p>新版</p>"), source)


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (dt.timedelta(minutes=1), dt.timedelta(minutes=10)),
        (dt.timedelta(hours=8), dt.timedelta(hours=2)),
        (dt.timedelta(days=3), dt.timedelta(hours=18)),
        (dt.timedelta(days=40), dt.timedelta(days=1)),
        (dt.timedelta(days=61), None),
    ],
)
def test_an_unanswered_message_is_looked_at_ever_more_rarely_for_sixty_days(
    age: dt.timedelta, wait: dt.timedelta | None
) -> None:
    source = Source(kind="message_board", interval_s=600, options={})
    visit = PageVisit(
        Claim(1, "one", 1, 1), source_of("message_board"), THREAD, PageLink(THREAD), Validators(),
        NOW - age,
    )  # fmt: skip
    due_at = revisit_at(source, visit, NOW, awaits_reply=True)
    assert due_at == (None if wait is None else NOW + wait)
