"""A forum: a list of threads, each an opening post with replies that are documents of their own."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from urllib.parse import quote

from lxml.html import HtmlElement

from core.errors import ExtractionError
from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.headline import page_title
from crawlers.extraction.page import Page, inner_text, read_page
from crawlers.extraction.published_time import read_time
from crawlers.intake import CollectedDocument
from crawlers.parsing.counts import first_number
from crawlers.parsing.following_pages import MOST_PAGES, PAGE_OPTIONS, next_link, page_faults
from crawlers.parsing.page_selectors import select, selected_text, selector_faults
from crawlers.source import Cursor, FetchedPage, Harvest, PageRequest, SourceProfile
from crawlers.source_types.list_page import list_harvest

LONGEST_NOTICE = 40
_QUOTE = "blockquote, .quote"
_FLOOR = re.compile(r"(?:#|第)?\s?(\d{1,6})\s?(?:楼|层|#|F\b)|^#\s?(\d{1,6})$")
_NAMED_FLOORS = {"楼主": 1, "沙发": 2, "板凳": 3, "地板": 4}
_DELETED = re.compile(
    r"^(?:抱歉|提示|系统提示)?[\s，,：:*]{0,5}"
    r"(?:[该此本][^，。]{0,8}|作者|用户|楼层|帖子|贴子|主题|回复|回帖|内容)(?:已被?|被|自动|因|涉嫌)"
    r"[^。]{0,16}(?:删除|屏蔽|隐藏|封禁)[^，。]{0,8}。?$"
)
_SELECTORS = (
    "link_selector", "post_selector", "text_selector", "author_selector", "time_selector",
    "quote_selector", "floor_selector", "views_selector", "comments_selector", "reposts_selector",
    "thread_next_selector",
)  # fmt: skip


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
        FieldSpec("floor_selector", "楼层号的选择器", maximum=300,
                  help="如 .floor；“3楼”“沙发”都能读。不填时按楼层的编号属性或次序。"),
        FieldSpec("quote_selector", "引用内容的选择器", default=_QUOTE, maximum=300,
                  help="引用别人的话不算这一层的内容。"),
        FieldSpec("views_selector", "浏览数的选择器", default=".views", maximum=300),
        FieldSpec("comments_selector", "回复数的选择器", default=".comments", maximum=300),
        FieldSpec("reposts_selector", "转发数的选择器", default=".reposts", maximum=300),
        FieldSpec("thread_pages", "一个主题每次最多翻几页", FieldKind.NUMBER, default=5, minimum=1,
                  maximum=MOST_PAGES, help="下次从翻到的那一页接着看。"),
        FieldSpec("thread_next_selector", "主题内“下一页”的选择器", maximum=300,
                  help="不填时自动寻找“下一页”。"),
        FieldSpec("same_site", "只采集同一网站的链接", FieldKind.BOOLEAN, default=True),
        FieldSpec("limit", "每页最多采集的主题数", FieldKind.NUMBER, default=100, minimum=1,
                  maximum=1000),
        *PAGE_OPTIONS,
    )  # fmt: skip

    def faults(self, options: Options) -> dict[str, str]:
        return {**selector_faults(options, _SELECTORS), **page_faults(options)}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (PageRequest(source.url),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        return list_harvest(page, source)

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        tree = read_page(page.body, page.url, page.content_type)
        selector = str(source.options.get("post_selector") or ".post")
        posts = select(tree.tree, selector)
        if not posts:
            raise ExtractionError(f"选择器「{selector}」在帖子页上没有选中楼层，网站可能改版了。")
        thread = _Thread(tree, page, source)
        documents = thread.documents(posts)
        follow = thread.follow()
        return Harvest(
            documents=documents,
            is_thread=page.number == 1,
            follow=follow,
            cursor=thread.cursor(is_last=not follow),
        )


@dataclass(frozen=True, slots=True)
class _Thread:
    """One page of a thread; its first page holds the opening post."""

    tree: Page
    page: FetchedPage
    source: SourceProfile

    def documents(self, posts: list[HtmlElement]) -> tuple[CollectedDocument, ...]:
        if self.page.number > 1:
            replies = [self._reply(post, place) for place, post in enumerate(posts, start=1)]
            return tuple(reply for reply in replies if reply is not None)
        opening = self._opening(posts[0])
        replies = [self._reply(post, place) for place, post in enumerate(posts[1:], start=2)]
        return (opening, *(reply for reply in replies if reply is not None))

    def _opening(self, post: HtmlElement) -> CollectedDocument:
        text = self._text(post)
        if _is_deleted(text):
            raise ExtractionError("主题帖已被删除，没有采集。")
        counts = {
            name: self._count(f"{name}_selector") for name in ("views", "comments", "reposts")
        }
        return CollectedDocument(
            title=page_title(self.tree), text=text, url=self.page.url,
            published_at=self._time(post), author=self._part(post, "author_selector") or None,
            views=counts["views"], comments=counts["comments"], reposts=counts["reposts"],
        )  # fmt: skip

    def _reply(self, post: HtmlElement, place: int) -> CollectedDocument | None:
        text = self._text(post)
        if not text or _is_deleted(text):
            return None
        first_url = self.page.first_url or self.page.url
        name = post.get("id") or post.get("data-id") or post.get("data-pid")
        floor = self._floor(post)
        if name or floor:
            # What names itself is the same reply on whatever page of the thread it stands.
            url, anchor = first_url, quote(name or f"floor-{floor}")
        else:
            url, anchor = self.page.url, f"floor-{place}"
        return CollectedDocument(
            title="", text=text, url=url, anchor=anchor, thread_url=first_url, kind="reply",
            published_at=self._time(post), author=self._part(post, "author_selector") or None,
        )  # fmt: skip

    def _text(self, post: HtmlElement) -> str:
        quoted = str(self.source.options.get("quote_selector") or "")
        for element in select(post, quoted) if quoted else []:
            if element.getparent() is not None and element is not post:
                element.drop_tree()
        selector = str(self.source.options.get("text_selector") or "")
        # A post that says nothing, or only quotes, is not its author's name and time.
        has_text = bool(selector and select(post, selector))
        return self._part(post, "text_selector") if has_text else inner_text(post)

    def _part(self, post: HtmlElement, option: str) -> str:
        return selected_text(post, self.source.options.get(option))

    def _time(self, post: HtmlElement) -> dt.datetime | None:
        return read_time(self._part(post, "time_selector"), self.page.fetched_at)

    def _floor(self, post: HtmlElement) -> int | None:
        text = self._part(post, "floor_selector").strip()
        if text in _NAMED_FLOORS:
            return _NAMED_FLOORS[text]
        found = _FLOOR.search(text)
        return int(found[1] or found[2]) if found else None

    def _count(self, option: str) -> int | None:
        selector = str(self.source.options.get(option) or "")
        for element in select(self.tree.tree, selector) if selector else []:
            found = first_number(inner_text(element))
            if found is not None:
                return found
        return None

    def follow(self) -> tuple[PageRequest, ...]:
        """Go on where the last visit ended, then page by page."""
        url, reached = self._reached()
        if self.page.number == 1 and url is not None:
            return (PageRequest(url, number=reached),)
        limit = self.source.options.get("thread_pages")
        if self.page.number - reached + 1 >= (limit if isinstance(limit, int) else 1):
            return ()
        following = next_link(self.tree, str(self.source.options.get("thread_next_selector") or ""))
        return () if following is None else (PageRequest(following, number=self.page.number + 1),)

    def cursor(self, *, is_last: bool) -> Cursor | None:
        if not is_last or self.page.number == 1:
            return None
        return {"page_url": self.page.url, "page": self.page.number}

    def _reached(self) -> tuple[str | None, int]:
        url, number = self.page.cursor.get("page_url"), self.page.cursor.get("page")
        if isinstance(url, str) and isinstance(number, int) and number > 1:
            return url, number
        return None, 1


def _is_deleted(text: str) -> bool:
    return len(text) <= LONGEST_NOTICE and _DELETED.search(text) is not None
