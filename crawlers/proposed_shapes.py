"""The source types that a page could be collected with, best first, with the options they would need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from crawlers.extraction.page import Page
from crawlers.page_neighbours import LinkedFeed, linked_feeds
from crawlers.page_shape import PageShape, is_json_feed
from crawlers.proposed_mapping import JSONMapping, proposed_mapping
from crawlers.source_types import SOURCE_TYPES

MOST_FEEDS = 2


@dataclass(frozen=True, slots=True)
class ProposedShape:
    """``why`` is a Chinese sentence; ``name`` what the page calls it, empty where it says nothing."""

    kind: str
    url: str
    why: str
    options: Mapping[str, object] = field(default_factory=dict)
    name: str = ""
    needs_browser: bool = False


def feed_shapes(feeds: tuple[LinkedFeed, ...]) -> Iterator[ProposedShape]:
    for feed in feeds[:MOST_FEEDS]:
        yield ProposedShape(
            "feed", feed.url, "网页自己指出了它的订阅源：最省力、最准。", name=feed.title
        )


def xml_shapes(shape: PageShape, url: str) -> Iterator[ProposedShape]:
    if shape is PageShape.FEED:
        yield ProposedShape("feed", url, "这个网址就是订阅源。")
    elif "sitemap" in SOURCE_TYPES:
        yield ProposedShape("sitemap", url, "这个网址是站点地图，列出了网站的页面。")


def data_shapes(data: object, url: str, now: dt.datetime) -> Iterator[ProposedShape]:
    if is_json_feed(data):
        yield ProposedShape("feed", url, "这个网址是 JSON Feed 订阅源。")
    mapping = proposed_mapping(data, now)
    if mapping is None:
        return
    where = f"JSON 里的「{mapping.items}」有 {mapping.count} 条"
    ranking = ProposedShape(
        "trending_list", url, f"{where}，有标题和热度或名次，像热榜。", _ranking_options(mapping)
    )
    rows = ProposedShape("json_api", url, f"{where}，像接口给出的列表。", _api_options(mapping))
    if "json_api" not in SOURCE_TYPES:
        yield ProposedShape("trending_list", url, ranking.why, ranking.options)
    elif mapping.is_ranking:
        yield from (ranking, rows)
    else:
        yield from (rows, ranking)


def html_shapes(page: Page, shape: PageShape) -> Iterator[ProposedShape]:
    """Give what an HTML page itself may be, feeds that it names first; nothing for an article or a login."""
    yield from feed_shapes(linked_feeds(page))
    if shape is PageShape.BOARD and "message_board" in SOURCE_TYPES:
        yield ProposedShape("message_board", page.url, "页面列出留言和办理情况，像留言板。")
    if shape is PageShape.THREADS:
        yield ProposedShape("forum", page.url, "页面上的链接大多是论坛主题。")
    if shape in {PageShape.LIST, PageShape.BOARD, PageShape.THREADS}:
        yield ProposedShape("list_page", page.url, "页面上有一列文章链接，已自动识别。")
    if shape is PageShape.SCRIPTED:
        yield ProposedShape(
            "list_page",
            page.url,
            "页面内容由脚本生成，直接读取是空的：建议用浏览器采集（较慢，要先装好浏览器组件）。",
            needs_browser=True,
        )


def _ranking_options(mapping: JSONMapping) -> dict[str, object]:
    names = {"title": "title_field", "url": "url_field", "heat": "heat_field",
             "rank": "rank_field", "text": "text_field", "time": "time_field"}  # fmt: skip
    options: dict[str, object] = {"items": mapping.items}
    # The type has defaults for some of them; a field that the data lacks is better left to those.
    options |= {
        names[meaning]: path for meaning, path in mapping.fields.items() if meaning in names
    }
    return options


def _api_options(mapping: JSONMapping) -> dict[str, object]:
    """Fill whatever options the type has, by the names that it gives them."""
    options: dict[str, object] = {}
    for spec in SOURCE_TYPES.load("json_api").options if "json_api" in SOURCE_TYPES else ():
        meaning = spec.name.removesuffix("_field").removesuffix("_path")
        if meaning == "items":
            options[spec.name] = mapping.items
        elif meaning in mapping.fields:
            options[spec.name] = mapping.fields[meaning]
    return options
