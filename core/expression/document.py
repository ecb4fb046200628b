"""What an expression may look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Matchable(Protocol):
    """A document as the expression language sees it; None means unknown."""

    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def platform(self) -> str: ...
    @property
    def source_id(self) -> int: ...
    @property
    def source_name(self) -> str: ...
    @property
    def level(self) -> str | None: ...
    @property
    def regions(self) -> Sequence[str]: ...
    @property
    def topics(self) -> Sequence[str]: ...
    @property
    def polarity(self) -> str | None: ...
    @property
    def relevant(self) -> bool | None: ...
    @property
    def our_union(self) -> bool | None: ...
    @property
    def employers(self) -> Sequence[str]: ...
    @property
    def event_id(self) -> int | None: ...
    @property
    def story_id(self) -> int | None: ...
    @property
    def published_at(self) -> datetime | None: ...
    @property
    def reposts(self) -> int | None: ...
    @property
    def comments(self) -> int | None: ...
    @property
    def views(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDocument:
    """A document to match; `title` and `text` as stored, `regions` adcodes with their ancestors."""

    title: str
    text: str
    published_at: datetime | None
    platform: str = ""
    source_id: int = 0
    source_name: str = ""
    level: str | None = None
    regions: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    polarity: str | None = None
    relevant: bool | None = None
    our_union: bool | None = None
    employers: tuple[str, ...] = ()
    event_id: int | None = None
    story_id: int | None = None
    reposts: int | None = None
    comments: int | None = None
    views: int | None = None
