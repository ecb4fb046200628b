"""A page that lists articles: by selector, or by finding the block of links that looks like a list."""

from __future__ import annotations

import re
from collections import defaultdict
from urllib.parse import urlsplit

from cssselect import SelectorError
from lxml.etree import XPathError
from lxml.html import HtmlElement

from core.errors import ExtractionError
from core.options import FieldKind, FieldSpec, Options
from crawlers.canonical_url import canonical_url
from crawlers.extraction.article import extract
from crawlers.extraction.page import Page, inner_text, links, read_page
from crawlers.extraction.published_time import read_time
from crawlers.source import FetchedPage, Harvest, PageLink, PageRequest, SourceProfile
from crawlers.source_types.linked_article import article_harvest

SHORTEST_HEADLINE = 6
LONGEST_HEADLINE = 120
FEWEST_LINKS = 3
_SECOND_LEVELS = frozenset({"com", "gov", "org", "net", "edu"})
_ARTICLE_PATH = re.compile(
    r"\d{4,}|/\d{4}[-/]?\d{2}|\.s?html?$|/(?:a|p|t|post|news|article|detail|content)s?[/_-]",
    re.IGNORECASE,
)


class ListPage:
    name = "list_page"
    label = "列表页"
    needs_url = True
    revisits_links = False
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            "link_selector",
            "文章链接的 CSS 选择器",
            help="如 ul.news li a；不填时自动识别列表。",
            maximum=300,
        ),
        FieldSpec("same_site", "只采集同一网站的链接", FieldKind.BOOLEAN, default=True),
        FieldSpec(
            "limit", "每次最多采集的链接数", FieldKind.NUMBER, default=100, minimum=1, maximum=1000
        ),
    )

    def faults(self, options: Options) -> dict[str, str]:
        del options
        return {}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (PageRequest(source.url),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        tree = read_page(page.body, page.url, page.content_type)
        selector = str(source.options.get("link_selector") or "")
        found = _selected(tree, selector) if selector else _detected(tree)
        host = urlsplit(page.url).hostname if source.options.get("same_site", True) else None
        announced: dict[str, PageLink] = {}
        for anchor, url in found:
            if host is not None and not _is_same_site(urlsplit(url).hostname or "", host):
                continue
            title = anchor.get("title") or inner_text(anchor)
            time = read_time(_around(anchor), page.fetched_at)
            announced.setdefault(canonical_url(url), PageLink(url, title[:LONGEST_HEADLINE], time))
        limit = source.options.get("limit")
        chosen = list(announced.values())[: limit if isinstance(limit, int) else None]
        if not chosen:
            raise ExtractionError(
                f"选择器「{selector}」在页面上没有选中链接，网站可能改版了。"
                if selector
                else "页面上没有找到文章列表。请填写文章链接的选择器。"
            )
        return Harvest(links=tuple(chosen))

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del source
        return article_harvest(
            extract(page.body, page.url, now=page.fetched_at, content_type=page.content_type)
        )


def select(root: HtmlElement, selector: str) -> list[HtmlElement]:
    """Raise ExtractionError for what is no CSS selector."""
    try:
        return list(root.cssselect(selector))
    except (SelectorError, XPathError) as error:
        raise ExtractionError(f"「{selector}」不是正确的 CSS 选择器。") from error


def _selected(page: Page, selector: str) -> list[tuple[HtmlElement, str]]:
    wanted: set[HtmlElement] = set()
    for element in select(page.tree, selector):
        wanted.update(element.iter("a"))
    return [(anchor, url) for anchor, url in links(page, page.tree) if anchor in wanted]


def _detected(page: Page) -> list[tuple[HtmlElement, str]]:
    """Group headline-like links by the shape of their place; keep the heaviest groups."""
    groups: dict[str, list[tuple[HtmlElement, str]]] = defaultdict(list)
    for anchor, url in links(page, page.tree):
        length = len(anchor.get("title") or inner_text(anchor))
        if SHORTEST_HEADLINE <= length <= LONGEST_HEADLINE and _ARTICLE_PATH.search(
            urlsplit(url).path + "?" + urlsplit(url).query
        ):
            groups[_place(anchor)].append((anchor, url))
    if not groups:
        return []
    weights = {place: sum(len(inner_text(a)) for a, _ in group) for place, group in groups.items()}
    heaviest = max(weights.values())
    return [
        link
        for place, group in groups.items()
        if weights[place] * 3 >= heaviest and (len(group) >= FEWEST_LINKS or len(groups) == 1)
        for link in group
    ] or groups[max(weights, key=lambda place: weights[place])]


def _place(anchor: HtmlElement) -> str:
    """Name the tags and classes above a link, up to four levels."""
    names = []
    element = anchor.getparent()
    for _ in range(4):
        if element is None:
            break
        names.append(f"{element.tag}.{(element.get('class') or '').strip()}")
        element = element.getparent()
    return "<".join(names)


def _around(anchor: HtmlElement) -> str:
    parent = anchor.getparent()
    text = inner_text(parent) if parent is not None else ""
    return text.replace(inner_text(anchor), " ") if len(text) <= 2 * LONGEST_HEADLINE else ""


def _is_same_site(host: str, wanted: str) -> bool:
    """Compare registered names roughly: the last two labels, or three below .com.cn and the like."""
    return _site(host) == _site(wanted)


def _site(host: str) -> str:
    labels = host.split(".")
    if all(label.isdigit() for label in labels):
        return host
    is_deep = labels[-1] == "cn" and labels[-2:-1] and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3:] if is_deep else labels[-2:])
