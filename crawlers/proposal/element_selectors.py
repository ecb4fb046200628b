"""CSS selectors for elements that were found by what they say, so that the next page can be read by them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from core.errors import ExtractionError
from crawlers.parsing.page_selectors import select

# Names that a person gave; generated ones and those of a position or a state change from page to page.
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{1,39}\d?")
_PASSING = re.compile(
    r"^(?:active|current|cur|on|first|last|odd|even|hover|show|clearfix|clear|fl|fr|left|right|"
    r"(?:col|row|mt|mb|pt|pb|text|ng|v|css|jsx|sc)-.*)$",
    re.IGNORECASE,
)
MOST_LABEL = 20


def stable_classes(element: HtmlElement) -> list[str]:
    return [
        name
        for name in (element.get("class") or "").split()
        if _NAME.fullmatch(name) and not _PASSING.match(name)
    ]


def selector_within(root: HtmlElement, element: HtmlElement) -> str | None:
    """Give the shortest selector that finds the element, and nothing before it, below ``root``."""
    return next((one for one in _candidates(root, element) if _finds(root, one, element)), None)


def _candidates(root: HtmlElement, element: HtmlElement) -> Iterator[str]:
    tag = str(element.tag)
    own = list(_names(element))
    yield from own
    yield from (f"{tag}{name}" for name in own if name.startswith("."))
    place = f"{tag}:nth-child({_position(element)})"
    for above in element.iterancestors():
        if above is root:
            break
        for name in _names(above):
            yield from (f"{name} {one}" for one in own)
            yield f"{name} {tag}"
            if element.getparent() is above:
                yield f"{name} > {place}"
    yield tag
    if element.getparent() is root or tag in {"td", "th", "dd"}:
        yield place


def _names(element: HtmlElement) -> Iterator[str]:
    identity = element.get("id") or ""
    if _NAME.fullmatch(identity):
        yield f"#{identity}"
    yield from (f".{name}" for name in stable_classes(element))


def _position(element: HtmlElement) -> int:
    return 1 + sum(isinstance(one.tag, str) for one in element.itersiblings(preceding=True))


def _finds(root: HtmlElement, selector: str, element: HtmlElement) -> bool:
    try:
        found = select(root, selector)
    except ExtractionError:
        return False
    return bool(found) and found[0] is element and len(found) == 1


def selector_after(root: HtmlElement, label: HtmlElement, words: str, value: HtmlElement) -> str | None:  # fmt: skip
    """Give the selector of the element that follows a label, by the words of the label."""
    if '"' in words or "\\" in words or len(words) > MOST_LABEL:
        return None
    selector = f'{label.tag}:contains("{words}") + {value.tag}'
    try:
        found = select(root, selector)
    except ExtractionError:
        return None
    return selector if found and found[0] is value else None
