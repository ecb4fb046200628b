"""The ledger of one source as its page shows it: what came beside what was usual, failures, quality, alarms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from core.failure_labels import cause_label
from core.source_ledger import (
    LedgerSpan,
    SourceAlarm,
    UsualOfSource,
    alarms_of,
    daily,
    hourly,
    usual_of,
)
from crawlers.visiting.failed_pages import FailedPage, failed_pages
from webui.formats import local
from webui.ledger_bars import LedgerBars, ledger_bars
from webui.source_words import ALARM_LABELS

HOURS, DAYS, CHART_HOURS, DAY_HOURS = 48, 30, 168, 24


class LedgerStep(StrEnum):
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A row of the table; ``when`` is its time in words, ``failed`` its failures by cause in words."""

    span: LedgerSpan
    when: str
    failed: str


@dataclass(frozen=True, slots=True)
class AlarmLine:
    label: str
    text: str
    raised_at: dt.datetime
    cleared_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class LedgerChart:
    """New items beside the usual, as the chart bundle takes it, with its conclusion and its table."""

    data: dict[str, object]
    conclusion: str
    table: list[list[str | int]]


@dataclass(frozen=True, slots=True)
class LedgerView:
    """``gaps_h`` of ``watched_h`` hours of the last day were not covered."""

    lines: tuple[LedgerLine, ...]
    step: LedgerStep
    chart: LedgerChart
    gaps_h: int
    watched_h: int
    causes: tuple[tuple[str, int], ...]
    quality: LedgerBars | None
    quality_now: float | None
    usual: UsualOfSource | None
    alarms: tuple[AlarmLine, ...]
    failed_pages: tuple[FailedPage, ...]

    @property
    def standing(self) -> tuple[AlarmLine, ...]:
        return tuple(alarm for alarm in self.alarms if alarm.cleared_at is None)


def ledger_view(session: Session, source_id: int, step: LedgerStep, now: dt.datetime) -> LedgerView:
    week = hourly(session, [source_id], hours=CHART_HOURS, now=now)[source_id]
    days = daily(session, source_id, days=DAYS, now=now)
    spans = _since_first_watched(week[-HOURS:] if step is LedgerStep.HOUR else days)
    read = [day for day in days if day.quality is not None]
    causes: dict[str, int] = {}
    for span in week:
        for cause, count in span.failures.items():
            causes[cause] = causes.get(cause, 0) + count
    return LedgerView(
        lines=tuple(_line(span, step) for span in reversed(spans)),
        step=step,
        chart=_chart(week),
        gaps_h=sum(span.gaps_h for span in week[-DAY_HOURS:]),
        watched_h=sum(span.watched_h for span in week[-DAY_HOURS:]),
        causes=tuple(
            (cause_label(cause), count)
            for cause, count in sorted(causes.items(), key=lambda one: -one[1])
        ),
        quality=_quality_bars(days) if read else None,
        quality_now=read[-1].quality if read else None,
        usual=usual_of(session, source_id),
        alarms=tuple(map(_alarm, alarms_of(session, source_id))),
        failed_pages=tuple(failed_pages(session, source_id)),
    )


def _line(span: LedgerSpan, step: LedgerStep) -> LedgerLine:
    when = f"{local(span.start):%m-%d %H} 时" if step is LedgerStep.HOUR else f"{local(span.start):%m-%d}"  # fmt: skip
    failed = "、".join(f"{cause_label(cause)} {count}" for cause, count in span.failures.items())
    return LedgerLine(span, when, failed)


def _since_first_watched(spans: Sequence[LedgerSpan]) -> Sequence[LedgerSpan]:
    """Leave out what lies before the source was watched at all."""
    first = next((at for at, span in enumerate(spans) if span.watched_h), len(spans))
    return spans[first:]


def _chart(week: Sequence[LedgerSpan]) -> LedgerChart:
    labels = [f"{local(span.start):%m-%d %H} 时" for span in week]
    series: list[dict[str, object]] = [{"name": "新内容", "values": [span.new for span in week]}]
    if any(span.expected is not None for span in week):
        usual = [None if span.expected is None else round(span.expected, 1) for span in week]
        series.append({"name": "平时", "values": usual})
    conclusion = ledger_bars(week, "近 7 天").label + "。"
    table: list[list[str | int]] = [["时段", "新内容", "平时"]]
    table += [
        [label, span.new, "—" if span.expected is None else f"{span.expected:.1f}"]
        for label, span in zip(reversed(labels), reversed(week), strict=True)
    ]
    return LedgerChart({"labels": labels, "series": series, "unit": "条/小时"}, conclusion, table)


def _quality_bars(days: Sequence[LedgerSpan]) -> LedgerBars:
    """Draw the days' mean extraction scores in hundredths."""
    scores = [
        LedgerSpan(day.start, new=round(100 * day.quality) if day.quality is not None else 0)
        for day in days
    ]
    bars = ledger_bars(scores, "", width=264, height=44)
    read = [day.quality for day in days if day.quality is not None]
    label = f"近 {DAYS} 天每天的提取质量：最低 {min(read):.2f}，最高 {max(read):.2f}，最近 {read[-1]:.2f}"
    return LedgerBars(bars.width, bars.height, bars.came, bars.gaps, bars.usual, label)


def _alarm(alarm: SourceAlarm) -> AlarmLine:
    label = ALARM_LABELS.get(alarm.key.partition(":")[0], "提醒")
    return AlarmLine(label, alarm.text, alarm.raised_at, alarm.cleared_at)
