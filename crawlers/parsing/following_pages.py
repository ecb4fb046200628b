"""The next page of a list or thread: by selector, by a template of addresses, or by what it is called."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.page import Page, absolute_url, inner_text, links
from crawlers.parsing.page_selectors import select, selector_faults

PLACEHOLDER = "{page}"
MOST_PAGES = 20
_NEXT = frozenset(
    {"下一页", "下页", "后一页", "下一頁", "下頁", "下一页>", "下一页>>", "下一页»", "下一页›", ">", ">>", "»", "›", "next", "next>"}
)  # fmt: skip
_LONGEST_LABEL = 8
_SECOND_LEVELS = frozenset({"com", "gov", "org", "net", "edu", "ac"})
_SPACES = re.compile(r"\s+")
PAGING = "翻页"
PAGE_OPTIONS: tuple[FieldSpec, ...] = (
    FieldSpec(
        "pages", "最多翻几页", FieldKind.NUMBER, default=1, minimum=1, maximum=MOST_PAGES,
        help="1 表示只看第一页。翻到没有新内容的一页就停下。",
        group=PAGING,
    ),
    FieldSpec(
        "next_selector", "“下一页”链接的选择器", maximum=300,
        help="如 a.next；不填时自动寻找“下一页”。",
        group=PAGING,
    ),
    FieldSpec(
        "page_url", "后续页的地址模板", maximum=500,
        help="用 {page} 代表页码，如 https://www.example.com/news/index_{page}.html；填了就不再寻找“下一页”。",
        group=PAGING,
    ),
    FieldSpec(
        "second_page", "第二页的页码", FieldKind.NUMBER, default=2, minimum=0, maximum=1000,
        help="有的网站第二页是 index_1.html，就填 1。",
        group=PAGING,
    ),
)  # fmt: skip


def page_faults(options: Options) -> dict[str, str]:
    faults = selector_faults(options, ["next_selector"])
    template = str(options.get("page_url") or "")
    if template and PLACEHOLDER not in template:
        faults["page_url"] = "地址模板里要有 {page}，用来代表页码。"
    return faults


def following_page(page: Page, number: int, options: Options) -> str | None:
    """Give the address of the page after the ``number``-th of a list; None when there is none to visit."""
    limit = options.get("pages")
    if number >= min(limit if isinstance(limit, int) else 1, MOST_PAGES):
        return None
    template = str(options.get("page_url") or "")
    if not template:
        return next_link(page, str(options.get("next_selector") or ""))
    second = options.get("second_page")
    wanted = (second if isinstance(second, int) else 2) + number - 1
    return _other(page, absolute_url(page.url, template.replace(PLACEHOLDER, str(wanted))))


def next_link(page: Page, selector: str) -> str | None:
    """Find the link to the next page on the same site; without a selector by its name."""
    if selector:
        chosen: list[HtmlElement] = []
        for selected in select(page.tree, selector):
            chosen.extend(selected.iter("a", "link"))
        for element in chosen:
            found = _other(page, absolute_url(page.url, element.get("href") or ""))
            if found is not None:
                return found
        return None
    for element in page.tree.xpath("//*[self::a or self::link][@rel='next']"):
        found = _other(page, absolute_url(page.url, element.get("href") or ""))
        if found is not None:
            return found
    for anchor, url in links(page, page.tree):
        label = _SPACES.sub("", inner_text(anchor)).lower()
        if len(label) <= _LONGEST_LABEL and label in _NEXT:
            return _other(page, url)
    return None


def _other(page: Page, url: str | None) -> str | None:
    """Refuse a link to the page itself, and one that leaves the site."""
    if url is None or url == page.url:
        return None
    wanted, host = urlsplit(page.url).hostname or "", urlsplit(url).hostname or ""
    return url if is_same_site(host, wanted) else None


def is_same_site(host: str, wanted: str) -> bool:
    """Compare registered names roughly: the last two labels, or three below .com.cn and the like."""
    return _site(host) == _site(wanted)


def _site(host: str) -> str:
    labels = host.split(".")
    if all(label.isdigit() for label in labels):
        return host
    is_deep = labels[-1] == "cn" and labels[-2:-1] and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3:] if is_deep else labels[-2:])
