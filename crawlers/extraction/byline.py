"""Who wrote an article, as the page says it near the headline."""

import re

from crawlers.extraction.headline import page_title
from crawlers.extraction.page import SPACES, Page

_BYLINE = re.compile(
    r"(?:作\s*者|责任编辑|本报记者|记者|编辑|文)\s*[:：／/]\s*(?P<name>[\u4e00-\u9fff·]{2,8})"
)
_HEAD_LENGTH = 3000


def head_text(page: Page) -> str:
    """Give the visible text from the headline on, where bylines stand."""
    body = page.tree.find("body")
    text = " ".join(
        str(part) for part in (page.tree if body is None else body).xpath(
            ".//text()[not(ancestor::script or ancestor::style or ancestor::noscript)]"
        )
    )  # fmt: skip
    text = SPACES.sub(" ", text)
    title = page_title(page)
    start = text.find(title) if title else -1
    return text[max(start, 0) :][:_HEAD_LENGTH]


def byline(page: Page) -> str | None:
    found = _BYLINE.search(head_text(page))
    if found is not None:
        return found["name"]
    named = page.meta.get("author", "")
    return named if 0 < len(named) <= 20 else None  # noqa: PLR2004 (longer ones are slogans)
