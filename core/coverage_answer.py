"""The coverage of a period as programs read it: one record per source, their sums, and what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.coverage import SourceCoverage, hour_of, read_coverage
from core.coverage_delay import median_delays
from core.coverage_statement import MissingSource, state_coverage
from core.errors import InvalidOptionsError
from core.source_health import SourceHealth

LONGEST = dt.timedelta(days=92)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source; ``delay_s`` is the median from publication to collection, ``quality`` the mean extraction score."""

    id: int
    name: str
    kind: str
    state: str
    health: SourceHealth
    expected: float | None
    seen: int
    new: int
    duplicates: int
    visits: int
    failures: Mapping[str, int]
    gaps_h: int
    last_item_at: dt.datetime | None
    delay_s: float | None
    pages: int
    quality: float | None
    usual_quality: float | None


@dataclass(frozen=True, slots=True)
class CoverageSums:
    sources: int
    normal: int
    expected: float | None
    seen: int
    new: int
    duplicates: int
    visits: int
    failures: Mapping[str, int]
    gaps_h: int


@dataclass(frozen=True, slots=True)
class CoverageAnswer:
    """``since`` is the beginning of an hour: the ledger counts by hours."""

    since: dt.datetime
    until: dt.datetime
    sources: tuple[SourceLine, ...]
    totals: CoverageSums
    missing: tuple[MissingSource, ...]
    text: str


def coverage_answer(
    session: Session,
    since: dt.datetime,
    until: dt.datetime,
    now: dt.datetime,
    *,
    name: str | None = None,
) -> CoverageAnswer:
    """Answer for all watched sources, or the one called ``name``; raises InvalidOptionsError."""
    since, until = hour_of(since), min(until, now)
    if since >= until:
        raise InvalidOptionsError({"since": "起始时间要早于截止时间，也不能在将来。"})
    if until - since > LONGEST:
        raise InvalidOptionsError({"since": f"一次最多看 {LONGEST.days} 天。"})
    sources = read_coverage(session, since, until, now)
    if name is not None:
        sources = [source for source in sources if source.name == name]
        if not sources:
            raise InvalidOptionsError({"source": f"没有正在采集、名叫“{name}”的数据源。"})
    stated = state_coverage(session, sources, since=since, until=until, now=now)
    delays = median_delays(session, since, until)
    return CoverageAnswer(
        since=since,
        until=until,
        sources=tuple(_line(source, delays.get(source.id)) for source in sources),
        totals=_sums(sources, stated.normal),
        missing=stated.missing,
        text=stated.text,
    )


def _line(source: SourceCoverage, delay_s: float | None) -> SourceLine:
    totals = source.totals
    return SourceLine(
        id=source.id, name=source.name, kind=source.kind, state=source.state, health=source.health,
        expected=_rounded(totals.expected, 1), seen=totals.seen, new=totals.new,
        duplicates=totals.duplicates, visits=totals.visits, failures=source.failures,
        gaps_h=totals.gaps_h, last_item_at=source.last_item_at, delay_s=_rounded(delay_s, 1),
        pages=totals.pages, quality=_rounded(totals.quality, 3),
        usual_quality=_rounded(source.usual_quality, 3),
    )  # fmt: skip


def _sums(sources: Iterable[SourceCoverage], normal: int) -> CoverageSums:
    all_totals = [source.totals for source in sources]
    known = [totals.expected for totals in all_totals if totals.expected is not None]
    failures: dict[str, int] = {}
    for source in sources:
        for cause, count in source.failures.items():
            failures[cause] = failures.get(cause, 0) + count
    return CoverageSums(
        sources=len(all_totals),
        normal=normal,
        expected=round(sum(known), 1) if known else None,
        seen=sum(totals.seen for totals in all_totals),
        new=sum(totals.new for totals in all_totals),
        duplicates=sum(totals.duplicates for totals in all_totals),
        visits=sum(totals.visits for totals in all_totals),
        failures=dict(sorted(failures.items(), key=lambda one: (-one[1], one[0]))),
        gaps_h=sum(totals.gaps_h for totals in all_totals),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
