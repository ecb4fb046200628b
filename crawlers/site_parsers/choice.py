"""Which parser reads a page, and whether it could."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from crawlers.extraction.page import Page
from crawlers.site_parser import SiteArticle, layout_day
from crawlers.site_parsers import SITES


@dataclass(frozen=True, slots=True)
class SiteReading:
    """``parser`` is a name like ``site:people.V2``; ``article`` is None where it did not find one."""

    parser: str
    article: SiteArticle | None


def site_reading(page: Page, now: dt.datetime) -> SiteReading | None:
    """Read a page by the layout its site had on its day; None for sites without parsers."""
    for name in SITES:
        site = SITES.load(name)
        version = site.version(layout_day(page, now)) if site.serves(page.url) else None
        if version is None:
            continue
        article = version().parse(page, now)
        if article is not None and not article.is_plausible:
            article = None
        return SiteReading(f"site:{name}.{version.__name__}", article)
    return None
