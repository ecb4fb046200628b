"""A second extractor: the block with the most running text and the fewest links."""

from __future__ import annotations

import copy
import re

from lxml.html import HtmlElement

from crawlers.extraction.page import Page, inner_text

_NOISE = (
    "script",
    "style",
    "noscript",
    "iframe",
    "nav",
    "footer",
    "form",
    "select",
    "button",
    "aside",
)
_BLOCKS = ("article", "section", "main", "div", "td", "body")
_PARAGRAPHS = ("p", "br", "div", "section", "li", "h2", "h3", "h4", "tr", "blockquote")
_SENTENCE_END = re.compile(r"[。！？；，、：]")
_EMPTY_LINES = re.compile(r"\s*\n\s*")


def densest_text(page: Page) -> str:
    """Return the text of the best block, one paragraph a line; empty when there is none."""
    tree = copy.deepcopy(page.tree)
    for element in list(tree.iter(*_NOISE)):
        element.drop_tree()
    best = max(tree.iter(*_BLOCKS), key=_score, default=None)
    return "" if best is None or _score(best) <= 0 else _paragraphs(best)


def _score(block: HtmlElement) -> float:
    """Count punctuation of running text that stands directly in a block or in its paragraphs."""
    own = block.text or ""
    for child in block:
        if isinstance(child.tag, str) and child.tag not in _BLOCKS:
            own += inner_text(child)
        own += child.tail or ""
    linked = sum(len(inner_text(anchor)) for anchor in block.iterchildren("a"))
    return len(_SENTENCE_END.findall(own)) - linked / 20


def _paragraphs(block: HtmlElement) -> str:
    for element in block.iter(*_PARAGRAPHS):
        element.tail = "\n" + (element.tail or "")
        if element.text:
            element.text = "\n" + element.text
    return _EMPTY_LINES.sub("\n", inner_text(block)).strip()
