"""Fetched bytes, compressed and sealed, with what was asked for them; retention deletes them after seven days."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.crypto.keyring import Keyring
from core.database.base import JsonObject
from core.database.models.collecting import RawResponse

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PURPOSE = "raw_response"
WITHHELD = "withheld"
# Cookies identify us or a session, and prove nothing about the page.
_DROPPED_ANSWERS = frozenset({"set-cookie", "set-cookie2", "proxy-authenticate"})
# Of what was sent only headers that cannot carry a key are kept as they were.
_SHOWN_REQUESTS = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "content-type", "host",
        "if-modified-since", "if-none-match", "referer", "user-agent",
    }
)  # fmt: skip
_KEY_ENDINGS = ("key", "token", "secret", "password", "passwd", "signature", "sessionid")
_KEY_NAMES = frozenset({"sign", "sig", "auth", "session", "ticket"})
# A fifth of the time of zlib's usual level, and a little smaller.
_LEVEL = 3
_ZSTD = b"\x28\xb5\x2f\xfd"
_MOST_HEADERS = 100
_LONGEST_VALUE = 4096

# The columns of a row that is still to be written.
SealedRow: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What was asked of the site. ``remote_address`` is the one connected to, where that is known.

    With ``is_browser`` a browser then ran the scripts of the page that was answered.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    remote_address: str | None = None
    is_browser: bool = False
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class RawPage:
    """An answer; ``body`` is what the site sent once transfer and content encodings were taken off."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    fetched_at: dt.datetime
    request: SentRequest | None = None


def keep_all(session: Session, rows: Sequence[SealedRow]) -> None:
    """Keep what ``sealed`` gave for seven days, in one go: nobody waits for one answer after the other."""
    if rows:
        session.connection().execute(insert(RawResponse), rows)


def sealed(keyring: Keyring, page: RawPage, *, document_id: int | None) -> SealedRow:
    """Make a row of an answer; cookies are dropped, keys in headers and addresses withheld."""
    return {
        "document_id": document_id,
        "url": without_keys(page.url),
        "fetched_at": page.fetched_at,
        "status": page.status,
        "headers": _kept(page.headers),
        "sha256": hashlib.sha256(page.body).digest(),
        "sealed_body": keyring.seal(zstd.compress(page.body, _LEVEL), purpose=PURPOSE),
        "request": _asked(page.request) if page.request else None,
    }


def open_raw(raw: RawResponse, keyring: Keyring) -> RawPage:
    """Give back the page as it was kept; raises SealedSecretError when it was altered."""
    return RawPage(
        url=raw.url,
        status=raw.status,
        headers={str(name): str(value) for name, value in raw.headers.items()},
        body=_unpacked(keyring.unseal(raw.sealed_body, purpose=PURPOSE)),
        fetched_at=raw.fetched_at,
        request=_sent(raw.request) if raw.request else None,
    )


def _unpacked(packed: bytes) -> bytes:
    # Rows of earlier versions are packed by zlib, which never begins so.
    return zstd.decompress(packed) if packed.startswith(_ZSTD) else zlib.decompress(packed)


def without_keys(url: str) -> str:
    """Withhold the values of parameters that look like keys; an address without them stays as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    fields = parse_qsl(parts.query, keep_blank_values=True)
    if not any(_is_key(name) for name, _ in fields) and parts.password is None:
        return url
    query = urlencode([(name, WITHHELD if _is_key(name) else value) for name, value in fields])
    return parts._replace(query=query, netloc=_without_password(parts)).geturl()


def _without_password(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2] if parts.password is not None else parts.netloc


def _is_key(name: str) -> bool:
    return name.lower() in _KEY_NAMES or name.lower().endswith(_KEY_ENDINGS)


def _kept(headers: Mapping[str, str]) -> JsonObject:
    kept = [
        (n, v[:_LONGEST_VALUE]) for n, v in headers.items() if n.lower() not in _DROPPED_ANSWERS
    ]
    return dict(kept[:_MOST_HEADERS])


def _asked(request: SentRequest) -> JsonObject:
    headers = {
        name: value if name.lower() in _SHOWN_REQUESTS else WITHHELD
        for name, value in list(request.headers.items())[:_MOST_HEADERS]
        if name.lower() != "cookie"
    }
    return {
        "method": request.method,
        "url": without_keys(request.url),
        "headers": headers,
        "remote_address": request.remote_address,
        "is_browser": request.is_browser,
        "body": _shown_body(request.body),
    }


def _shown_body(body: bytes) -> str:
    """Give what was posted, the values of keys withheld; what is neither JSON nor a form is withheld whole."""
    if not body:
        return ""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return WITHHELD
    try:
        posted = json.loads(text)
    except ValueError:
        fields = parse_qsl(text, keep_blank_values=True) if "=" in text else []
    else:
        is_open = isinstance(posted, (dict, list))
        shown_json = json.dumps(_without_keys_inside(posted), ensure_ascii=False)
        return shown_json if is_open else WITHHELD
    shown = [(name, WITHHELD if _is_key(name) else value) for name, value in fields]
    return urlencode(shown) or WITHHELD


def _without_keys_inside(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: WITHHELD if _is_key(str(name)) else _without_keys_inside(inner)
            for name, inner in value.items()
        }
    return [_without_keys_inside(inner) for inner in value] if isinstance(value, list) else value


def _sent(kept: JsonObject) -> SentRequest:
    headers, address = kept.get("headers"), kept.get("remote_address")
    return SentRequest(
        method=str(kept.get("method") or "GET"),
        url=str(kept.get("url") or ""),
        headers={str(name): str(value) for name, value in headers.items()}
        if isinstance(headers, dict)
        else {},
        remote_address=str(address) if address else None,
        is_browser=bool(kept.get("is_browser")),
        body=str(kept.get("body") or "").encode(),
    )
