"""Which addresses are one page although they are spelt differently.

A key is compared, never fetched. On top of ``canonical_url``:

| what | in the key |
|---|---|
| ``http``, ``https`` | dropped |
| ``www.``, ``m.``, ``wap.``, ``3g.``, ``mobile.``, ``touch.``, ``h5.``, ``i.``, ``amp.`` before a registered name | dropped |
| ``/touch/…``, ``/wap/…``, ``/amp/…``, ``/m/…`` in front; ``/amp``, ``.amp`` at the end; ``amp=1`` | dropped |
| ``index.*``, ``default.*`` at the end; slashes at the end | dropped |

Parameters keep their order: on some sites it matters.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from crawlers.canonical_url import canonical_url

_TWIN_HOST = re.compile(r"^(?:(?:www\d?|m|wap|3g|mobile|touch|h5|i|amp)\.(?=[^.]+\.[^.]))+")
_TWIN_PATH = re.compile(r"^/(?:touch|wap|amp|m|mobile)(?=/.)", re.IGNORECASE)
_AMP_END = re.compile(r"/amp/*$|\.amp(?=(?:\.s?html?)?$)", re.IGNORECASE)
_INDEX = re.compile(r"/(?:index|default)\.(?:s?html?|php|aspx?|jsp|do)$", re.IGNORECASE)
_AMP_PARAMETER = frozenset({"amp", "amp=1", "amp=true", "outputtype=amp"})


def page_key(url: str) -> str:
    """Spell an address so that twins are equal; raises ValueError for what is no address."""
    parts = urlsplit(canonical_url(url))
    if parts.scheme not in {"http", "https"}:
        return url
    host = parts.netloc
    if not _is_number(host):
        host = _TWIN_HOST.sub("", host)
    path = _TWIN_PATH.sub("", parts.path)
    path = _INDEX.sub("/", _AMP_END.sub("", path)).rstrip("/")
    query = "&".join(
        piece for piece in parts.query.split("&") if piece.lower() not in _AMP_PARAMETER
    )
    return urlunsplit(("", host, path, query, parts.fragment)).removeprefix("//")


def spellings(url: str) -> tuple[str, ...]:
    """Give the addresses under which a page may have been stored before its site changed to https or www."""
    canonical = canonical_url(url)
    parts = urlsplit(canonical)
    if parts.scheme not in {"http", "https"} or ":" in parts.netloc or _is_number(parts.netloc):
        # A port belongs to one scheme.
        return (canonical,)
    bare = parts.netloc.removeprefix("www.")
    return (
        canonical,
        *(
            other
            for scheme in ("https", "http")
            for host in (bare, f"www.{bare}")
            if (other := urlunsplit(parts._replace(scheme=scheme, netloc=host))) != canonical
        ),
    )


def _is_number(netloc: str) -> bool:
    host = netloc.rpartition("@")[2].partition(":")[0]
    return netloc.startswith("[") or all(label.isdigit() for label in host.split("."))
