"""A hot list as JSON, as a feed or as a page: titles with their heat; their ranks are kept visit by visit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from urllib.parse import quote

from lxml.html import HtmlElement

from core.errors import ExtractionError
from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.encoding import decoded
from crawlers.extraction.page import absolute_url, inner_text, read_page
from crawlers.extraction.published_time import read_time
from crawlers.intake import CollectedDocument
from crawlers.parsing.counts import first_number
from crawlers.parsing.json_paths import json_data, list_at, path_faults, text_at
from crawlers.parsing.page_selectors import select, selected_text, selector_faults
from crawlers.source import FetchedPage, Harvest, PageRequest, SourceProfile
from crawlers.source_keys import KEY_OPTIONS
from crawlers.source_types.feed import feed_entries, is_feed

MOST_ITEMS = 200
_PLACEHOLDER = "{title}"
_PATHS = (
    "items", "title_field", "url_field", "heat_field", "rank_field", "text_field", "time_field",
)  # fmt: skip
_SELECTORS = ("item_selector", "title_selector", "heat_selector", "rank_selector", "text_selector")
_DEFAULT_TITLE, _DEFAULT_URL = "title || word || name || query", "url || link || mobileUrl"
_DEFAULT_HEAT = "views || hot || heat || hotValue || extra.info || num"
_ON_PAGE = "榜单是网页时"
_AUTOMATIC, _JSON, _FEED, _PAGE = "", "json", "feed", "page"


class TrendingList:
    name = "trending_list"
    label = "热榜（JSON、订阅源、网页）"
    needs_url = True
    revisits_links = False
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            "format", "榜单的形式", FieldKind.CHOICE,
            choices=((_JSON, "JSON"), (_FEED, "订阅源"), (_PAGE, "网页")),
            help="不选时按返回的内容判断。newsnow 的 /api/s?id=weibo 是 JSON，各项保持默认即可；"
            "RSSHub 的热榜是订阅源，条目的次序就是名次。",
        ),
        FieldSpec(
            "items", "条目所在的路径（JMESPath）", maximum=200,
            help="如 data.realtime；不填时自动寻找 items、data、list 等名下的列表。",
        ),
        FieldSpec("title_field", "标题的路径", default=_DEFAULT_TITLE, maximum=200),
        FieldSpec("url_field", "链接的路径", default=_DEFAULT_URL, maximum=200),
        FieldSpec("heat_field", "热度的路径", default=_DEFAULT_HEAT, maximum=200,
                  help="如 num；“3.2万”“1.5亿热度”这样的写法也能读。"),
        FieldSpec("rank_field", "名次的路径", maximum=200, help="不填时按出现的次序。"),
        FieldSpec("text_field", "简介的路径", maximum=200),
        FieldSpec("time_field", "上榜时间的路径", maximum=200),
        FieldSpec(
            "url_template", "没有链接时的地址模板", maximum=300,
            help="用 {title} 代表标题，如 https://s.example.com/weibo?q={title}",
        ),
        FieldSpec("item_selector", "每个条目的选择器", maximum=300, help="如 table tbody tr",
                  group=_ON_PAGE),
        FieldSpec("title_selector", "标题的选择器", maximum=300, group=_ON_PAGE,
                  help="不填时取条目里的第一个链接。"),
        FieldSpec("heat_selector", "热度的选择器", maximum=300, group=_ON_PAGE),
        FieldSpec("rank_selector", "名次的选择器", maximum=300, group=_ON_PAGE,
                  help="不填时按出现的次序；填了而没有名次的条目（置顶、广告）不采集。"),
        FieldSpec("text_selector", "简介的选择器", maximum=300, group=_ON_PAGE),
        *KEY_OPTIONS,
    )  # fmt: skip

    def faults(self, options: Options) -> dict[str, str]:
        faults = {**path_faults(options, _PATHS), **selector_faults(options, _SELECTORS)}
        if options.get("format") == _PAGE and not options.get("item_selector"):
            faults["item_selector"] = "榜单是网页时，请填写每个条目的选择器。"
        return faults

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (PageRequest(source.url, {"Accept": "application/json, */*;q=0.8"}),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        match str(source.options.get("format") or _AUTOMATIC) or _form(page, source):
            case "feed":
                found = _from_feed(page)
            case "page":
                found = _from_page(page, source)
            case _:
                found = _from_json(page, source)
        documents = tuple(found)
        if not documents:
            raise ExtractionError("榜单上没有读到条目，网站可能改版了。")
        return Harvest(documents=documents, is_ranking=True)

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del page, source
        return Harvest()


def _form(page: FetchedPage, source: SourceProfile) -> str:
    text = decoded(page.body, page.content_type)[0].lstrip("\ufeff \t\r\n")
    if is_feed(text):
        return _FEED
    return _PAGE if text.startswith("<") and source.options.get("item_selector") else _JSON


def _from_feed(page: FetchedPage) -> Iterator[CollectedDocument]:
    for position, entry in enumerate(feed_entries(page)[:MOST_ITEMS], start=1):
        if entry.title:
            yield _item(page, entry.title, position, url=None if entry.anchor else entry.url,
                        text=entry.text, time=entry.published_at)  # fmt: skip


def _from_json(page: FetchedPage, source: SourceProfile) -> Iterator[CollectedDocument]:
    data = json_data(page.body, page.content_type)
    items = list_at(source.options.get("items"), data)
    for position, item in enumerate(items[:MOST_ITEMS], start=1):
        document = _json_item(item, position, page, source)
        if document is not None:
            yield document


def _json_item(
    item: object, position: int, page: FetchedPage, source: SourceProfile
) -> CollectedDocument | None:
    def field(name: str, default: str = "") -> str:
        return text_at(source.options.get(name) or default, item) if isinstance(item, dict) else ""

    title = item.strip() if isinstance(item, str) else field("title_field", _DEFAULT_TITLE)
    if not title:
        return None
    link = field("url_field", _DEFAULT_URL)
    url = absolute_url(page.url, link) if link else None
    template = str(source.options.get("url_template") or "")
    if url is None and template:
        url = absolute_url(page.url, template.replace(_PLACEHOLDER, quote(title)))
    return _item(
        page, title, first_number(field("rank_field")) or position, url=url,
        text=field("text_field"), heat=first_number(field("heat_field", _DEFAULT_HEAT)),
        time=read_time(field("time_field"), page.fetched_at),
    )  # fmt: skip


def _from_page(page: FetchedPage, source: SourceProfile) -> Iterator[CollectedDocument]:
    tree = read_page(page.body, page.url, page.content_type)
    selector = str(source.options.get("item_selector") or "")
    items = select(tree.tree, selector) if selector else []
    if not items:
        raise ExtractionError(f"选择器「{selector}」在页面上没有选中条目，网站可能改版了。")
    position = 0
    for element in items[:MOST_ITEMS]:
        document = _page_item(element, position + 1, page, source)
        if document is not None:
            position += 1
            yield document


def _page_item(
    element: HtmlElement, position: int, page: FetchedPage, source: SourceProfile
) -> CollectedDocument | None:
    chosen = select(element, str(source.options.get("title_selector") or "a"))
    title = " ".join(inner_text(chosen[0]).split()) if chosen else ""
    if not title:
        return None
    ranked = source.options.get("rank_selector")
    rank = first_number(selected_text(element, ranked)) if ranked else position
    if rank is None:
        return None
    anchor = next(chosen[0].iter("a"), None) if chosen[0].tag != "a" else chosen[0]
    anchor = next(element.iter("a"), None) if anchor is None else anchor
    href = "" if anchor is None else anchor.get("href") or ""
    return _item(
        page, title, rank, url=absolute_url(page.url, href) if href else None,
        text=selected_text(element, source.options.get("text_selector")),
        heat=first_number(selected_text(element, source.options.get("heat_selector"))),
    )  # fmt: skip


def _item(  # noqa: PLR0913 (all options are keyword-only)
    page: FetchedPage,
    title: str,
    rank: int,
    *,
    url: str | None,
    text: str = "",
    heat: int | None = None,
    time: dt.datetime | None = None,
) -> CollectedDocument:
    return CollectedDocument(
        title=title,
        text=text,
        url=url or page.url,
        anchor=None if url else quote(title),
        # A list does not say since when; the first sight of a title is its time.
        published_at=time or page.fetched_at,
        kind="trending",
        views=heat,
        rank=rank,
    )
