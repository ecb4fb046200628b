"""What a source type is: it says which pages to fetch and reads what they hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from core.database.models.collecting import Source
from core.options import FieldSpec, Options
from crawlers.intake import CollectedDocument

# What a visit leaves for the next: JSON values only.
Cursor: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """What a source type may know of a source; it crosses process borders.

    ``cursor`` is what the last visit left, empty before the first. ``options`` hold no secrets: those stay in
    ``sealed_options``, which only whoever sends requests can open.
    """

    id: int
    name: str
    kind: str
    url: str
    options: Options = field(default_factory=dict)
    cursor: Cursor = field(default_factory=dict)
    needs_browser: bool = False
    sealed_options: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a visit; with a ``body`` it is a POST. ``number`` counts from 1 and is handed to ``parse``.

    ``only_if_new`` asks for the page only when those before it brought something that was never seen.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    number: int = 1
    only_if_new: bool = False


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """``url`` is where the page was found in the end, after redirects; ``body`` is decompressed.

    ``first_url`` is the address that the visit began with. ``cursor`` is what the page before it left in this
    visit, or the last visit of the source (of the linked page, where it is one).
    """

    url: str
    body: bytes = field(repr=False)
    fetched_at: dt.datetime
    content_type: str = ""
    number: int = 1
    first_url: str = ""
    cursor: Cursor = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page that a source announced. ``hints`` fill what the page itself does not say."""

    url: str
    title: str | None = None
    published_at: dt.datetime | None = None
    author: str | None = field(default=None, repr=False)
    outlet: str | None = None


@dataclass(frozen=True, slots=True)
class Harvest:
    """Documents that a page holds, the opening post first where it is a thread, and pages it announces.

    ``follow`` are further pages of the same visit, fetched at once and in order; the engine bounds their
    number. ``cursor`` replaces what was left before, in the transaction that stores the documents; None
    leaves it. ``awaits_reply`` asks to come back to a linked page for weeks. ``is_ranking`` says that whatever
    it does not hold has left the list.
    """

    documents: tuple[CollectedDocument, ...] = ()
    links: tuple[PageLink, ...] = ()
    is_thread: bool = False
    follow: tuple[PageRequest, ...] = ()
    cursor: Cursor | None = None
    awaits_reply: bool = False
    is_ranking: bool = False


class SourceType(Protocol):
    """Stateless; made without arguments. ``parse`` and ``parse_linked`` raise ExtractionError.

    ``revisits_links`` asks that linked pages be fetched again while they are young (threads grow).
    ``faults`` checks what the specs of the options cannot say: one Chinese sentence per faulty option.
    """

    name: str
    label: str
    options: tuple[FieldSpec, ...]
    needs_url: bool
    revisits_links: bool

    def faults(self, options: Options) -> Mapping[str, str]: ...

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]: ...

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        """Read a page that ``requests`` named, or that ``parse`` asked to follow."""

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        """Read a page that ``parse`` announced, or that ``parse_linked`` asked to follow."""


def profile(source: Source, options: Options) -> SourceProfile:
    return SourceProfile(
        id=source.id,
        name=source.name,
        kind=source.kind,
        url=source.url or "",
        options=options,
        cursor=source.cursor or {},
        needs_browser=source.needs_browser,
        sealed_options=source.sealed_options,
    )
