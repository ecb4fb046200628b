"""CSS selectors that people write: checked when they are saved, forgiving only about what they find."""

from __future__ import annotations

from collections.abc import Iterable

from cssselect import HTMLTranslator, SelectorError
from lxml.etree import XPathError
from lxml.html import HtmlElement

from core.errors import ExtractionError
from core.options import Options
from crawlers.extraction.page import inner_text

MOST_SELECTED = 5000
MOST_PARTS = 50


def selector_fault(selector: str) -> str | None:
    """Say in a Chinese sentence why a selector cannot be used."""
    try:
        HTMLTranslator().css_to_xpath(selector)
    except (SelectorError, RecursionError):
        return f"「{selector}」不是正确的 CSS 选择器。"
    return None


def selector_faults(options: Options, names: Iterable[str]) -> dict[str, str]:
    found = {
        name: selector_fault(selector) for name in names if (selector := options.get(name))
        and isinstance(selector, str)
    }  # fmt: skip
    return {name: fault for name, fault in found.items() if fault is not None}


def select(root: HtmlElement, selector: str) -> list[HtmlElement]:
    """Raise ExtractionError for what is no CSS selector."""
    try:
        return list(root.cssselect(selector))[:MOST_SELECTED]
    except (SelectorError, XPathError, RecursionError) as error:
        raise ExtractionError(f"「{selector}」不是正确的 CSS 选择器。") from error


def selected_text(root: HtmlElement, selector: object) -> str:
    """Give the text of what is selected, one line each; empty without a selector."""
    if not selector:
        return ""
    texts = (inner_text(element) for element in select(root, str(selector))[:MOST_PARTS])
    return "\n".join(text for text in texts if text)
