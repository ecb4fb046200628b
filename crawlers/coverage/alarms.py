"""What operators must be told about collecting: pure judgement of what the ledger shows.

A source is silent when more than ``SILENT_TIMES`` times its usual gap has passed without a new item, although visits
succeed. Both are counted in items that were expected meanwhile (see crawlers.coverage.usual): for a Poisson source
that is nine or more expected items and none seen, by chance once in ten thousand gaps. It stays silent until an item
comes. A source whose pages read far worse than its own baseline has probably been redesigned. Neither wakes anybody
on duty: alerting is for what the texts say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.clock import SHANGHAI
from core.database.models.collecting import SourceState
from core.source_health import is_overdue

SILENT_TIMES = 4
SHORTEST_SILENCE = dt.timedelta(hours=2)
NEVER_WITHIN = dt.timedelta(hours=24)
FAILURES_BORNE = 3
FAILING_BORNE = dt.timedelta(hours=1)
FAILING_INTERVALS = 3
RESTING_TIMES = 3
SMALLEST_DROP = 0.15
DROP_SPREADS = 3
CRAWLER_DEAD_AFTER = dt.timedelta(minutes=10)
ALL_SILENT_FROM = 20.0
FEWEST_SOURCES = 2
ALL_SILENT_AFTER = dt.timedelta(hours=1)


class AlarmKind(StrEnum):
    STOPPED = "collecting-stopped"
    SILENT = "source-silent"
    EMPTY = "source-empty"
    FAILING = "source-failing"
    OVERDUE = "source-overdue"
    DEGRADED = "source-degraded"


@dataclass(frozen=True, slots=True)
class RecentQuality:
    """Mean extraction score of the last pages, of which the first came in the hour ``since``."""

    pages: int
    mean: float
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known of one watched source.

    ``expected`` is what the ledger expected from the hour after the last item to the last visit that succeeded;
    the usual values are None without enough history.
    """

    id: int
    name: str
    state: str
    interval_s: int
    created_at: dt.datetime
    due_at: dt.datetime | None = None
    succeeded_at: dt.datetime | None = None
    visited_at: dt.datetime | None = None
    last_item_at: dt.datetime | None = None
    failures: int = 0
    failure_reason: str | None = None
    is_dead: bool = False
    expected: float = 0.0
    usual_gap: float | None = None
    usual_gap_s: float | None = None
    recent: RecentQuality | None = None
    usual_quality: float | None = None
    quality_spread: float | None = None
    silent_since: dt.datetime | None = None
    degraded_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """``source_id`` is None where no single source is meant."""

    kind: AlarmKind
    source_id: int | None
    since: dt.datetime
    text: str

    @property
    def key(self) -> str:
        return self.kind.value if self.source_id is None else f"{self.kind.value}:{self.source_id}"


def judge(sources: Sequence[SourceFacts], now: dt.datetime) -> list[Alarm]:
    """List what stands now; one cause is told once: while nothing is collected, no source is blamed anew."""
    stopped = _stopped(sources, now)
    alarms = [] if stopped is None else [stopped]
    for source in sources:
        found = _source_alarms(source, now)
        if stopped is not None:
            found = (alarm for alarm in found if _stands(source, alarm))
        alarms.extend(found)
    return alarms


def _stands(source: SourceFacts, alarm: Alarm) -> bool:
    """Tell whether the source was to blame before everything stopped."""
    if alarm.kind is AlarmKind.FAILING:
        return True
    since = source.degraded_since if alarm.kind is AlarmKind.DEGRADED else source.silent_since
    return alarm.kind is not AlarmKind.OVERDUE and since is not None


def _source_alarms(source: SourceFacts, now: dt.datetime) -> Iterator[Alarm]:
    failing = _failing(source, now)
    if failing is not None:
        yield failing
    elif _is_late(source, now):
        since = source.visited_at or source.created_at
        yield Alarm(
            AlarmKind.OVERDUE, source.id, since,
            f"数据源「{source.name}」自 {_at(since, now)} 起没有轮到采集，早已逾期。其他数据源仍在采集；"
            "请在系统健康页看采集进程是否够用，或先暂停不需要的数据源。采集一次后自动消除。",
        )  # fmt: skip
    silent = _silent(source, now)
    if silent is not None:
        yield silent
    degraded = _degraded(source, now)
    if degraded is not None:
        yield degraded


def _is_late(source: SourceFacts, now: dt.datetime) -> bool:
    visited_at = source.visited_at or source.created_at
    return is_overdue(source.due_at, visited_at, source.interval_s, now)


def _failing(source: SourceFacts, now: dt.datetime) -> Alarm | None:
    since = source.succeeded_at or source.created_at
    borne = max(FAILING_BORNE, FAILING_INTERVALS * dt.timedelta(seconds=source.interval_s))
    # Few failures over a long time: its site is left alone, as one that was down for all who asked.
    borne *= 1 if source.failures >= FAILURES_BORNE else RESTING_TIMES
    is_past_patience = source.failures > 0 and now - since >= borne
    if not (is_past_patience or source.is_dead or source.state == SourceState.BLOCKED):
        return None
    reason = source.failure_reason or "原因没有记录。"
    return Alarm(
        AlarmKind.FAILING, source.id, since,
        f"数据源「{source.name}」自 {_at(since, now)} 起没有采集成功：{reason}"
        "在此期间它的内容没有进入系统。请打开数据源核对网址、授权和 robots.txt；采集成功后自动消除。",
    )  # fmt: skip


