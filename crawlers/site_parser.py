"""What a parser written for one site gives, and the choice of the one that a page needs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from core.clock import SHANGHAI
from crawlers.extraction.facts import Facts
from crawlers.extraction.page import Page
from crawlers.extraction.published_time import time_in_url
from crawlers.extraction.spelled_time import Moment

SHORTEST_TEXT = 20
"""Less than this is no article: the site has changed, or the page is a notice."""


@dataclass(frozen=True, slots=True)
class SiteArticle:
    """``element`` holds the text. None leaves a fact to the general reading of the page."""

    title: str
    text: str = field(repr=False)
    element: HtmlElement = field(repr=False)
    published: Moment | None = None
    author: str | None = field(default=None, repr=False)
    original_source: str | None = None

    @property
    def is_plausible(self) -> bool:
        return bool(self.title) and len(self.text) >= SHORTEST_TEXT

    def corrected(self, facts: Facts) -> Facts:
        """Put what the parser knows in place of what the general reading found."""
        source = self.original_source
        return replace(
            facts,
            title=self.title,
            author=self.author or facts.author,
            published_at=self.published.at if self.published else facts.published_at,
            is_day_only=self.published.is_day_only if self.published else facts.is_day_only,
            original_source=facts.original_source if source in {None, facts.outlet} else source,
        )


class SiteParser(Protocol):
    """One layout of one site, named V1, V2 … in the order of the redesigns.

    Pages published from ``VALID_FROM`` on and before ``VALID_UNTIL`` have this layout; None is an open end.
    """

    VALID_FROM: ClassVar[dt.date | None]
    VALID_UNTIL: ClassVar[dt.date | None]

    def parse(self, page: Page, now: dt.datetime) -> SiteArticle | None:
        """Give None for a page that does not have the layout. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """A site is its hosts, each with all hosts below it, and its layouts, newest first."""

    hosts: tuple[str, ...]
    versions: tuple[type[SiteParser], ...]

    def serves(self, url: str) -> bool:
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return False
        return any(host == known or host.endswith("." + known) for known in self.hosts)

    def version(self, day: dt.date) -> type[SiteParser] | None:
        """Choose the layout that the site had on a day."""
        for version in self.versions:
            begun = version.VALID_FROM is None or day >= version.VALID_FROM
            if begun and (version.VALID_UNTIL is None or day < version.VALID_UNTIL):
                return version
        return None


def layout_day(page: Page, now: dt.datetime) -> dt.date:
    """Give the day whose layout a page has: old pages keep theirs, so the day in the address goes first."""
    return (time_in_url(page.url) or now).astimezone(SHANGHAI).date()
