"""Pieces of HTML, as feeds and interfaces carry them, as plain text."""

import lxml.html
from lxml import etree

_BREAKS = ("p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote")
_UNREAD = ("script", "style", "template", "noscript")
LONGEST_MARKUP = 1_000_000


def plain_text(markup: str) -> str:
    """Turn a piece of HTML into text, one paragraph a line."""
    markup = markup[:LONGEST_MARKUP]
    if "<" not in markup and "&" not in markup:
        return markup.strip()
    try:
        # Some feeds put a whole page there, or the first half of one.
        fragment = lxml.html.document_fromstring(f"<div>{markup}</div>")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return markup.strip()
    for element in list(fragment.iter(*_UNREAD)):
        element.drop_tree()
    for element in fragment.iter(*_BREAKS):
        element.tail = "\n" + (element.tail or "")
    lines = "".join(str(part) for part in fragment.itertext()).split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())
