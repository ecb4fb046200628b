"""Threads of several pages: where a visit goes on, which replies are the same, and what is no reply."""

from __future__ import annotations

import pytest

from core.errors import ExtractionError
from crawlers.source import Cursor, Harvest
from crawlers.source_types import SOURCE_TYPES
from tests.crawlers.parsing import page_of, source_of

THREAD = "https://bbs.example.com/t/1"


def post(text: str, *, name: str = "", floor: str = "") -> str:
    return f"<div class=post {name}><b class=author>甲</b><i class=floor>{floor}</i><div class=text>{text}</div></div>"


def read(
    posts: str,
    *,
    number: int = 1,
    cursor: Cursor | None = None,
    more: bool = False,
    **options: object,
) -> Harvest:
    following = f"<a href='{THREAD}?page={number + 1}'>下一页</a>" if more else ""
    body = f"<html><head><title>三个月没发工资</title></head><body>{posts}{following}</body></html>"
    url = THREAD if number == 1 else f"{THREAD}?page={number}"
    page = page_of(body, url, number=number, cursor=cursor)
    object.__setattr__(page, "first_url", THREAD)
    return SOURCE_TYPES.load("forum")().parse_linked(page, source_of("forum", THREAD, **options))


OPENING = post("我们四十七个人都没拿到钱。", name="id=p1")


def test_the_pages_of_a_thread_are_read_one_after_the_other() -> None:
    first = read(OPENING + post("顶", name="id=p2"), more=True)
    assert [(request.url, request.number) for request in first.follow] == [(f"{THREAD}?page=2", 2)]
    assert first.cursor is None
    second = read(post("我也是", name="id=p21"), number=2)
    assert (second.follow, second.cursor) == ((), {"page_url": f"{THREAD}?page=2", "page": 2})
    (reply,) = second.documents
    assert (reply.thread_url, reply.url, reply.anchor) == (THREAD, THREAD, "p21")


def test_a_later_visit_looks_at_the_opening_and_goes_on_where_it_ended() -> None:
    cursor = {"page_url": f"{THREAD}?page=7", "page": 7}
    first = read(OPENING, cursor=cursor, more=True)
    assert [(request.url, request.number) for request in first.follow] == [(f"{THREAD}?page=7", 7)]
    assert read(post("新的"), number=7, cursor=cursor, more=True).follow[0].number == 8


def test_a_long_thread_is_read_in_several_visits() -> None:
    second = read(post("二"), number=2, more=True, thread_pages=2)
    assert second.follow == ()
    assert second.cursor == {"page_url": f"{THREAD}?page=2", "page": 2}


@pytest.mark.parametrize(
    ("marks", "options", "url", "anchor"),
    [
        ({"name": "id=pid9"}, {}, THREAD, "pid9"),
        ({"name": "data-pid=9"}, {}, THREAD, "9"),
        ({"floor": "12楼"}, {"floor_selector": ".floor"}, THREAD, "floor-12"),
        ({"floor": "#12"}, {"floor_selector": ".floor"}, THREAD, "floor-12"),
        ({"floor": "沙发"}, {"floor_selector": ".floor"}, THREAD, "floor-2"),
        ({}, {}, f"{THREAD}?page=3", "floor-1"),
    ],
)
def test_a_reply_keeps_its_name_on_whatever_page_it_stands(
    marks: dict[str, str], options: dict[str, str], url: str, anchor: str
) -> None:
    selector = options.get("floor_selector", "")
    (reply,) = read(post("我也是", **marks), number=3, floor_selector=selector).documents
    assert (reply.url, reply.anchor) == (url, anchor)


def test_quotations_are_no_part_of_a_reply() -> None:
    quoted = "<blockquote>甲：<div class=text>我们四十七个人</div></blockquote>我也一样"
    assert read(OPENING + post(quoted)).documents[1].text == "我也一样"


@pytest.mark.parametrize(
    "notice",
    [
        "该楼层已被删除",
        "此帖已被管理员删除。",
        "提示: 作者被禁止或删除 内容自动屏蔽",
        "内容已被屏蔽",
        "",
    ],
)
def test_deleted_posts_are_no_documents(notice: str) -> None:
    assert len(read(OPENING + post(notice) + post("还在")).documents) == 2
    if notice:
        with pytest.raises(ExtractionError, match="已被删除"):
            read(post(notice))


@pytest.mark.parametrize(
    "said", ["我的帖子被删除了，凭什么", "老板把群里的记录都删除了", "他们要求我删除"]
)
def test_talk_of_deleting_is_a_reply(said: str) -> None:
    assert read(OPENING + post(said)).documents[1].text == said
