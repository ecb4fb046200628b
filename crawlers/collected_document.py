"""A text as it was found, before anything of it is stored."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum

from crawlers.canonical_url import canonical_url

LONGEST_TITLE = 500
LONGEST_TEXT = 100_000
# PostgreSQL stores no NUL and UTF-8 knows no lone surrogate; the other control characters mean nothing.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class AnswerState(StrEnum):
    """Whether the office that a message was written to has answered it."""

    PENDING = "pending"
    REPLIED = "replied"


@dataclass(frozen=True, slots=True)
class CollectedDocument:
    """A text as it was found. ``author`` is the raw name: it lives in memory only and is stored as a hash.

    ``anchor`` tells apart several documents of one page (replies of a thread). ``thread_url`` is the address of
    the opening post that a reply belongs to. ``platform`` and ``level`` default to those of the source;
    ``published_at`` None means that the page does not say.
    """

    title: str
    text: str
    url: str
    published_at: dt.datetime | None = None
    author: str | None = field(default=None, repr=False)
    platform: str | None = None
    outlet: str | None = None
    level: str | None = None
    kind: str = "post"
    original_source: str | None = None
    views: int | None = None
    reposts: int | None = None
    comments: int | None = None
    likes: int | None = None
    rank: int | None = None
    anchor: str | None = None
    thread_url: str | None = None
    answer_state: AnswerState | None = None
    answered_at: dt.datetime | None = None
    extractor: str | None = None
    extraction_score: float | None = None


def cleaned(text: str) -> str:
    return _UNSTORABLE.sub("", text).strip()


def content_hash(title: str, text: str) -> bytes:
    return hashlib.sha256(f"{title}\0{text}".encode()).digest()


def stored_title(collected: CollectedDocument) -> str:
    return cleaned(collected.title)[:LONGEST_TITLE]


def stored_text(collected: CollectedDocument) -> str:
    return cleaned(collected.text)[:LONGEST_TEXT]


def document_url(collected: CollectedDocument) -> str:
    url = canonical_url(cleaned(collected.url))
    return f"{url}#{collected.anchor}" if collected.anchor else url
