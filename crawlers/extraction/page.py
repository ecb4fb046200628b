"""A page as a tree, with the links and the facts around its article."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from core.errors import ExtractionError
from crawlers.extraction.encoding import decoded
from crawlers.extraction.published_time import read_time, time_in_url

MOST_LINKS = 2000
LONGEST_URL = 2000
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SPACES = re.compile(r"[ \t\r\f\v\u3000\xa0]+")
_TITLE_SEPARATOR = re.compile(r"\s*(?:[_|｜丨]|[-—–]{1,2}(?=[^-—–]{2,20}$)|--)\s*")
_BYLINE = re.compile(
    r"(?:作\s*者|责任编辑|本报记者|记者|编辑|文)\s*[:：／/]\s*(?P<name>[\u4e00-\u9fff·]{2,8})"
)
_OUTLET = re.compile(
    r"(?:信息|稿件|文章)?来\s*源\s*[:：]\s*(?P<name>[^\s|:：，。；()（）【】\[\]]{2,20}?)"
    r"(?=\s|$|[|，。；()（）【】\[\]]|作者|记者|责任编辑|责编|编辑|发布|时间|字号|浏览|点击|(?:19|20)\d\d)"
)
_TIME_NAMES = re.compile(
    r"(?:article:published_time|og:release_date|pubdate|publishdate|publish_?date|publish-?time|"
    r"weibo:\s?article:create_at|datepublished|date|dc\.date|release_?date)",
    re.IGNORECASE,
)
_TIME_CLASS = re.compile(r"time|date|pub|info|source|meta|article-?head", re.IGNORECASE)
_HEAD_LENGTH = 3000
_LONGEST_BYLINE = 200


@dataclass(frozen=True, slots=True)
class Page:
    """A decoded page; ``head`` is the visible text before and around the start of the article."""

    url: str
    encoding: str
    source: str = field(repr=False)
    tree: HtmlElement = field(repr=False)
    meta: dict[str, str] = field(repr=False)


def read_page(body: bytes, url: str, content_type: str = "") -> Page:
    """Raise ExtractionError for what is no page at all."""
    text, encoding = decoded(body, content_type)
    text = _CONTROL.sub("", _XML_DECLARATION.sub("", text))
    if not text.strip():
        raise ExtractionError("页面是空的，没有可采集的内容。")
    try:
        tree = lxml.html.document_fromstring(
            text, parser=lxml.html.HTMLParser(recover=True, huge_tree=False)
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise ExtractionError("页面不是可以识别的网页，没有可采集的内容。") from error
    return Page(url=url, encoding=encoding, source=text, tree=tree, meta=_meta(tree))


def _meta(tree: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = (element.get("content") or "").strip()
        if name and content:
            found.setdefault(name.lower().strip(), content)
    return found


def inner_text(element: HtmlElement) -> str:
    return _SPACES.sub(" ", "".join(element.itertext())).strip()


def absolute_url(base: str, reference: str) -> str | None:
    """Resolve a link; None for what leads to no web page, or is longer than the database can index."""
    try:
        url = urljoin(base, reference.strip())
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            return None
        url = url.partition("#")[0]
        return url if len(quote(url)) <= LONGEST_URL else None
    except ValueError:
        return None


def links(page: Page, root: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Give the anchors below ``root`` with their absolute addresses, at most ``MOST_LINKS``."""
    base = page.url
    for element in page.tree.iter("base"):
        base = absolute_url(page.url, element.get("href") or "") or base
        break
    count = 0
    for anchor in root.iter("a"):
        url = absolute_url(base, anchor.get("href") or "")
        if url is None:
            continue
        count += 1
        if count > MOST_LINKS:
            return
        yield anchor, url


def page_title(page: Page) -> str:
    """Take the headline: what the page tells other sites, else its first heading, else its title."""
    whole = next((inner_text(element) for element in page.tree.iter("title")), "")
    candidates = [page.meta.get("og:title", ""), *(inner_text(h) for h in page.tree.iter("h1"))]
    for candidate in candidates:
        if len(candidate) >= 4 and (candidate in whole or not whole):  # noqa: PLR2004 (shorter ones are site names)
            return _without_site(candidate)
    return _without_site(whole) or next((text for text in candidates if text), "")


def _without_site(title: str) -> str:
    parts = [part for part in _TITLE_SEPARATOR.split(title) if part]
    return parts[0] if parts and len(parts[0]) >= 4 else title  # noqa: PLR2004 (as above)


def page_time(page: Page, now: dt.datetime) -> dt.datetime | None:
    """Look in the meta data, the linked data, the visible head and last in the address."""
    for name, content in page.meta.items():
        if _TIME_NAMES.fullmatch(name) and (found := read_time(content, now)):
            return found
    for value in _linked_data(page, "datePublished"):
        if found := read_time(value, now):
            return found
    for text in (*_time_texts(page), head_text(page)):
        if found := read_time(text, now):
            return found
    return time_in_url(page.url)


def _time_texts(page: Page) -> Iterator[str]:
    for element in page.tree.iter("time", "span", "div", "p", "em", "i", "td"):
        if element.tag == "time":
            yield element.get("datetime") or inner_text(element)
            continue
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if not _TIME_CLASS.search(label):
            continue
        text = inner_text(element)
        if 8 <= len(text) <= _LONGEST_BYLINE:  # noqa: PLR2004 (shorter texts hold no date)
            yield text


def _linked_data(page: Page, key: str) -> Iterator[str]:
    for element in page.tree.xpath("//script[@type='application/ld+json']"):
        try:
            data: object = json.loads(element.text or "")
        except (ValueError, RecursionError):
            continue
        for item in data if isinstance(data, list) else [data]:
            if isinstance(item, dict) and isinstance(item.get(key), str):
                yield item[key]


def head_text(page: Page) -> str:
    """Give the visible text from the headline on, where bylines stand."""
    body = page.tree.find("body")
    text = " ".join(
        str(part) for part in (page.tree if body is None else body).xpath(
            ".//text()[not(ancestor::script or ancestor::style or ancestor::noscript)]"
        )
    )  # fmt: skip
    text = _SPACES.sub(" ", text)
    title = page_title(page)
    start = text.find(title) if title else -1
    return text[max(start, 0) :][:_HEAD_LENGTH]


def byline(page: Page) -> str | None:
    found = _BYLINE.search(head_text(page))
    if found is not None:
        return found["name"]
    named = page.meta.get("author", "")
    return named if 0 < len(named) <= 20 else None  # noqa: PLR2004 (longer ones are slogans)


def outlet(page: Page) -> str | None:
    """Name whom the page says it took the text from (来源：)."""
    found = _OUTLET.search(head_text(page))
    return found["name"] if found else page.meta.get("og:site_name") or None


def original_source(page: Page) -> str | None:
    found = _OUTLET.search(head_text(page))
    return found["name"] if found else None
