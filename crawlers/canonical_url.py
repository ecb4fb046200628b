"""One spelling for the many addresses of one page; what it gives can be fetched and shown as a link.

| what | becomes |
|---|---|
| scheme and host in capitals, a dot after the host, an IDN | lower case, no dot, punycode |
| default port | dropped |
| ``%7e``, ``%7E``, ``~``; ``%e4``; raw Chinese or spaces | ``~``; ``%E4``; escaped UTF-8 (RFC 3986 §6.2.2) |
| ``/a/./b/../c`` | ``/a/c`` (RFC 3986 §5.2.4) |
| no path | ``/`` |
| tracking parameters, session ids, also ``;jsessionid=`` | dropped; the others keep order and spelling |
| fragment | dropped, unless it is a route (``#/…``, ``#!…``) |

Twins that may not answer alike (http/https, www, mobile hosts, index pages) are told by ``page_identity``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

_TRACKING = re.compile(
    r"(?:utm_\w+|spm(?:_id_from)?|scm|share(?:_\w+)?|share(?:uid|id|source|from|token|type|user|medium)|"
    r"_?ga|_gl|[gd]clid|[gw]braid|fbclid|msclkid|yclid|mc_[ce]id|isappinstalled|wfr|nsukey|timestamps?|timestampms|weibo_id|"
    r"vd_source|pass_ticket|scene|clicktime|enterid|hm(?:sr|pl|cu|kw|ci)|tdsourcetag|s_trans|chksm|bd_vid|qq-pf-to|"
    r"from_?source|from_?module|_t|_r|_rnd|phpsessid|jsessionid|aspsessionid\w*|session_?id|zenid|oscsid|cfid|cftoken)",
    re.IGNORECASE,
)
# ``from=timeline`` says where a reader came from, ``from=20`` which part of a list is wanted.
_CAME_FROM = re.compile(r"from=(?!\d+$)", re.IGNORECASE)
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sessionid)=[^/?#;]*", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# Characters that need no escape or that already escape something.
_PATH_SAFE = "/:@!$&'()*+,;=~%-._[]|"
_QUERY_SAFE = _PATH_SAFE + "?"


# A page's own address is spelled several times on its way into the database.
@lru_cache(maxsize=1024)
def canonical_url(url: str) -> str:
    """Spell the address as the table above says; applying it twice changes nothing.

    Other schemes come back unchanged. Raises ValueError for what is no address.
    """
    url = url.strip()
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        return url
    netloc = _netloc(parts.netloc, scheme)
    if not netloc:
        raise ValueError(f"no host in {url!r}")
    path = _without_dots(_escaped(_PATH_SESSION.sub("", parts.path), _PATH_SAFE)) or "/"
    kept = [piece for piece in parts.query.split("&") if piece and not _is_tracking(piece)]
    fragment = parts.fragment if parts.fragment.startswith(("/", "!")) else ""
    if len(fragment) < len("#!x"):
        fragment = ""
    return urlunsplit((
        scheme, netloc, path, _escaped("&".join(kept), _QUERY_SAFE), _escaped(fragment, _QUERY_SAFE)
    ))  # fmt: skip


def _netloc(netloc: str, scheme: str) -> str:
    credentials, at, place = netloc.rpartition("@")
    host, port = place, ""
    if not place.endswith("]"):
        head, colon, tail = place.rpartition(":")
        if colon and (not tail or tail.isdigit()):
            host, port = head, tail
    host = host.lower().rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            # The address policy refuses what is no name; here it only has to stay itself.
            host = quote(host, safe="[]:.%-_", errors="replace")
    if port in {"", _DEFAULT_PORTS[scheme]}:
        return f"{credentials}{at}{host}" if host else ""
    return f"{credentials}{at}{host}:{port}" if host else ""


def _is_tracking(piece: str) -> bool:
    return (
        _TRACKING.fullmatch(piece.partition("=")[0]) is not None
        or _CAME_FROM.match(piece) is not None
    )


def _escaped(text: str, safe: str) -> str:
    def spelt(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if character in _UNRESERVED else found[0].upper()

    return quote(_ESCAPE.sub(spelt, text), safe=safe, errors="replace")


def _without_dots(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for position, segment in enumerate(segments):
        is_last = position == len(segments) - 1
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
            if is_last:
                kept.append("")
        elif segment != ".":
            kept.append(segment)
        elif is_last:
            kept.append("")
    return "/".join(kept)
