"""A forum: a list of threads, each an opening post with replies that are documents of their own."""

from __future__ import annotations

import re
from urllib.parse import quote

from lxml.html import HtmlElement

from core.errors import ExtractionError
from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.headline import page_title
from crawlers.extraction.page import inner_text, read_page
from crawlers.extraction.published_time import read_time
from crawlers.intake import CollectedDocument
from crawlers.source import FetchedPage, Harvest, PageRequest, SourceProfile
from crawlers.source_types.list_page import ListPage, select
from crawlers.source_types.trending_list import number

_COUNT = re.compile(r"\d[\d,.]*\s?[万亿wW]?")


class Forum:
    name = "forum"
    label = "论坛（主题与回帖）"
    needs_url = True
    revisits_links = True
    options: tuple[FieldSpec, ...] = (
        FieldSpec("link_selector", "主题链接的选择器", maximum=300, help="不填时自动识别列表。"),
        FieldSpec("post_selector", "每层楼的选择器", default=".post", required=True, maximum=300),
        FieldSpec("text_selector", "楼层正文的选择器", default=".text", maximum=300),
        FieldSpec("author_selector", "楼层作者的选择器", default=".author", maximum=300),
        FieldSpec("time_selector", "楼层时间的选择器", default=".time", maximum=300),
        FieldSpec("views_selector", "浏览数的选择器", default=".views", maximum=300),
        FieldSpec("comments_selector", "回复数的选择器", default=".comments", maximum=300),
        FieldSpec("reposts_selector", "转发数的选择器", default=".reposts", maximum=300),
        FieldSpec("same_site", "只采集同一网站的链接", FieldKind.BOOLEAN, default=True),
        FieldSpec(
            "limit", "每次最多采集的主题数", FieldKind.NUMBER, default=100, minimum=1, maximum=1000
        ),
    )

    def faults(self, options: Options) -> dict[str, str]:
        del options
        return {}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (PageRequest(source.url),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        return ListPage().parse(page, source)

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        tree = read_page(page.body, page.url, page.content_type)
        selector = str(source.options.get("post_selector") or ".post")
        posts = select(tree.tree, selector)
        if not posts:
            raise ExtractionError(f"选择器「{selector}」在帖子页上没有选中楼层，网站可能改版了。")
        title = page_title(tree)
        opening = self._post(posts[0], page, source, title=title)
        counts = {
            name: _first_count(tree.tree, str(source.options.get(f"{name}_selector") or ""))
            for name in ("views", "comments", "reposts")
        }
        first = CollectedDocument(
            title=title, text=opening.text, url=page.url, published_at=opening.published_at,
            author=opening.author, views=counts["views"], comments=counts["comments"],
            reposts=counts["reposts"],
        )  # fmt: skip
        replies = (
            self._post(post, page, source, anchor=_anchor(post, floor))
            for floor, post in enumerate(posts[1:], start=2)
        )
        return Harvest(documents=(first, *(r for r in replies if r.text)), is_thread=True)

    def _post(
        self,
        post: HtmlElement,
        page: FetchedPage,
        source: SourceProfile,
        *,
        title: str = "",
        anchor: str | None = None,
    ) -> CollectedDocument:
        def part(option: str) -> str:
            selector = str(source.options.get(option) or "")
            found = select(post, selector) if selector else []
            return "\n".join(inner_text(element) for element in found[:50])

        return CollectedDocument(
            title=title,
            text=part("text_selector") or inner_text(post),
            url=page.url,
            anchor=anchor,
            published_at=read_time(part("time_selector"), page.fetched_at),
            author=part("author_selector") or None,
            kind="reply" if anchor else "post",
        )


def _anchor(post: HtmlElement, floor: int) -> str:
    return quote(post.get("id") or post.get("data-id") or f"floor-{floor}")


def _first_count(root: HtmlElement, selector: str) -> int | None:
    for element in select(root, selector) if selector else []:
        found = _COUNT.search(inner_text(element))
        if found is not None:
            return number(found[0].replace(" ", ""))
    return None
