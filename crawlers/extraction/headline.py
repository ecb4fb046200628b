"""The headline of a page: what it is called, without the name of its site."""

import re

from crawlers.extraction.page import Page, inner_text

_TITLE_SEPARATOR = re.compile(r"\s*(?:[_|｜丨]|[-—–]{1,2}(?=[^-—–]{2,20}$)|--)\s*")


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
