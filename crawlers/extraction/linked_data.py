"""What a page says about itself for machines (JSON-LD)."""

import json
from collections.abc import Iterator

from crawlers.extraction.page import Page


def linked_data(page: Page, key: str) -> Iterator[str]:
    for element in page.tree.xpath("//script[@type='application/ld+json']"):
        try:
            data: object = json.loads(element.text or "")
        except (ValueError, RecursionError):
            continue
        for item in data if isinstance(data, list) else [data]:
            if isinstance(item, dict) and isinstance(item.get(key), str):
                yield item[key]
