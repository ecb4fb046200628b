"""What every report says of its own completeness: of how many sources all was seen, and which are missing, and why."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, cast, func, or_, select
from sqlalchemy.orm import Session

from core.clock import to_rfc3339
from core.coverage import HOUR, SourceCoverage, read_coverage
from core.database.models.collecting import SourceHour
from core.database.models.operations import OperatorNotice
from core.failure_labels import cause_label
from core.source_health import SourceHealth

# More than a tenth of the hours, and more than one of them.
MISSING_SHARE = 0.1
NAMED = 8
SILENCES = ("source-silent", "source-empty")
LOW_QUALITY = "source-degraded"


class MissingReason(StrEnum):
    FAILING = "failing"
    UNVISITED = "unvisited"
    SILENT = "silent"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class MissingSource:
    """A source of which the period does not show all; ``said`` is the reason in a few words."""

    id: int
    name: str
    reason: MissingReason
    said: str


@dataclass(frozen=True, slots=True)
class CoverageStatement:
    """``expected`` is None when nothing was known to be usual; ``gaps_h`` adds up the gaps of all sources."""

    since: dt.datetime
    until: dt.datetime
    sources: int
    expected: float | None
    new: int
    gaps_h: int
    missing: tuple[MissingSource, ...]

    @property
    def normal(self) -> int:
        return self.sources - len(self.missing)

    @property
    def is_complete(self) -> bool:
        return bool(self.sources) and not self.missing

    @property
    def short(self) -> str:
        return f"信源 {self.normal}/{self.sources} 正常" if self.sources else "没有启用的信源"

    @property
    def text(self) -> str:
        if not self.sources:
            return "覆盖：本期没有启用的数据源。"
        parts = [f"覆盖：本期 {self.normal}/{self.sources} 个信源正常"]
        if self.missing:
            named = "、".join(f"{one.name}（{one.said}）" for one in self.missing[:NAMED])
            more = len(self.missing) - NAMED
            parts.append(f"缺：{named}" + (f" 等 {len(self.missing)} 个" if more > 0 else ""))
        if self.expected is not None:
            parts.append(f"按平时应有约 {self.expected:.0f} 条，收到 {self.new} 条")
        if self.gaps_h:
            parts.append(f"采集空缺共 {self.gaps_h} 小时")
        return "；".join(parts) + "。"

    def as_json(self) -> dict[str, object]:
        """Write it as a report keeps it."""
        return {
            "since": to_rfc3339(self.since),
            "until": to_rfc3339(self.until),
            "sources": self.sources,
            "normal": self.normal,
            "expected": None if self.expected is None else round(self.expected, 1),
            "new": self.new,
            "gaps_h": self.gaps_h,
            "missing": [
                {"id": str(one.id), "name": one.name, "reason": one.reason.value, "said": one.said}
                for one in self.missing
            ],
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class _Alarms:
    """Since when sources were silent, and read badly, within a period."""

    silent: Mapping[int, tuple[dt.datetime, dt.datetime]]
    degraded: frozenset[int]


def coverage_statement(
    session: Session, since: dt.datetime, until: dt.datetime, now: dt.datetime
) -> CoverageStatement:
    """Say what the period ``[since, until)`` covers; hours are counted whole."""
    sources = read_coverage(session, since, until, now)
    return state_coverage(session, sources, since=since, until=until, now=now)


def state_coverage(
    session: Session,
    sources: Sequence[SourceCoverage],
    *,
    since: dt.datetime,
    until: dt.datetime,
    now: dt.datetime,
) -> CoverageStatement:
    alarms = _alarms(session, since, min(until, now), now)
    is_present = now - until < HOUR
    missing = [
        found
        for source in sources
        if (found := _missing(source, alarms, (since, until), is_present=is_present))
    ]
    known = [one.totals.expected for one in sources if one.totals.expected is not None]
    return CoverageStatement(
        since=since,
        until=until,
        sources=len(sources),
        expected=sum(known) if known else None,
        new=sum(source.totals.new for source in sources),
        gaps_h=sum(source.totals.gaps_h for source in sources),
        missing=tuple(missing),
    )


def _missing(
    source: SourceCoverage,
    alarms: _Alarms,
    period: tuple[dt.datetime, dt.datetime],
    *,
    is_present: bool,
) -> MissingSource | None:
    since, until = period
    gaps = source.totals.gaps_h
    has_gaps = gaps > max(1.0, MISSING_SHARE * ((until - since) / HOUR))
    is_failing = is_present and source.health is SourceHealth.FAILING
    if has_gaps or is_failing:
        lasting = f" {gaps} 小时" if gaps else ""
        if not (source.failures or is_failing):
            return _of(source, MissingReason.UNVISITED, f"没有采集{lasting}")
        cause = next(iter(source.failures), None)
        why = (
            cause_label(cause) if cause else (source.failure_reason or "原因没有记录").rstrip("。")
        )
        return _of(source, MissingReason.FAILING, f"采集失败{lasting}：{why}")
    stretch = alarms.silent.get(source.id)
    if stretch is None and is_present and source.silent_since is not None:
        # Found just now, by a watch that ran with this very moment.
        stretch = max(since, source.silent_since), until
    if stretch is not None:
        began, ended = stretch
        lasting = str(max(1, math.floor((ended - began) / HOUR)))
        return _of(source, MissingReason.SILENT, f"静默 {lasting} 小时")
    if is_present and source.health is SourceHealth.SILENT:
        return _of(source, MissingReason.UNVISITED, "逾期没有采集")
    if source.id in alarms.degraded:
        return _of(source, MissingReason.DEGRADED, "正文提取质量下降")
    return None


def _of(source: SourceCoverage, reason: MissingReason, said: str) -> MissingSource:
    return MissingSource(source.id, source.name, reason, said)


def _alarms(session: Session, since: dt.datetime, until: dt.datetime, now: dt.datetime) -> _Alarms:
    """Read which alarms stood within the period; cleared ones are kept with their times."""
    # A silence is told only after it has lasted: it began after the last hour with items.
    last_items = (
        select(func.max(SourceHour.hour) + HOUR)
        .where(
            SourceHour.source_id == cast(func.split_part(OperatorNotice.key, ":", 2), BigInteger),
            SourceHour.new > 0,
            SourceHour.hour < OperatorNotice.raised_at,
        )
        .scalar_subquery()
    )
    stood = (
        OperatorNotice.key.like("source-%"),
        OperatorNotice.raised_at < until,
        func.coalesce(OperatorNotice.cleared_at, now) > since,
    )
    silences = session.execute(
        select(
            OperatorNotice.key,
            func.least(OperatorNotice.raised_at, func.coalesce(last_items, since)),
            func.coalesce(OperatorNotice.cleared_at, until),
        ).where(*stood, or_(*(OperatorNotice.key.like(f"{key}:%") for key in SILENCES)))
    )
    silent = {
        _source_id(key): (max(since, began), min(ended, until)) for key, began, ended in silences
    }
    low = session.scalars(
        select(OperatorNotice.key).where(*stood, OperatorNotice.key.like(f"{LOW_QUALITY}:%"))
    )
    return _Alarms(silent, frozenset(map(_source_id, low)))


def _source_id(key: str) -> int:
    return int(key.rpartition(":")[2])
