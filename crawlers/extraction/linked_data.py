"""What a page says about itself for machines (JSON-LD)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from crawlers.extraction.page import Page

_MOST_SCRIPTS = 20
_DEEPEST = 6
_LONGEST_NAME = 200
_MOST_NAMES = 20
_LONGEST_VALUE = 1000
_LONGEST = 500_000
_ARTICLE = re.compile(
    r"article|news|blog|post|report|webpage|discussion|question|creative", re.IGNORECASE
)
_LINE_BREAKS = re.compile(r"[\r\n\t]+")


def linked_data(page: Page, key: str) -> Iterator[str]:
    """Give the texts under a key, of articles before those of other things."""
    for item in _items(page):
        value = item.get(key)
        if isinstance(value, str) and value.strip():
            yield value.strip()[:_LONGEST_VALUE]


def linked_data_names(page: Page, key: str) -> list[str]:
    """Give the names under a key, which may hold a name, a thing with a name, or a list of them."""
    names: list[str] = []
    for item in _items(page):
        value = item.get(key)
        for one in value if isinstance(value, list) else [value]:
            name = one.get("name") if isinstance(one, dict) else one
            if isinstance(name, str) and name.strip():
                names.append(name.strip()[:_LONGEST_NAME])
    return names[:_MOST_NAMES]


def _items(page: Page) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for element in page.tree.xpath("//script[contains(@type, 'ld+json')]")[:_MOST_SCRIPTS]:
        text = (element.text or "")[:_LONGEST]
        try:
            data: object = json.loads(_LINE_BREAKS.sub(" ", text))
        except (ValueError, RecursionError):
            continue
        found += _things(data, 0)
    return sorted(found, key=lambda item: not _ARTICLE.search(str(item.get("@type", ""))))


def _things(data: object, depth: int) -> Iterator[dict[str, object]]:
    if depth > _DEEPEST:
        return
    if isinstance(data, list):
        for one in data:
            yield from _things(one, depth + 1)
    elif isinstance(data, dict):
        yield data
        yield from _things(data.get("@graph"), depth + 1)
        yield from _things(data.get("mainEntity"), depth + 1)
