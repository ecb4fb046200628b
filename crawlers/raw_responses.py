"""Fetched bytes, compressed and sealed; retention deletes them after seven days unless they are evidence."""

from __future__ import annotations

import datetime as dt
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from core.crypto.keyring import Keyring
from core.database.models.collecting import RawResponse

PURPOSE = "raw_response"
# Cookies and the like identify us or a session, and prove nothing about the page.
_KEPT_HEADERS = frozenset(
    {
        "content-type",
        "content-length",
        "date",
        "last-modified",
        "etag",
        "server",
        "content-encoding",
    }
)


@dataclass(frozen=True, slots=True)
class RawPage:
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    fetched_at: dt.datetime


def keep_raw(session: Session, keyring: Keyring, page: RawPage, *, document_id: int | None) -> None:
    session.add(
        RawResponse(
            document_id=document_id,
            url=page.url,
            fetched_at=page.fetched_at,
            status=page.status,
            headers={n: v for n, v in page.headers.items() if n.lower() in _KEPT_HEADERS},
            sha256=hashlib.sha256(page.body).digest(),
            sealed_body=keyring.seal(zlib.compress(page.body, 6), purpose=PURPOSE),
        )
    )


def open_raw(raw: RawResponse, keyring: Keyring) -> bytes:
    """Give back the bytes as fetched; raises SealedSecretError when they were altered."""
    return zlib.decompress(keyring.unseal(raw.sealed_body, purpose=PURPOSE))
