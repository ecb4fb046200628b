"""What a page calls itself: ``<link rel=canonical>`` or ``og:url``, where that is to be believed."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from urllib.parse import urljoin, urlsplit

from crawlers.canonical_url import canonical_url
from crawlers.source import FetchedPage, Harvest

HEAD_BYTES = 65_536
_SECOND_LEVELS = frozenset({"com", "gov", "org", "net", "edu", "ac"})
_TAG = re.compile(rb"<(?:link|meta)\b[^>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z:_-]{1,30})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)  # fmt: skip
_NUMBER = re.compile(r"\d{4,}")
_SHORTEST_NAME = 8


def with_declared_address(harvest: Harvest, page: FetchedPage) -> Harvest:
    """Let the one article of a page have the address that the page declares for itself."""
    if len(harvest.documents) != 1 or harvest.is_thread:
        return harvest
    document = harvest.documents[0]
    if document.anchor is not None or document.url != page.url:
        return harvest
    declared = declared_address(page)
    return harvest if declared is None else replace(harvest, documents=(replace(document, url=declared),))  # fmt: skip


def declared_address(page: FetchedPage) -> str | None:
    """Read ``<link rel=canonical>`` or ``og:url``; None unless it surely means this very page.

    It must lie on the same site and carry the number or name that ends the page's own address: templates
    that declare one address for all their pages, such as the home page, carry none.
    """
    for candidate in _candidates(page.body[:HEAD_BYTES]):
        try:
            declared = canonical_url(urljoin(page.url, candidate))
            own, other = urlsplit(canonical_url(page.url)), urlsplit(declared)
        except ValueError:
            continue
        if other.scheme not in {"http", "https"} or site_of(other) != site_of(own):
            continue
        mark = _mark(own.path, own.query)
        if mark and mark in f"{other.path}?{other.query}":
            return declared
    return None


def site_of(parts: object) -> str:
    """Name the registered name of a host roughly: two labels, or three below .com.cn and the like."""
    host = str(getattr(parts, "hostname", None) or "")
    labels = host.split(".")
    if _is_number(host):
        return str(getattr(parts, "netloc", host))
    is_deep = labels[-1] == "cn" and labels[-2:-1] and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3:] if is_deep else labels[-2:])


def _candidates(head: bytes) -> list[str]:
    canonical, shared = [], []
    for tag in _TAG.findall(head):
        attributes = {
            name.lower(): unescape(a or b or c)
            for name, a, b, c in _ATTRIBUTE.findall(tag.decode("latin-1"))
        }
        if attributes.get("rel", "").lower() == "canonical" and attributes.get("href"):
            canonical.append(attributes["href"])
        elif attributes.get("property", "").lower() == "og:url" and attributes.get("content"):
            shared.append(attributes["content"])
    return canonical + shared


def _mark(path: str, query: str) -> str:
    """Pick what tells a page from its neighbours: the longest number at the end, else the whole last name."""
    name = re.sub(r"\.\w{1,5}$", "", path.rstrip("/").rpartition("/")[2])
    values = " ".join(piece.partition("=")[2] for piece in query.split("&"))
    number = max(_NUMBER.findall(f"{name} {values}"), key=len, default="")
    if number:
        return number
    return name if len(name) >= _SHORTEST_NAME else ""


def _is_number(netloc: str) -> bool:
    host = netloc.rpartition("@")[2].partition(":")[0]
    return netloc.startswith("[") or all(label.isdigit() for label in host.split("."))
