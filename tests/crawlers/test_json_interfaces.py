"""JSON interfaces: the mapping, the pages of a visit, and where the next visit goes on."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from core.errors import ExtractionError
from core.options import parse_options
from crawlers.parsing.json_paths import found_at, path_fault
from crawlers.source import Cursor, Harvest, SourceProfile
from crawlers.source_types import SOURCE_TYPES
from tests.crawlers.parsing import page_of, parsed, source_of

API = "https://api.example.com/news"
ITEMS = [
    {"id": 7, "head": "工地欠薪已解决", "body": "<p>四十七名工人</p><p>拿到了工资</p>", "t": 1_795_219_200,
     "by": {"name": "记者甲"}, "n": {"read": "3.2万", "like": 5}},
    {"id": 8, "head": "快递小哥有了驿站", "body": "可以歇脚", "t": "2026-11-21 09:00:00", "by": None, "n": {}},
    {"id": 9, "head": None, "body": ""},
    None,
]  # fmt: skip
MAPPING = {
    "items": "data.list", "title_field": "head", "text_field": "body", "time_field": "t",
    "url_template": "https://www.example.com/detail?id={id}", "author_field": "by.name",
    "views_field": "n.read", "likes_field": "n.like", "outlet_field": "by.outlet || '河湾日报'",
}  # fmt: skip


def read(
    source: SourceProfile, body: object, *, number: int = 1, cursor: Cursor | None = None
) -> Harvest:
    page = page_of(body, source.url, number=number, cursor=cursor)
    return SOURCE_TYPES.load("json_api")().parse(page, source)


def test_items_become_documents_through_the_mapping() -> None:
    first, second = parsed("json_api", {"data": {"list": ITEMS}}, **MAPPING).documents
    assert (first.title, first.text) == ("工地欠薪已解决", "四十七名工人\n拿到了工资")
    assert first.url == "https://www.example.com/detail?id=7"
    assert (first.author, first.outlet) == ("记者甲", "河湾日报")
    assert (first.views, first.likes, first.comments) == (32_000, 5, None)
    assert first.published_at == dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    assert second.published_at == dt.datetime(2026, 11, 21, 1, tzinfo=dt.UTC)
    links = parsed("json_api", {"data": {"list": ITEMS}}, **MAPPING, follow_links=True).links
    assert [link.url[-1] for link in links] == ["7", "8"]


def test_an_answer_wrapped_in_a_call_is_read() -> None:
    body = "callback(" + json.dumps({"list": [{"title": "标题", "url": "/1"}]}) + ");"
    assert parsed("json_api", body).documents[0].title == "标题"


@pytest.mark.parametrize(
    ("address", "body", "first", "second"),
    [
        (f"{API}?p={{page}}", None, f"{API}?p=1", f"{API}?p=2"),
        (f"{API}?from={{offset}}", None, f"{API}?from=0", f"{API}?from=2"),
        (f"{API}?c={{cursor}}", None, f"{API}?c=", f"{API}?c=next%261"),
        (API, '{"page": {page}, "c": "{cursor}"}', b'{"page": 1, "c": ""}', b'{"page": 2, "c": "next&1"}'),
        (API, None, API, None),
    ],
)  # fmt: skip
def test_pages_are_asked_for_one_after_the_other(
    address: str, body: str | None, first: str | bytes, second: str | bytes | None
) -> None:
    options: dict[str, object] = {"pages": 2, "page_size": 2, "cursor_path": "next", "body": body}
    source = source_of("json_api", address, **options)
    (request,) = SOURCE_TYPES.load("json_api")().requests(source)
    answer = {"data": [{"title": "一"}, {"title": "二"}], "next": "next&1"}
    follow = read(source, answer).follow
    asked = [r.body if isinstance(first, bytes) else r.url for r in (request, *follow)]
    assert asked == [first] if second is None else asked == [first, second]
    assert all(request.only_if_new for request in follow)
    assert read(source, answer, number=2).follow == ()
    assert read(source, {"data": [], "next": ""}).follow == ()


def test_a_visit_goes_on_from_the_newest_that_was_seen() -> None:
    source = source_of("json_api", f"{API}?since={{since}}&after={{last_id}}", since_form="s",
                       time_field="t")  # fmt: skip
    source_type = SOURCE_TYPES.load("json_api")()
    assert source_type.requests(source)[0].url == f"{API}?since=0&after=0"
    rows = [
        {"id": 7, "title": "旧", "t": "2026-11-20 08:00"},
        {"id": 9, "title": "新", "t": "2026-11-21 08:00"},
        {"id": 8, "title": "来自未来", "t": "2036-11-21 08:00"},
    ]
    cursor = read(source, rows).cursor
    assert cursor is not None
    later = SourceProfile(1, "信源", "json_api", source.url, source.options, cursor)
    assert source_type.requests(later)[0].url == f"{API}?since=1795219200&after=9"
    older = read(later, [{"id": 3, "title": "更旧", "t": "2026-11-01 08:00"}], cursor=cursor).cursor
    assert older == cursor


def test_an_interface_that_runs_forward_keeps_its_cursor_between_visits() -> None:
    source = source_of(
        "json_api", f"{API}?c={{cursor}}", cursor_path="next", keeps_cursor=True, pages=5
    )
    cursor = read(source, {"data": [{"title": "一"}], "next": "abc"}).cursor
    assert cursor is not None
    later = SourceProfile(1, "信源", "json_api", source.url, source.options, cursor)
    assert SOURCE_TYPES.load("json_api")().requests(later)[0].url == f"{API}?c=abc"
    end = read(later, {"data": []}, cursor=cursor)
    assert (end.follow, end.cursor) == ((), cursor)


def test_what_an_interface_says_cannot_break_out_of_the_body_that_is_sent() -> None:
    source = source_of("json_api", API, body='{"c": "{cursor}"}', cursor_path="next", pages=2)
    follow = read(source, {"data": [{"title": "一"}], "next": 'x", "admin": "1\\'}).follow
    assert follow[0].body is not None
    assert json.loads(follow[0].body) == {"c": "x, admin: 1"}


@pytest.mark.parametrize("path", ["a[", "a.b..c", "[?", "@|" * 200, "[@,@][]|" * 30, "x" * 400])
def test_a_path_that_is_wrong_or_grows_without_end_is_refused(path: str) -> None:
    assert path_fault(path) is not None
    with pytest.raises(ExtractionError):
        found_at(path, {})
    source_type = SOURCE_TYPES.load("json_api")
    options = {**parse_options(source_type.options, {}), "title_field": path}
    assert "title_field" in source_type().faults(options)


def test_an_interface_that_changed_says_so() -> None:
    with pytest.raises(ExtractionError, match="没有找到条目的列表"):
        parsed("json_api", {"error": "limit"})
    with pytest.raises(ExtractionError, match="不是 JSON"):
        parsed("json_api", "<html></html>")
