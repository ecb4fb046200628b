"""Reading a page by the places of a known layout."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from lxml.html import HtmlElement

from crawlers.extraction.outlet import named_source
from crawlers.extraction.page import Page, inner_text
from crawlers.extraction.spelled_time import Moment, moments
from crawlers.extraction.visible_lines import visible_lines
from crawlers.site_parser import SiteArticle

_LINE_BREAKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Places:
    """XPath expressions of a layout; ``left_out`` matches lines of the text that are no part of it.

    ``apart`` is an expression for the boxes that are set into the text.
    """

    headline: str
    text: str
    dateline: str
    left_out: re.Pattern[str] | None = None
    apart: str | None = None


def read_places(page: Page, places: Places, now: dt.datetime) -> SiteArticle | None:
    """Give None when headline or text are not where the layout has them."""
    headline, text = _first(page, places.headline), _first(page, places.text)
    if headline is None or text is None:
        return None
    dateline = _spaced(_first(page, places.dateline))
    boxes = frozenset(page.tree.xpath(places.apart)) if places.apart else frozenset()
    lines = [line.text for line in visible_lines(text, boxes)]
    if places.left_out is not None:
        lines = [line for line in lines if not places.left_out.search(line)]
    return SiteArticle(
        title=_LINE_BREAKS.sub(" ", inner_text(headline)).strip(),
        text="\n".join(lines),
        element=text,
        published=_moment(dateline, now),
        original_source=named_source(dateline),
    )


def with_class(name: str, tag: str = "div") -> str:
    """Give the expression for elements that have a class among others."""
    return f"//{tag}[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"


def _first(page: Page, expression: str) -> HtmlElement | None:
    found = page.tree.xpath(expression)
    return found[0] if found else None


def _spaced(element: HtmlElement | None) -> str:
    if element is None:
        return ""
    return _LINE_BREAKS.sub(" ", " ".join(element.itertext())).strip()


def _moment(dateline: str, now: dt.datetime) -> Moment | None:
    return next(moments(dateline, now), None)
