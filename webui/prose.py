"""Prepares our own articles for a page whose policy forbids inline styles and foreign pictures."""

from __future__ import annotations

import re

import nh3
from markupsafe import Markup, escape

from media_matrix.variants import HTML_CHANNELS, rendered_html

_TAGS = {
    "a", "b", "blockquote", "br", "code", "em", "figcaption", "figure", "h2", "h3", "h4", "hr", "i", "li",
    "ol", "p", "pre", "section", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}}
_IMAGE = re.compile(r"<img\b([^>]*)>", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"\balt\s*=\s*[\"']([^\"']*)", re.IGNORECASE)


def article_html(html: str) -> Markup:
    """Clean stored HTML once more; a picture becomes its description, links open elsewhere."""
    worded = _IMAGE.sub(_described, html)
    cleaned = nh3.clean(
        worded,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )
    # Just cleaned by nh3, so it may stand unescaped.
    return Markup(cleaned)  # noqa: S704


def channel_html(channel: str, text: str) -> Markup:
    """Show a channel's wording: HTML where the channel takes it, else lines of plain text."""
    if channel in HTML_CHANNELS:
        return article_html(text)
    return Markup("<br>").join(escape(line) for line in text.splitlines())


def _described(found: re.Match[str]) -> str:
    words = _ALTERNATIVE.search(found[1])
    return f"<span>［图片：{words[1] if words and words[1] else '没有说明'}］</span>"


def master_html(body: str) -> Markup:
    """Show a master text, written in Markdown."""
    return article_html(rendered_html(body))
