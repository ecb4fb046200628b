"""The curve of an event as the chart takes it: volume, nodes, and what the next 24 hours may bring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from core.event_record import HOUR, EventPoint, EventVolume
from webui.event_explanation import ForecastFigures
from webui.formats import local

COMING = 24
NEXT_DAY = "未来 24 小时"
NODES_APART = 10
"""Nodes nearer to each other than this part of the axis share one label."""

LONGEST_LABEL = 12


@dataclass(frozen=True, slots=True)
class EventChart:
    """``outlook`` is the forecast in words, None where there is none."""

    data: dict[str, object]
    conclusion: str
    outlook: str | None
    table: list[list[str | int]]


def event_chart(
    volume: EventVolume,
    forecast: ForecastFigures | None,
    nodes: Sequence[tuple[dt.datetime, str]],
) -> EventChart | None:
    """None for an event without documents."""
    points = volume.points
    if not points:
        return None
    is_hourly = volume.step == HOUR
    labels = [_label(point.start, is_hourly=is_hourly) for point in points]
    coming = _coming(points[-1].start, forecast, is_hourly=is_hourly)
    data: dict[str, object] = {
        "labels": labels + [label for label, _, _, _ in coming],
        "negative": [point.negative for point in points],
        "other": [point.documents - point.negative for point in points],
        "expected": [round(value, 2) for _, value, _, _ in coming],
        "low": [round(low, 2) for _, _, low, _ in coming],
        "high": [round(high, 2) for _, _, _, high in coming],
        "unit": "条/小时" if is_hourly else "条/天",
        "marks": _marks(volume, nodes, len(labels) + len(coming), is_hourly=is_hourly),
    }
    table: list[list[str | int]] = [["时段", "负面", "其他", "合计"]]
    table += [
        [label, point.negative, point.documents - point.negative, point.documents]
        for label, point in zip(reversed(labels), reversed(points), strict=True)
        if point.documents
    ]
    return EventChart(data, _conclusion(points, is_hourly=is_hourly), _outlook(forecast), table)


def _coming(
    last: dt.datetime, forecast: ForecastFigures | None, *, is_hourly: bool
) -> list[tuple[str, float, float, float]]:
    """Give label, expectation and band of what comes: by hour, or the next day as a whole.

    The band holds for the 24 hours together; over the hours it is spread like the expectation.
    """
    if forecast is None:
        return []
    if not is_hourly:
        return [(NEXT_DAY, forecast.expected, forecast.low, forecast.high)]
    total = sum(forecast.by_hour)
    if len(forecast.by_hour) != COMING or total <= 0:
        return []
    return [
        (
            _label(last + place * HOUR, is_hourly=True),
            value,
            forecast.low * value / total,
            forecast.high * value / total,
        )
        for place, value in enumerate(forecast.by_hour, 1)
    ]


def _marks(
    volume: EventVolume, nodes: Sequence[tuple[dt.datetime, str]], length: int, *, is_hourly: bool
) -> list[dict[str, str]]:
    """Put nodes on the points that hold them; those that would overlap share the first one's place."""
    points = volume.points
    grouped: list[tuple[int, list[str]]] = []
    for at, text in sorted(nodes, key=lambda node: node[0]):
        place = int((at - points[0].start) / volume.step)
        if not -1 <= place <= len(points):
            continue
        place = min(max(place, 0), len(points) - 1)
        if grouped and place - grouped[-1][0] < max(1, length // NODES_APART):
            if text not in grouped[-1][1]:
                grouped[-1][1].append(text)
        else:
            grouped.append((place, [text]))
    return [
        {"label": _label(points[place].start, is_hourly=is_hourly), "text": _joined(texts)}
        for place, texts in grouped
    ]


def _joined(texts: Sequence[str]) -> str:
    joined = "、".join(texts)
    return joined if len(joined) <= LONGEST_LABEL else f"{texts[0]}等 {len(texts)} 项"


def _conclusion(points: Sequence[EventPoint], *, is_hourly: bool) -> str:
    total = sum(point.documents for point in points)
    peak = max(points, key=lambda point: point.documents)
    at = _label(peak.start, is_hourly=is_hourly)
    return f"共 {total} 条；{at}最多，{peak.documents} 条，其中负面 {peak.negative} 条。"


def _outlook(forecast: ForecastFigures | None) -> str | None:
    if forecast is None:
        return None
    told = (
        f"未来 24 小时预计 {forecast.expected:.0f} 条，"
        f"八成可能在 {forecast.low} 至 {forecast.high} 条之间。"
    )
    if forecast.judged:
        told += f"此前 {forecast.judged} 次预测中 {forecast.held} 次落在区间内。"
    return told


def _label(start: dt.datetime, *, is_hourly: bool) -> str:
    shown = local(start)
    return f"{shown:%m-%d %H} 时" if is_hourly else f"{shown:%m-%d}"
