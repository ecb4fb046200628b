"""The trend of the overview as the chart takes it, with its conclusion in words and its table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerting.inbox import AlertRow
from core.overview import TrendPoint, floor
from core.search.base import Interval
from webui.formats import local

SPANS: Mapping[str, tuple[str, dt.timedelta]] = {
    "24h": ("24 小时", dt.timedelta(hours=24)),
    "72h": ("72 小时", dt.timedelta(hours=72)),
    "7d": ("7 天", dt.timedelta(days=7)),
    "30d": ("30 天", dt.timedelta(days=30)),
}
MOST_MARKS = 3
UNITS = {Interval.HOUR: "条/小时", Interval.DAY: "条/天", Interval.WEEK: "条/周"}


@dataclass(frozen=True, slots=True)
class TrendChart:
    data: dict[str, object]
    conclusion: str
    table: list[list[str | int]]
    is_empty: bool


def trend_chart(
    points: Sequence[TrendPoint], interval: Interval, marks: Sequence[tuple[dt.datetime, str]] = ()
) -> TrendChart:
    labels = [_label(point.start, interval) for point in points]
    known = {_label(floor(at, interval), interval): text for at, text in reversed(marks)}
    data: dict[str, object] = {
        "labels": labels,
        "positive": [point.positive for point in points],
        "neutral": [point.neutral for point in points],
        "negative": [point.negative for point in points],
        "unit": UNITS[interval],
        "marks": [
            {"label": label, "text": text} for label, text in known.items() if label in labels
        ][:MOST_MARKS],
    }
    table: list[list[str | int]] = [["时段", "负面", "中性", "正面", "合计"]]
    table += [
        [label, point.negative, point.neutral, point.positive, point.total]
        for label, point in zip(reversed(labels), reversed(points), strict=True)
    ]
    return TrendChart(
        data, _conclusion(points, interval), table, is_empty=not any(p.total for p in points)
    )


def _conclusion(points: Sequence[TrendPoint], interval: Interval) -> str:
    total = sum(point.total for point in points)
    if not total:
        return "这段时间没有涉工信息。"
    negative = sum(point.negative for point in points)
    peak = max(points, key=lambda point: point.total)
    return (
        f"共 {total} 条，负面占 {negative / total:.0%}；{_label(peak.start, interval)}最多，"
        f"{peak.total} 条，其中负面 {peak.negative} 条。"
    )


def _label(start: dt.datetime, interval: Interval) -> str:
    shown = local(start)
    return f"{shown:%m-%d %H} 时" if interval is Interval.HOUR else f"{shown:%m-%d}"


def alert_marks(alerts: Sequence[AlertRow], since: dt.datetime) -> list[tuple[dt.datetime, str]]:
    """Mark when the graver alerts opened, newest first."""
    recent = sorted(
        (alert for alert in alerts if alert.opened_at >= since),
        key=lambda alert: alert.opened_at,
        reverse=True,
    )
    return [(alert.opened_at, f"{alert.severity_label}预警") for alert in recent]
