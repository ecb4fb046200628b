"""The article of a page: its text, headline, time, author and outlet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import trafilatura

from core.errors import ExtractionError
from crawlers.extraction.density import densest_text
from crawlers.extraction.facts import read_facts
from crawlers.extraction.page import Page, read_page

SHORTEST_ARTICLE = 20
# Below this the precise extractor has often kept nothing but a caption.
SHORTEST_TRUSTED = 60


@dataclass(frozen=True, slots=True)
class Article:
    """``published_at`` is aware UTC, midnight in Shanghai where ``is_day_only``; None is unknown.

    ``extractor`` names what found the text.
    """

    url: str
    title: str
    text: str
    published_at: dt.datetime | None
    is_day_only: bool
    author: str | None = field(repr=False)
    outlet: str | None
    original_source: str | None
    encoding: str
    extractor: str


def extract(body: bytes, url: str, *, now: dt.datetime, content_type: str = "") -> Article:
    """Read an article; ``now`` gives relative times their meaning. Raises ExtractionError."""
    page = read_page(body, url, content_type)
    text, extractor = article_text(page)
    facts = read_facts(page, text, now=now)
    title = facts.title
    if len(text) < SHORTEST_ARTICLE and not title:
        raise ExtractionError("页面上没有找到正文，也没有标题。")
    return Article(
        url=url,
        title=title,
        text=_without_headline(text, title),
        published_at=facts.published_at,
        is_day_only=facts.is_day_only,
        author=facts.author,
        outlet=facts.outlet,
        original_source=facts.original_source,
        encoding=page.encoding,
        extractor=extractor,
    )


def _without_headline(text: str, title: str) -> str:
    """Drop a first line that only says the title again: it is kept beside the text already."""
    first, _, rest = text.partition("\n")
    return rest.strip() if title and rest.strip() and first.strip() == title.strip() else text


def article_text(page: Page) -> tuple[str, str]:
    """Return the text and the name of the extractor that found it."""
    found = trafilatura.bare_extraction(
        page.source, url=page.url, include_comments=False, favor_precision=True
    )
    # The library answers a dict only to those who ask for one.
    text = (getattr(found, "text", None) or "").strip()
    if len(text) >= SHORTEST_TRUSTED:
        return text, "trafilatura"
    dense = densest_text(page)
    return (dense, "density") if len(dense) > len(text) else (text, "trafilatura")
