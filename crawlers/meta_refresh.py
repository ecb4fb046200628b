"""A page that sends its reader on by ``<meta http-equiv="refresh">`` instead of an answer that redirects."""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin

import lxml.html
from lxml import etree

from crawlers.extraction.encoding import decoded
from crawlers.extraction.page import inner_text

HEAD_BYTES = 16_384
LONGEST_WAIT_S = 10
# A page that waits and has a text of its own is meant to be read.
MOST_WORDS = 300
_CONTENT = re.compile(
    r"\s{0,9}(\d{1,6})(?:\.\d{0,6})?\s{0,9}[;,\s]\s{0,9}(?:url\s{0,9}=\s{0,9})?(\S.{0,2000})", re.IGNORECASE
)  # fmt: skip


def refresh_target(body: bytes, url: str, content_type: str = "") -> str | None:
    """Tell where a page sends its reader at once, or after a moment with nothing to read; None when it stays.

    The address may be of any scheme: whoever follows it judges it like that of a redirect.
    """
    head = body[:HEAD_BYTES]
    is_html = "html" in content_type.lower() or not content_type
    lower = head.lower() if is_html else b""
    if b"http-equiv" not in lower or b"refresh" not in lower:
        return None
    try:
        tree = lxml.html.document_fromstring(decoded(head, content_type)[0])
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    for element in tree.iter("meta"):
        if (element.get("http-equiv") or "").strip().lower() != "refresh":
            continue
        found = _CONTENT.match(element.get("content") or "")
        if found is None or next(element.iterancestors("noscript"), None) is not None:
            continue
        wait_s, target = int(found[1]), _joined(url, found[2].strip().strip("'\""))
        if target is None or wait_s > LONGEST_WAIT_S:
            return None
        is_short = len(body) < HEAD_BYTES and len(_words(tree)) <= MOST_WORDS
        return target if wait_s == 0 or is_short else None
    return None


def _joined(url: str, reference: str) -> str | None:
    """Resolve the address; None for a page that only loads itself anew."""
    try:
        target = urldefrag(urljoin(url, reference)).url
    except ValueError:
        return reference
    return None if target == urldefrag(url).url else target


def _words(tree: lxml.html.HtmlElement) -> str:
    body = tree.find("body")
    if body is None:
        return ""
    for element in list(body.iter("script", "style", "noscript")):
        element.drop_tree()
    return inner_text(body)
