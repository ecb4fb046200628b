"""What a rule type is: how a document, or a window of documents, comes to satisfy a rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.expression import Expression, Span
from core.options import FieldSpec, Options


@dataclass(frozen=True, slots=True)
class LiveRule:
    """An enabled rule as the workers hold it; ``expression`` is parsed, ``options`` are checked."""

    id: int
    name: str
    kind: str
    version: int
    severity: int
    group_by: str
    expression: Expression | None
    options: Options


@dataclass(frozen=True, slots=True)
class Member:
    """A document that a window counted."""

    document_id: int
    published_at: dt.datetime
    source_id: int
    author_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule type may look at for one document."""

    document_id: int
    published_at: dt.datetime
    source_id: int
    author_hash: bytes | None
    topics: tuple[str, ...]
    polarity: str | None
    spans: tuple[Span, ...]
    has_expression_match: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a finding beside what it was compared with."""

    label: str
    value: float
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a rule is satisfied, in numbers and in a Chinese sentence. ``bucket`` None: by one document."""

    why: str
    measures: tuple[Measure, ...] = ()
    spans: tuple[Span, ...] = ()
    bucket: dt.datetime | None = None
    window: tuple[dt.datetime, dt.datetime] | None = None
    document_ids: tuple[int, ...] = field(default=())


class RuleType(Protocol):
    """Pure: the same rule and the same documents give the same findings."""

    name: str
    label: str
    options: tuple[FieldSpec, ...]
    needs_expression: bool

    def admits(self, rule: LiveRule, subject: Subject) -> bool:
        """Tell whether the document counts for the rule at all."""
        ...

    def window(self, rule: LiveRule) -> dt.timedelta | None:
        """Give the length of the rule's window; None for a rule that judges single documents."""
        ...

    def document_findings(self, rule: LiveRule, subject: Subject) -> tuple[Finding, ...]:
        """Judge one admitted document."""
        ...

    def window_findings(
        self, rule: LiveRule, bucket: dt.datetime, members: Sequence[Member]
    ) -> tuple[Finding, ...]:
        """Judge the windows that begin in ``[bucket, bucket + W)``; members lie in ``[bucket, bucket + 2W)``."""
        ...
