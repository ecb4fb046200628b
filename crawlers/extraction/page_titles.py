"""What a page calls itself, and whether a line of it says the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.matching_text import matching_text
from crawlers.extraction.page import Page, inner_text

_SHORTEST_HEADLINE = 6
_NO_WORD = re.compile(r"\W")


def page_titles(page: Page) -> list[str]:
    """Give the names of a page, site names and all, bare."""
    shown = next((inner_text(element) for element in page.tree.iter("title")), "")
    return [bare(title) for title in (shown, page.meta.get("og:title", ""))]


def bare(text: str) -> str:
    """Leave letters, digits and characters, folded."""
    return _NO_WORD.sub("", matching_text(text))


def is_headline(text: str, titles: Sequence[str]) -> bool:
    """Tell whether a line is one of the names, or the greater part of one or its beginning."""
    own = bare(text)
    if len(own) < _SHORTEST_HEADLINE:
        return False
    return any(
        own in title and (2 * len(own) > len(title) or title.startswith(own)) for title in titles
    )
