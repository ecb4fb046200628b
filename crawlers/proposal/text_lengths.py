"""How much text each element of a page holds, counted in one pass: nested markup must not be read again and again."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from lxml.html import HtmlElement

MOST_ELEMENTS = 50_000
# Selectors that go by neighbours take a time that grows with the square of a page.
LARGEST_PAGE = 8000


def is_too_large(tree: HtmlElement) -> bool:
    """Tell whether a page has so many elements that trying selectors on it would take long."""
    return next(islice(tree.iter(), LARGEST_PAGE, None), None) is not None


def text_lengths(tree: HtmlElement) -> Mapping[HtmlElement, int]:
    """Count the characters within each element, its inner ones included; what lies beyond the limit counts nothing."""
    elements = list(islice(tree.iter(), MOST_ELEMENTS))
    lengths: dict[HtmlElement, int] = {}
    # Children stand behind their parents, so backwards they are counted before them.
    for element in reversed(elements):
        own = len((element.text or "").strip()) if isinstance(element.tag, str) else 0
        lengths[element] = own + sum(
            lengths.get(child, 0) + len((child.tail or "").strip()) for child in element
        )
    return lengths
