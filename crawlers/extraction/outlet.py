"""Which outlet an article stands in, and which it was taken from (来源：)."""

import re

from crawlers.extraction.byline import head_text
from crawlers.extraction.page import Page

_OUTLET = re.compile(
    r"(?:信息|稿件|文章)?来\s*源\s*[:：]\s*(?P<name>[^\s|:：，。；()（）【】\[\]]{2,20}?)"
    r"(?=\s|$|[|，。；()（）【】\[\]]|作者|记者|责任编辑|责编|编辑|发布|时间|字号|浏览|点击|(?:19|20)\d\d)"
)


def outlet(page: Page) -> str | None:
    """Name whom the page says it took the text from (来源：)."""
    found = _OUTLET.search(head_text(page))
    return found["name"] if found else page.meta.get("og:site_name") or None


def original_source(page: Page) -> str | None:
    found = _OUTLET.search(head_text(page))
    return found["name"] if found else None
