"""What kind of page an address gives: a feed, data, a list, an article, a login, or nothing without scripts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from crawlers.extraction.encoding import decoded
from crawlers.extraction.page import Page, inner_text, links
from crawlers.proposal.page_neighbours import full_title
from crawlers.source import FetchedPage

SHORTEST_PARAGRAPH = 30
MOST_PIECES = 20
# A look at the beginning says what a page is, also of one that somebody has made endless.
MOST_ELEMENTS = 20_000
ARTICLE_CHARACTERS = 200
EMPTY_CHARACTERS = 120
_XML_ROOT = re.compile(r"<(?:\w{1,20}:)?(rss|feed|RDF|urlset|sitemapindex)[\s>]", re.IGNORECASE)
_LOGIN_PATH = re.compile(
    r"(?:^|[/.?&=])(?:login|signin|sign_in|passport|sso|cas|oauth)", re.IGNORECASE
)
_ARTICLE_PATH = re.compile(
    r"\d{4}[^/]{0,200}\.s?html?$|/(?:article|detail|content|post|p|a|t)/?[^/]{0,200}\d{3}",
    re.IGNORECASE,
)
_INDEX_PATH = re.compile(r"/$|^$|/(?:index|list|default)[\w-]{0,8}(?:\.\w{2,5})?$", re.IGNORECASE)
_THREAD_PATH = re.compile(
    r"/thread-|viewthread|/topics?/\d|/t/\d|/p/\d{5,}|/post-|read\.php\?tid", re.IGNORECASE
)
_FORUM_ADDRESS = re.compile(
    r"//(?:bbs|club|forum|tieba|shequ)[.\d]|/(?:forum|bbs|thread|board|luntan)s?(?:[/?.-]|$)",
    re.IGNORECASE,
)
_FORUM_WORDS = re.compile(r"论坛|社区|贴吧|\bBBS\b", re.IGNORECASE)
_BOARD_WORDS = re.compile(r"留言|信箱|咨询|投诉|建议|诉求|来信|办理情况|官方回复")
_STATE_WORDS = re.compile(
    r"[【\[(（]?(?:已|待|未|正在)?(?:办理|处理|受理|转办|回复|答复|办结|解决|回应)(?:中|完毕|完成)?[】\])）]?"
)
_SHORT_TAGS = ("td", "span", "em", "i", "b", "strong", "label", "div", "p", "a", "dd", "font")
_SCRIPT_ROOTS = frozenset({"app", "root", "__next", "__nuxt", "main-app"})


class PageShape(StrEnum):
    FEED = "feed"
    SITEMAP = "sitemap"
    DATA = "data"
    THREADS = "threads"
    BOARD = "board"
    LIST = "list"
    ARTICLE = "article"
    LOGIN = "login"
    SCRIPTED = "scripted"
    EMPTY = "empty"


def json_of(page: FetchedPage) -> object:
    """Read the page as JSON; None when it is none (a page may also be the JSON null)."""
    text = decoded(page.body, page.content_type)[0].strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data


def is_json_feed(data: object) -> bool:
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        return False
    if "jsonfeed.org" in str(data.get("version", "")):
        return True
    return any(
        isinstance(item, dict) and ("content_html" in item or "content_text" in item)
        for item in data["items"][:3]
    )


def xml_shape(page: FetchedPage) -> PageShape | None:
    """Tell feeds and site maps by their root; None for anything else."""
    head = decoded(page.body[:20_000], page.content_type)[0]
    start = head.lstrip("\ufeff \t\r\n")
    if not start.startswith("<") or "<html" in head[:2000].lower():
        return None
    found = _XML_ROOT.search(head)
    if found is None:
        return None
    return PageShape.SITEMAP if found[1].lower() in {"urlset", "sitemapindex"} else PageShape.FEED


@dataclass(frozen=True, slots=True)
class PageTraits:
    """Counts of characters: ``prose`` in paragraphs outside of links, ``headlines`` in links."""

    prose: int
    longest_prose: int
    visible: int
    headlines: int
    scripts: int
    thread_links: int
    has_password_field: bool
    has_script_root: bool
    is_marked_article: bool
    board_words: int = field(default=0)
    states: int = field(default=0)

    @property
    def is_of_messages(self) -> bool:
        """Tell a list of messages by the words of its title and links, or by the states beside them."""
        return self.board_words >= 6 or self.states >= 3  # noqa: PLR2004 (title and links, or a list)


def traits_of(page: Page) -> PageTraits:
    tree = page.tree
    containers = islice(tree.iter("p", "div", "td", "section", "article"), MOST_ELEMENTS)
    blocks = [_own_prose(element) for element in containers]
    paragraphs = [count for count in blocks if count >= SHORTEST_PARAGRAPH]
    anchors = [(inner_text(anchor), url) for anchor, url in links(page, tree)]
    visible = sum(len(text.strip()) for text in _visible(tree))
    title = full_title(page)
    return PageTraits(
        prose=sum(paragraphs),
        longest_prose=max(paragraphs, default=0),
        visible=visible,
        headlines=sum(len(text) for text, _ in anchors if len(text) >= 6),  # noqa: PLR2004 (shorter ones are menus)
        scripts=sum(1 for _ in islice(tree.iter("script"), MOST_ELEMENTS)),
        thread_links=sum(bool(_THREAD_PATH.search(url)) for _, url in anchors),
        has_password_field=any(
            (element.get("type") or "").lower() == "password" for element in tree.iter("input")
        ),
        has_script_root=any(
            (element.get("id") or "").lower() in _SCRIPT_ROOTS for element in tree.iter("div")
        ),
        is_marked_article=page.meta.get("og:type", "").lower() in {"article", "news"}
        or bool(page.meta.get("article:published_time")),
        board_words=len(_BOARD_WORDS.findall(title)) * 3
        + sum(bool(_BOARD_WORDS.search(text)) for text, _ in anchors),
        states=sum(
            len(element) == 0 and bool(_STATE_WORDS.fullmatch((element.text or "").strip()))
            for element in islice(tree.iter(*_SHORT_TAGS), MOST_ELEMENTS)
        ),
    )


def shape_of(page: Page, traits: PageTraits, *, headline_links: int) -> PageShape:  # noqa: PLR0911 (one for each shape)
    """Judge an HTML page; ``headline_links`` is how many links the list detection found."""
    parts = urlsplit(page.url)
    if traits.has_password_field and headline_links < 3 and traits.prose < ARTICLE_CHARACTERS:  # noqa: PLR2004 (a list)
        return PageShape.LOGIN
    if _LOGIN_PATH.search(f"{parts.netloc}{parts.path}") and not headline_links:
        return PageShape.LOGIN
    if _is_article(page.url, traits, headline_links):
        return PageShape.ARTICLE
    if traits.thread_links >= 3 and traits.thread_links * 2 >= headline_links:  # noqa: PLR2004 (a list)
        return PageShape.THREADS
    if headline_links >= 3 and _is_forum(page):  # noqa: PLR2004 (a list)
        return PageShape.THREADS
    if headline_links >= 3:  # noqa: PLR2004 (a list)
        return PageShape.BOARD if traits.is_of_messages else PageShape.LIST
    if traits.visible < EMPTY_CHARACTERS and (traits.scripts or traits.has_script_root):
        return PageShape.SCRIPTED
    if headline_links:
        return PageShape.LIST
    return PageShape.ARTICLE if traits.prose >= ARTICLE_CHARACTERS else PageShape.EMPTY


def _is_forum(page: Page) -> bool:
    """Judge by address and title alone; whether a thread has floors is looked at later."""
    return bool(_FORUM_ADDRESS.search(page.url) or _FORUM_WORDS.search(full_title(page)))


def _is_article(url: str, traits: PageTraits, headline_links: int) -> bool:
    path = urlsplit(url).path
    weight = 2 if traits.is_marked_article else 0
    weight += 2 if _ARTICLE_PATH.search(path) else 0
    weight -= 3 if _INDEX_PATH.search(path) and not _ARTICLE_PATH.search(path) else 0
    weight += 1 if traits.prose >= ARTICLE_CHARACTERS else -1
    weight += 2 if traits.prose > traits.headlines else 0
    weight -= 1 if headline_links >= 20 and traits.prose * 2 < traits.headlines else 0  # noqa: PLR2004 (many)
    return weight >= 3  # noqa: PLR2004 (found on real pages)


def _own_prose(element: HtmlElement) -> int:
    """Count the characters of an element's own text and inline children, without its links."""
    count = len((element.text or "").strip())
    for child in islice(element, MOST_PIECES * 10):
        if not isinstance(child.tag, str):
            continue
        if child.tag in {"span", "strong", "b", "em", "font", "i", "br"}:
            # A bounded look: on a page of nested inline tags the whole would be read again and again.
            count += sum(len(str(text).strip()) for text in islice(child.itertext(), MOST_PIECES))
        count += len((child.tail or "").strip())
    return count


def _visible(tree: HtmlElement) -> list[str]:
    body = tree.find("body")
    root = tree if body is None else body
    return [
        str(text)
        for element in islice(root.iter(), MOST_ELEMENTS)
        if isinstance(element.tag, str) and element.tag not in {"script", "style", "noscript"}
        for text in (element.text, element.tail if element is not root else None)
        if text
    ]
