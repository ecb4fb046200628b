"""The source types that a page could be collected with, best first, with the options they would need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from crawlers.extraction.page import Page
from crawlers.proposal.mapping import JSONMapping, proposed_mapping
from crawlers.proposal.page_neighbours import LinkedFeed, linked_feeds
from crawlers.proposal.page_shape import PageShape, is_json_feed
from crawlers.proposal.ranking_marks import ranking_marks
from crawlers.source_types import SOURCE_TYPES

MOST_FEEDS = 2


@dataclass(frozen=True, slots=True)
class ProposedShape:
    """``why`` is a Chinese sentence; ``name`` what the page calls it, empty where it says nothing.

    ``is_asked`` when a person chose the type.
    """

    kind: str
    url: str
    why: str
    options: Mapping[str, object] = field(default_factory=dict)
    name: str = ""
    needs_browser: bool = False
    is_asked: bool = False


def feed_shapes(feeds: tuple[LinkedFeed, ...]) -> Iterator[ProposedShape]:
    for feed in feeds[:MOST_FEEDS]:
        yield ProposedShape(
            "feed", feed.url, "网页自己指出了它的订阅源：最省力、最准。", name=feed.title
        )


def xml_shapes(shape: PageShape, url: str) -> Iterator[ProposedShape]:
    if shape is PageShape.FEED:
        yield ProposedShape("feed", url, "这个网址就是订阅源。")
        return
    yield ProposedShape("sitemap", url, "这个网址是网站地图，列出了网站的页面。")
    yield ProposedShape(
        "sitemap", url, "这个网址是网站地图，但没有写各页的时间。", {"undated": True}
    )


def data_shapes(data: object, url: str, now: dt.datetime) -> Iterator[ProposedShape]:
    if is_json_feed(data):
        yield ProposedShape("feed", url, "这个网址是 JSON Feed 订阅源。")
    mapping = proposed_mapping(data, now)
    if mapping is None:
        return
    where = f"JSON 里的「{mapping.items}」有 {mapping.count} 条"
    ranking = ProposedShape(
        "trending_list",
        url,
        f"{where}，有标题和热度或名次，像热榜。",
        _options("trending_list", mapping),
    )
    rows = ProposedShape(
        "json_api", url, f"{where}，像接口给出的列表。", _options("json_api", mapping)
    )
    if mapping.is_board:
        yield ProposedShape(
            "message_board",
            url,
            f"{where}，有留言也有答复，像网上留言板的接口。",
            {"format": "json", **_options("message_board", mapping)},
        )
    yield from (ranking, rows) if mapping.is_ranking else (rows, ranking)


def ranking_shapes(page: Page, headline_links: int) -> Iterator[ProposedShape]:
    """Give the hot list that most of a page is; a ranking beside a list of articles is none."""
    found = ranking_marks(page.tree)
    if found is not None and found.count * 2 >= headline_links:
        what = "名次和热度" if found.has_heat else "名次"
        yield ProposedShape(
            "trending_list",
            page.url,
            f"页面上有 {found.count} 条带{what}的标题，像热榜。",
            found.options,
        )


def html_shapes(
    page: Page, shape: PageShape, *, is_of_messages: bool = False
) -> Iterator[ProposedShape]:
    """Give what an HTML page itself may be, feeds that it names first; nothing for an article or a login."""
    yield from feed_shapes(linked_feeds(page))
    if shape is PageShape.BOARD or (shape is PageShape.THREADS and is_of_messages):
        yield ProposedShape(
            "message_board",
            page.url,
            "页面列出留言和办理情况，留言里的正文、状态和官方答复能分开。",
        )
    if shape is PageShape.THREADS:
        yield ProposedShape("forum", page.url, "页面列出论坛主题，主题页里一楼一楼的能分开。")
    if shape is PageShape.BOARD:
        yield ProposedShape(
            "list_page",
            page.url,
            "页面列出留言和办理情况。按列表页只采集留言；要分清官方答复，请改用网上留言板并填选择器。",
        )
    if shape in {PageShape.LIST, PageShape.THREADS}:
        yield ProposedShape("list_page", page.url, "页面上有一列文章链接，已自动识别。")
    if shape is PageShape.SCRIPTED:
        yield ProposedShape(
            "list_page",
            page.url,
            "页面内容由脚本生成，直接读取是空的：建议用浏览器采集（较慢，要先装好浏览器组件）。",
            needs_browser=True,
        )


def _options(kind: str, mapping: JSONMapping) -> dict[str, object]:
    """Fill whatever options the type has, by the names that it gives them."""
    options: dict[str, object] = {}
    for spec in SOURCE_TYPES.load(kind).options:
        meaning = spec.name.removesuffix("_field")
        if meaning == "items":
            options[spec.name] = mapping.items
        elif meaning in mapping.fields and spec.name != meaning:
            options[spec.name] = mapping.fields[meaning]
    return options
