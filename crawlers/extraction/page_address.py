"""The address that a saved page names as its own."""

from __future__ import annotations

import re

from crawlers.extraction.page import Page, absolute_url

_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d{1,6}\)(\S{1,2000})", re.IGNORECASE)
_START = 4096


def page_address(page: Page) -> str:
    """Look for the canonical link, what the page tells other sites, the browser's note and the base.

    Empty when the page does not say.
    """
    saved = _SAVED_FROM.search(page.source[:_START])
    candidates = (
        *(
            link.get("href") or ""
            for link in page.tree.iter("link")
            if "canonical" in (link.get("rel") or "").lower().split()
        ),
        page.meta.get("og:url", ""),
        saved[1] if saved else "",
        *(base.get("href") or "" for base in page.tree.iter("base")),
    )
    found = (absolute_url("http:", candidate) for candidate in candidates if candidate.strip())
    return next((address for address in found if address), "")
