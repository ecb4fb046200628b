"""What is under way at a site: a claimed source or page, and what came of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from core.claims import Claim
from crawlers.evidence.raw_responses import RawPage
from crawlers.failures import Failure
from crawlers.source import Cursor, Harvest, PageLink, SourceProfile


@dataclass(frozen=True, slots=True)
class Validators:
    """What lets a site answer "not modified"."""

    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class SourceVisit:
    """A claimed source."""

    claim: Claim
    source: SourceProfile
    due_at: dt.datetime
    validators: Validators


@dataclass(frozen=True, slots=True)
class PageVisit:
    """A claimed page of a source; ``cursor`` is what its last visit left, ``visits`` how many there were."""

    claim: Claim
    source: SourceProfile
    url: str
    hint: PageLink
    validators: Validators
    found_at: dt.datetime
    cursor: Cursor = field(default_factory=dict)
    hints: Mapping[str, object] = field(default_factory=dict, repr=False)
    visits: int = 0
    host: str = ""


Visit: TypeAlias = SourceVisit | PageVisit


@dataclass(frozen=True, slots=True)
class Collected:
    """What a visit brought, page by page; ``harvest`` None means that nothing had changed."""

    harvest: Harvest | None
    validators: Validators
    raw: tuple[RawPage, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """A visit that is over: what it brought, or why it brought nothing."""

    visit: Visit
    found: Collected | Failure
