"""What a source type is: it says which pages to fetch and reads what they hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.database.models.collecting import Source
from core.options import FieldSpec, Options
from crawlers.intake import CollectedDocument


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """What a source type may know of a source; it crosses process borders."""

    id: int
    name: str
    kind: str
    url: str
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageRequest:
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """``url`` is where the page was found in the end, after redirects; ``body`` is decompressed."""

    url: str
    body: bytes = field(repr=False)
    fetched_at: dt.datetime
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page that a source announced. ``hints`` fill what the page itself does not say."""

    url: str
    title: str | None = None
    published_at: dt.datetime | None = None
    author: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Harvest:
    """Documents that a page holds, the opening post first where it is a thread, and pages it announces."""

    documents: tuple[CollectedDocument, ...] = ()
    links: tuple[PageLink, ...] = ()
    is_thread: bool = False


class SourceType(Protocol):
    """Stateless; made without arguments. ``parse`` and ``parse_linked`` raise ExtractionError.

    ``revisits_links`` asks that linked pages be fetched again while they are young (threads grow).
    """

    name: str
    label: str
    options: tuple[FieldSpec, ...]
    needs_url: bool
    revisits_links: bool

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]: ...

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        """Read a page that ``requests`` named."""

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        """Read a page that ``parse`` announced."""


def profile(source: Source, options: Options) -> SourceProfile:
    return SourceProfile(
        id=source.id, name=source.name, kind=source.kind, url=source.url or "", options=options
    )
