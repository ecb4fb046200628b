"""The time of publication, looked for everywhere that a page may name it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from crawlers.extraction.byline import head_text
from crawlers.extraction.linked_data import linked_data
from crawlers.extraction.page import Page, inner_text
from crawlers.extraction.published_time import read_time, time_in_url

_TIME_NAMES = re.compile(
    r"(?:article:published_time|og:release_date|pubdate|publishdate|publish_?date|publish-?time|"
    r"weibo:\s?article:create_at|datepublished|date|dc\.date|release_?date)",
    re.IGNORECASE,
)
_TIME_CLASS = re.compile(r"time|date|pub|info|source|meta|article-?head", re.IGNORECASE)
_LONGEST_BYLINE = 200


def page_time(page: Page, now: dt.datetime) -> dt.datetime | None:
    """Look in the meta data, the linked data, the visible head and last in the address."""
    for name, content in page.meta.items():
        if _TIME_NAMES.fullmatch(name) and (found := read_time(content, now)):
            return found
    for value in linked_data(page, "datePublished"):
        if found := read_time(value, now):
            return found
    for text in (*_time_texts(page), head_text(page)):
        if found := read_time(text, now):
            return found
    return time_in_url(page.url)


def _time_texts(page: Page) -> Iterator[str]:
    for element in page.tree.iter("time", "span", "div", "p", "em", "i", "td"):
        if element.tag == "time":
            yield element.get("datetime") or inner_text(element)
            continue
        label = f"{element.get('class') or ''} {element.get('id') or ''}"
        if not _TIME_CLASS.search(label):
            continue
        text = inner_text(element)
        if 8 <= len(text) <= _LONGEST_BYLINE:  # noqa: PLR2004 (shorter texts hold no date)
            yield text
