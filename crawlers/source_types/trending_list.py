"""A hot-search list as JSON: titles with their heat; their ranks are kept visit by visit."""

from __future__ import annotations

import json
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError

from core.errors import ExtractionError
from core.options import FieldSpec, Options
from crawlers.extraction.encoding import decoded
from crawlers.extraction.page import absolute_url
from crawlers.extraction.published_time import read_time
from crawlers.intake import CollectedDocument
from crawlers.source import FetchedPage, Harvest, PageRequest, SourceProfile

MOST_ITEMS = 200
_PLACEHOLDER = "{title}"


class TrendingList:
    name = "trending_list"
    label = "热榜（JSON）"
    needs_url = True
    revisits_links = False
    options = (
        FieldSpec(
            "items",
            "条目所在的路径（JMESPath）",
            default="items",
            maximum=200,
            help="如 data.realtime",
        ),
        FieldSpec("title_field", "标题的路径", default="title", maximum=100),
        FieldSpec("url_field", "链接的路径", default="url", maximum=100),
        FieldSpec("heat_field", "热度的路径", default="views", maximum=100),
        FieldSpec("rank_field", "名次的路径", maximum=100, help="不填时按出现的次序。"),
        FieldSpec("text_field", "简介的路径", maximum=100),
        FieldSpec("time_field", "上榜时间的路径", maximum=100),
        FieldSpec(
            "url_template",
            "没有链接时的地址模板",
            maximum=300,
            help="用 {title} 代表标题，如 https://s.example.com/weibo?q={title}",
        ),
    )

    def faults(self, options: Options) -> dict[str, str]:
        del options
        return {}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (PageRequest(source.url, {"Accept": "application/json"}),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        text, _ = decoded(page.body, page.content_type)
        try:
            data: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ExtractionError("这个地址返回的不是 JSON。") from error
        path = str(source.options.get("items") or "@")
        items = data if isinstance(data, list) and path == "items" else found_at(path, data)
        if not isinstance(items, list):
            raise ExtractionError(f"JSON 里的「{path}」不是列表，接口可能改版了。")
        documents = (
            self._document(item, position, page, source)
            for position, item in enumerate(items[:MOST_ITEMS], start=1)
        )
        return Harvest(documents=tuple(document for document in documents if document))

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del page, source
        return Harvest()

    def _document(
        self, item: object, position: int, page: FetchedPage, source: SourceProfile
    ) -> CollectedDocument | None:
        def field(option: str) -> str:
            path = str(source.options.get(option) or "")
            value = found_at(path, item) if path else None
            return "" if value is None else str(value).strip()

        title = item.strip() if isinstance(item, str) else field("title_field")
        if not title:
            return None
        url = absolute_url(page.url, field("url_field")) if field("url_field") else None
        template = str(source.options.get("url_template") or "")
        if url is None and template:
            url = absolute_url(page.url, template.replace(_PLACEHOLDER, quote(title)))
        return CollectedDocument(
            title=title,
            text=field("text_field"),
            url=url or page.url,
            anchor=None if url else quote(title),
            # A list does not say since when; the first sight of a title is its time.
            published_at=read_time(field("time_field"), page.fetched_at) or page.fetched_at,
            kind="trending",
            views=number(field("heat_field")),
            rank=number(field("rank_field")) or position,
        )


def found_at(path: str, data: object) -> object:
    """Raise ExtractionError for a path that is no JMESPath."""
    try:
        return jmespath.search(path, data)
    except JMESPathError as error:
        raise ExtractionError(f"「{path}」不是正确的 JMESPath 路径。") from error


def number(text: str) -> int | None:
    """Read a count such as 12,345, 3.2万 or 1.5亿; None for what is none."""
    text = text.strip().replace(",", "")
    factor = {"万": 10_000, "w": 10_000, "W": 10_000, "亿": 100_000_000}.get(text[-1:], 1)
    try:
        value = float(text.removesuffix("+").rstrip("万wW亿")) * factor
    except ValueError:
        return None
    return int(value) if 0 <= value < 2**62 else None
