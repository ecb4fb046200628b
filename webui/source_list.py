"""The page 数据源: what is asked for in its address, and one line per source with its last two days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from core.source_health import SourceHealth
from core.source_ledger import hourly
from crawlers.source_listing import (
    AT_ONCE,
    SourceOrder,
    SourceQuery,
    SourceRow,
    find_sources,
)
from crawlers.visiting.host_table import resting_hosts
from webui.console import console, reading
from webui.ledger_bars import LedgerBars, ledger_bars
from webui.typed import whole_number

HOURS = 48
FURTHEST = 1_000_000


@dataclass(frozen=True, slots=True)
class SourceLine:
    """``resting`` says why the source's host is left alone for now."""

    row: SourceRow
    bars: LedgerBars
    resting: str | None


@dataclass(frozen=True, slots=True)
class SourceList:
    """One page of lines; ``counts`` are of all sources, ``previous`` and ``next`` addresses or None."""

    lines: tuple[SourceLine, ...]
    found: int
    total: int
    counts: Mapping[SourceHealth, int]
    query: SourceQuery
    previous: str | None
    next: str | None

    @property
    def text(self) -> str:
        first = self.query.offset + 1
        return f"第 {first} 至 {self.query.offset + len(self.lines)} 个，共 {self.found} 个"

    @property
    def is_filtered(self) -> bool:
        return self.query != replace(SourceQuery(), offset=self.query.offset)


def read_query(args: MultiDict[str, str]) -> SourceQuery:
    """Read the filters; what is no choice counts as not asked for."""
    health, order = args.get("health", ""), args.get("sort", "")
    return SourceQuery(
        text=args.get("q", "").strip(),
        health=SourceHealth(health) if health in set(SourceHealth) else None,
        kind=args.get("kind", ""),
        level=args.get("level", ""),
        order=SourceOrder(order) if order in set(SourceOrder) else SourceOrder.TROUBLE,
        offset=min(whole_number(args.get("from")) or 0, FURTHEST),
    )


def source_list(query: SourceQuery) -> SourceList:
    session, now = reading(), console().clock.now()
    found = find_sources(session, query, now)
    ledgers = hourly(session, [row.id for row in found.rows], hours=HOURS, now=now)
    resting = resting_hosts(session, [row.url for row in found.rows if row.url], now)
    lines = tuple(
        SourceLine(
            row, ledger_bars(ledgers[row.id], f"近 {HOURS} 小时"), resting.get(row.url or "")
        )
        for row in found.rows
    )
    before, after = query.offset - AT_ONCE, query.offset + AT_ONCE
    return SourceList(
        lines=lines,
        found=found.found,
        total=found.total,
        counts=found.counts,
        query=query,
        previous=_address(query, max(0, before)) if query.offset else None,
        next=_address(query, after) if after < found.found else None,
    )


def _address(query: SourceQuery, offset: int) -> str:
    named = {
        "q": query.text,
        "health": query.health.value if query.health else "",
        "kind": query.kind,
        "level": query.level,
        "sort": query.order.value if query.order is not SourceOrder.TROUBLE else "",
        "from": str(offset) if offset else "",
    }
    given = urlencode({name: value for name, value in named.items() if value})
    return f"/sources?{given}" if given else "/sources"
