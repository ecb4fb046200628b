"""The facts around an article: its headline, author, time, outlet and first source."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from crawlers.extraction.byline import author
from crawlers.extraction.headline import headline
from crawlers.extraction.outlet import original_source, outlet
from crawlers.extraction.page import Page
from crawlers.extraction.page_time import page_time
from crawlers.extraction.surroundings import Surroundings, span_of
from crawlers.extraction.visible_lines import visible_lines


@dataclass(frozen=True, slots=True)
class Facts:
    """``published_at`` is aware UTC, midnight in Shanghai where ``is_day_only``; None is unknown.

    Several authors are joined by a space. ``original_source`` is only what differs from the site;
    where the site does not name itself, both are the source that it names.
    """

    title: str
    author: str | None = field(repr=False)
    published_at: dt.datetime | None
    is_day_only: bool
    outlet: str | None
    original_source: str | None


def read_facts(page: Page, text: str, *, now: dt.datetime) -> Facts:
    """Read what stands around ``text``, the article's text as an extractor found it."""
    lines = visible_lines(page.tree)
    span = span_of(text, lines)
    found = headline(page, lines, span)
    around = Surroundings(page, lines, span, found.index)
    moment = page_time(around, now)
    site = outlet(around, found.text)
    source = original_source(around, site)
    return Facts(
        title=found.text,
        author=author(around),
        published_at=moment.at if moment else None,
        is_day_only=moment.is_day_only if moment else False,
        outlet=site or source,
        original_source=source,
    )
