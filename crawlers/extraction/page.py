"""A page as a tree, with the links and the facts around its article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from core.errors import ExtractionError
from crawlers.extraction.encoding import decoded

MOST_LINKS = 2000
LONGEST_URL = 2000
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_DEEPEST = 400
_BOX = re.compile(
    r"<(/?)(?:div|section|span|font|center|blockquote|table|tbody|tr|td|ul|ol|li|dl|dd|b|i|u|em|strong|a|p)\b[^<>]{0,500}>",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
SPACES = re.compile(r"[ \t\r\f\v\u3000\xa0]+")


@dataclass(frozen=True, slots=True)
class Page:
    """A decoded page as a tree, with its meta elements by their names in lower case."""

    url: str
    encoding: str
    source: str = field(repr=False)
    tree: HtmlElement = field(repr=False)
    meta: dict[str, str] = field(repr=False)

    @property
    def base(self) -> str:
        """What relative addresses on the page are relative to."""
        for element in self.tree.iter("base"):
            return absolute_url(self.url, element.get("href") or "") or self.url
        return self.url


def read_page(body: bytes, url: str, content_type: str = "") -> Page:
    """Raise ExtractionError for what is no page at all."""
    text, encoding = decoded(body, content_type)
    text = _CONTROL.sub("", _XML_DECLARATION.sub("", text))
    if not text.strip():
        raise ExtractionError("页面是空的，没有可采集的内容。")
    tree = _tree(text)
    return Page(url=url, encoding=encoding, source=text, tree=tree, meta=_meta(tree))


def _tree(text: str) -> HtmlElement:
    """Read the markup; where it is nested too deep, so that the rest would be lost, leave out the inner boxes."""
    parser = lxml.html.HTMLParser(recover=True, huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(text, parser=parser)
        if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
            tree = lxml.html.document_fromstring(_shallow(text), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise ExtractionError("页面不是可以识别的网页，没有可采集的内容。") from error
    return tree


def _shallow(text: str) -> str:
    depth = 0

    def kept(match: re.Match[str]) -> str:
        nonlocal depth
        is_inner = depth >= _DEEPEST
        depth = max(0, depth - 1) if match[1] else depth + 1
        return "<br>" if is_inner else match[0]

    return _BOX.sub(kept, text)


def _meta(tree: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = (element.get("content") or "").strip()
        if name and content:
            found.setdefault(name.lower().strip(), content)
    return found


def inner_text(element: HtmlElement) -> str:
    return SPACES.sub(" ", "".join(element.itertext())).strip()


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
    base = page.base
    count = 0
    for anchor in root.iter("a"):
        url = absolute_url(base, anchor.get("href") or "")
        if url is None:
            continue
        count += 1
        if count > MOST_LINKS:
            return
        yield anchor, url
