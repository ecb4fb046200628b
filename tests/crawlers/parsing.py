"""Pages as a test hands them to a source type."""

from __future__ import annotations

import datetime as dt
import json

from core.options import parse_options
from crawlers.source import Cursor, FetchedPage, Harvest, SourceProfile
from crawlers.source_types import SOURCE_TYPES

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
ADDRESS = "https://news.example.com/list"
# What has no default because every site is different.
REQUIRED: dict[str, dict[str, object]] = {
    "forum": {"post_selector": ".post"},
    "message_board": {"text_selector": ".text"},
    "replay": {"file": "pages.warc.gz"},
}


def page_of(
    body: object, url: str = ADDRESS, *, number: int = 1, cursor: Cursor | None = None
) -> FetchedPage:
    """Make a page of a text, of bytes, or of what is then sent as JSON."""
    if not isinstance(body, (str, bytes)):
        body = json.dumps(body, ensure_ascii=False)
    content = body.encode() if isinstance(body, str) else body
    return FetchedPage(url, content, NOW, number=number, first_url=url, cursor=cursor or {})


def source_of(kind: str, url: str = ADDRESS, **options: object) -> SourceProfile:
    specs = SOURCE_TYPES.load(kind).options
    typed = parse_options(specs, {**REQUIRED.get(kind, {}), **options})
    return SourceProfile(1, "信源", kind, url, typed)


def parsed(kind: str, body: object, **options: object) -> Harvest:
    return SOURCE_TYPES.load(kind)().parse(page_of(body), source_of(kind, ADDRESS, **options))


def parsed_linked(kind: str, body: object, url: str, **options: object) -> Harvest:
    return SOURCE_TYPES.load(kind)().parse_linked(
        page_of(body, url), source_of(kind, ADDRESS, **options)
    )
