"""How often to look at a source, from how often its sample says that something appeared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

FLOOR_S = 60
CEILING_S = 86_400
USUAL_S = 1800
RANKING_S = 600
FEWEST_TIMES = 3
# Looked at twice for each new item, a source is half a gap late at the most.
VISITS_PER_ITEM = 2
_ROUND_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class ProposedInterval:
    """``why`` is a Chinese sentence; ``items_per_day`` None where the sample has no times."""

    interval_s: int
    floor_s: int
    ceiling_s: int
    why: str
    items_per_day: float | None = None


def proposed_interval(
    times: Iterable[dt.datetime | None],
    now: dt.datetime,
    *,
    crawl_delay_s: float = 0,
    is_ranking: bool = False,
) -> ProposedInterval:
    known = sorted(time for time in times if time is not None and time <= now)
    if is_ranking:
        return _around(RANKING_S, crawl_delay_s, "热榜随时在变，建议每 10 分钟看一次。")
    span_s = (now - known[0]).total_seconds() if len(known) >= FEWEST_TIMES else 0.0
    if not span_s:
        return _around(USUAL_S, crawl_delay_s, "样本里看不出更新快慢，先按每 30 分钟。")
    # The wait since the newest item counts too: a site that has stopped is not a fast one.
    gap_s = span_s / len(known)
    proposed = _around(
        _rounded(gap_s / VISITS_PER_ITEM),
        crawl_delay_s,
        f"样本的 {len(known)} 个时间里，平均每 {_duration(gap_s)}一条。",
    )
    return ProposedInterval(
        proposed.interval_s, proposed.floor_s, proposed.ceiling_s, proposed.why,
        CEILING_S / gap_s,
    )  # fmt: skip


def _around(interval_s: int, crawl_delay_s: float, why: str) -> ProposedInterval:
    floor = max(FLOOR_S, interval_s // 4, int(crawl_delay_s))
    return ProposedInterval(
        max(interval_s, floor), floor, min(CEILING_S, max(interval_s, floor) * 8), why
    )


def _rounded(seconds: float) -> int:
    return max((step for step in _ROUND_S if step <= seconds), default=_ROUND_S[0])


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} 秒"
