"""The article of a page: its text, headline, time, author and outlet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from itertools import islice

from lxml.html import HtmlElement

from core.errors import ExtractionError
from crawlers.extraction.body_text import BodyText, body_text
from crawlers.extraction.facts import read_facts
from crawlers.extraction.page import Page, absolute_url, links, read_page
from crawlers.site_parsers.choice import SiteReading, site_reading

SHORTEST_ARTICLE = 20
SURE = 1.0
"""The score of a text that stands where its site always sets it."""
MOST_REFERENCES = 100
_IMAGE_ATTRIBUTES = ("data-src", "data-original", "data-lazy-src", "src")


@dataclass(frozen=True, slots=True)
class Article:
    """``published_at`` is aware UTC, midnight in Shanghai where ``is_day_only``; None is unknown.

    ``extractor`` names what found the text, and ``score`` is 0..1 as in ``BodyText``. ``images`` and ``links`` are
    the absolute addresses in the block of the text, each once, at most ``MOST_REFERENCES``.
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
    score: float
    images: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def extract(body: bytes, url: str, *, now: dt.datetime, content_type: str = "") -> Article:
    """Read an article; ``now`` gives relative times their meaning. Raises ExtractionError."""
    return article_of(read_page(body, url, content_type), now=now)


def article_of(page: Page, *, now: dt.datetime) -> Article:
    """Read the article of a page that was read already. Raises ExtractionError."""
    site = site_reading(page, now)
    found = _body(page, site)
    facts = read_facts(page, found.text, now=now)
    if site is not None and site.article is not None:
        facts = site.article.corrected(facts)
    title = facts.title
    if len(found.text) < SHORTEST_ARTICLE and not title:
        raise ExtractionError("页面上没有找到正文，也没有标题。")
    return Article(
        url=page.url,
        title=title,
        text=_without_headline(found.text, title),
        published_at=facts.published_at,
        is_day_only=facts.is_day_only,
        author=facts.author,
        outlet=facts.outlet,
        original_source=facts.original_source,
        encoding=page.encoding,
        extractor=found.extractor,
        score=found.score,
        images=_images(page, found.element),
        links=_links(page, found.element),
    )


def _body(page: Page, site: SiteReading | None) -> BodyText:
    """Take the text of a parser written for the site; where it failed the name of the extractor says so."""
    if site is not None and site.article is not None:
        return BodyText(site.article.text, site.parser, SURE, element=site.article.element)
    found = body_text(page)
    return (
        found
        if site is None
        else replace(found, extractor=f"{found.extractor} after {site.parser}")
    )


def _images(page: Page, block: HtmlElement | None) -> tuple[str, ...]:
    """Give the pictures of a block; pages that load them late keep the address in another attribute."""
    found: dict[str, None] = {}
    for image in () if block is None else block.iter("img"):
        address = next((value for name in _IMAGE_ATTRIBUTES if (value := image.get(name))), "")
        if address and (url := absolute_url(page.base, address)):
            found[url] = None
        if len(found) >= MOST_REFERENCES:
            break
    return tuple(found)


def _links(page: Page, block: HtmlElement | None) -> tuple[str, ...]:
    if block is None:
        return ()
    addresses = dict.fromkeys(address for _, address in links(page, block))
    return tuple(islice(addresses, MOST_REFERENCES))


def _without_headline(text: str, title: str) -> str:
    """Drop a first line that only says the title again: it is kept beside the text already."""
    first, _, rest = text.partition("\n")
    return rest.strip() if title and rest.strip() and first.strip() == title.strip() else text
