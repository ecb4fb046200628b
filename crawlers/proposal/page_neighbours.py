"""What a page says about where it belongs: its names, its feeds, and the lists above it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin, urlsplit

from crawlers.extraction.page import Page, absolute_url, inner_text

LONGEST_NAME = 60
MOST_PIECES = 30
MOST_CONTAINERS = 2000
MOST_CRUMBS = 8
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json",
               "application/rdf+xml")  # fmt: skip
_COMMENT_FEED = re.compile(r"comment|评论|回复", re.IGNORECASE)
_CRUMB_WORDS = re.compile(r"(?:当前|您的?|你的?|所在)的?位置|首页\s*[>》›»]")
_CRUMB_CLASS = re.compile(r"crumb|position|location|weizhi|wz\b|path|navbar-?pos", re.IGNORECASE)
_HOME_WORDS = re.compile(
    r"^(?:网站)?首页$|^欢迎.{0,12}$|^主页$|^列表$|^更多$|^home$", re.IGNORECASE
)
_TITLE_MARKS = re.compile(
    r"\s*(?:[|_｜»›>]|--+|——|\s[-–—·]\s|(?<=[\u4e00-\u9fff])[-–—](?=[\u4e00-\u9fff]))\s*"
)


@dataclass(frozen=True, slots=True)
class LinkedFeed:
    url: str
    title: str


def linked_feeds(page: Page) -> tuple[LinkedFeed, ...]:
    """Give the feeds that a page names in its head, those of comments last."""
    found: dict[str, LinkedFeed] = {}
    for element in page.tree.iter("link"):
        is_alternate = "alternate" in (element.get("rel") or "").lower().split()
        if is_alternate and (element.get("type") or "").lower().strip() in _FEED_TYPES:
            url = absolute_url(page.url, element.get("href") or "")
            if url is not None:
                found.setdefault(url, LinkedFeed(url, (element.get("title") or "").strip()))
    return tuple(
        sorted(found.values(), key=lambda feed: bool(_COMMENT_FEED.search(feed.title + feed.url)))
    )


def full_title(page: Page) -> str:
    for element in page.tree.iter("title"):
        return inner_text(element)
    return ""


def page_names(page: Page) -> tuple[str, ...]:
    """Split a page's title into its parts, most particular first; menus' words are left out."""
    parts = [part.strip(" -—_|:：") for part in _TITLE_MARKS.split(full_title(page))]
    return tuple(part[:LONGEST_NAME] for part in parts if part and not _HOME_WORDS.search(part))


def parent_pages(page: Page) -> tuple[tuple[str, str], ...]:
    """Give (address, name) of the list pages that an article may belong to, the nearest first."""
    found: dict[str, str] = {}
    containers = page.tree.iter("div", "p", "span", "ul", "ol", "nav", "td", "section")
    for element in islice(containers, MOST_CONTAINERS):
        text = "".join(str(piece) for piece in islice(element.itertext(), MOST_PIECES))
        marked = _CRUMB_CLASS.search(f"{element.get('class') or ''} {element.get('id') or ''}")
        if not (marked or (_CRUMB_WORDS.search(text) and len(text) < 120)):  # noqa: PLR2004 (one line)
            continue
        anchors = list(islice(element.iter("a"), MOST_CRUMBS + 1))
        if len(anchors) > MOST_CRUMBS:
            # So many are a menu.
            continue
        for anchor in reversed(anchors):
            name, url = inner_text(anchor), absolute_url(page.url, anchor.get("href") or "")
            if url and name and url != page.url and not _HOME_WORDS.search(name):
                found.setdefault(url, name[:LONGEST_NAME])
    folder = urljoin(page.url, "./")
    above = _without_dates(folder)
    for url in dict.fromkeys((above, folder)):
        found.setdefault(url, "")
    return tuple((url, name) for url, name in found.items() if url != page.url)


def _without_dates(folder: str) -> str:
    """Climb over the parts of a path that are only digits, such as /2026/11-21/."""
    parts = urlsplit(folder)
    kept = parts.path.rstrip("/").split("/")
    while kept and re.fullmatch(r"(?:t?\d[\d_-]*|n1|c\d+)?", kept[-1]) and len(kept) > 1:
        kept.pop()
    return parts._replace(path="/".join(kept) + "/", query="").geturl()