def _silent(source: SourceFacts, now: dt.datetime) -> Alarm | None:
    if source.succeeded_at is None:
        return None
    if source.last_item_at is None:
        return _empty(source, now)
    since = source.last_item_at
    was_silent = source.silent_since is not None and source.silent_since >= since
    if not was_silent and not _is_too_long(source, now):
        return None
    usual = (
        f"平时九成的间隔不超过 {_lasting(source.usual_gap_s)}，按平时的规律这段时间应有约 {source.expected:.0f} 条；"
        f"超过平时间隔的 {SILENT_TIMES} 倍才提醒。"
        if source.usual_gap_s is not None
        else ""
    )
    return Alarm(
        AlarmKind.SILENT, source.id, since,
        f"数据源「{source.name}」静默：自 {_at(since, now)} 起已 {_lasting((now - since).total_seconds())}没有新内容。{usual}"
        f"采集本身正常（最近一次 {_at(source.succeeded_at, now)}），可能是网站改版、网址变了或对方停更。"
        "请打开数据源核对；有新内容后自动消除。",
    )  # fmt: skip


def _is_too_long(source: SourceFacts, now: dt.datetime) -> bool:
    if source.usual_gap is None or source.last_item_at is None:
        return False
    shortest = max(SHORTEST_SILENCE, 2 * dt.timedelta(seconds=source.interval_s))
    has_lasted = now - source.last_item_at >= shortest
    return has_lasted and source.expected > SILENT_TIMES * source.usual_gap


def _empty(source: SourceFacts, now: dt.datetime) -> Alarm | None:
    """Tell of a source that answers but never gave anything: probably set up wrongly."""
    if source.succeeded_at is None or source.succeeded_at - source.created_at < NEVER_WITHIN:
        return None
    return Alarm(
        AlarmKind.EMPTY, source.id, source.created_at,
        f"数据源「{source.name}」自 {_at(source.created_at, now)} 添加以来采集正常，但从未读到任何内容。"
        "多半是网址或选择器不对：请打开数据源试采一次；有内容后自动消除。",
    )  # fmt: skip


def _degraded(source: SourceFacts, now: dt.datetime) -> Alarm | None:
    recent, usual = source.recent, source.usual_quality
    # Too few pages to judge anew: what stood goes on standing.
    if usual is None or (recent is None and source.degraded_since is None):
        return None
    drop = max(SMALLEST_DROP, DROP_SPREADS * (source.quality_spread or 0.0))
    # Well on the way back before it counts as mended, so that it does not flicker.
    limit = usual - (drop if source.degraded_since is None else drop / 2)
    if recent is not None and recent.mean >= limit:
        return None
    since = source.degraded_since or (recent.since if recent else now)
    now_is = (
        "最近没有新页面可比" if recent is None else f"最近 {recent.pages} 页平均 {recent.mean:.2f}"
    )
    return Alarm(
        AlarmKind.DEGRADED, source.id, since,
        f"数据源「{source.name}」自 {_at(since, now)} 起正文提取质量下降：{now_is}，平时 {usual:.2f}"
        f"（低 {drop:.2f} 以上才提醒）。网站可能改版，期间的正文可能不全。"
        "请打开数据源看最近的内容，必要时换解析方式；质量恢复后自动消除。",
    )  # fmt: skip


def _stopped(sources: Sequence[SourceFacts], now: dt.datetime) -> Alarm | None:
    """Tell that nothing at all is collected: nobody visits, or no source gives anything."""
    live = [source for source in sources if source.due_at is not None]
    late = [source for source in live if _is_late(source, now)]
    last_visit = max((source.visited_at for source in live if source.visited_at), default=None)
    if late and (last_visit is None or now - last_visit > CRAWLER_DEAD_AFTER):
        since = last_visit or min(source.created_at for source in late)
        return Alarm(
            AlarmKind.STOPPED, None, since,
            f"采集停了：自 {_at(since, now)} 起没有采集过任何数据源，{len(late)} 个已经逾期。"
            "在此期间的内容没有进入系统，预警可能漏报。请在系统健康页看采集进程，必要时重新启动；恢复采集后自动消除。",
        )  # fmt: skip
    return _all_silent(live, now)


def _all_silent(live: Sequence[SourceFacts], now: dt.datetime) -> Alarm | None:
    """Tell that visits go on but bring nothing from anywhere, as behind a proxy that answers for everybody."""
    since = max((source.last_item_at for source in live if source.last_item_at), default=None)
    if since is None or now - since < ALL_SILENT_AFTER:
        return None
    waiting = [
        (source.expected, now - source.last_item_at)
        for source in live
        if source.last_item_at is not None and source.silent_since is None
    ]
    # What each source was expected to give since its own last item, for the time since the last of all.
    expected = sum(items * ((now - since) / waited) for items, waited in waiting if waited)
    if len(waiting) < FEWEST_SOURCES or expected < ALL_SILENT_FROM:
        return None
    return Alarm(
        AlarmKind.STOPPED, None, since,
        f"所有数据源都没有新内容：采集照常进行，但自 {_at(since, now)} 起没有收到一条，按平时应有约 {expected:.0f} 条。"
        "可能是网络出口、代理或解析整体出了问题，预警可能漏报。请先打开一个网站核对；有新内容后自动消除。",
    )  # fmt: skip


def _at(moment: dt.datetime, now: dt.datetime) -> str:
    local = moment.astimezone(SHANGHAI)
    is_today = local.date() == now.astimezone(SHANGHAI).date()
    return local.strftime("%H:%M" if is_today else "%m-%d %H:%M")


def _lasting(seconds: float) -> str:
    """Write ``40 分钟``, ``9 小时`` or ``3 天``."""
    minutes = round(seconds / 60)
    if minutes < 90:  # noqa: PLR2004 (an hour and a half)
        return f" {max(1, minutes)} 分钟"
    hours = round(minutes / 60)
    return f" {hours} 小时" if hours < 48 else f" {round(hours / 24)} 天"  # noqa: PLR2004 (two days)
