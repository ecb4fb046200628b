"""The statutory clocks of an alert: they start when it fires, and no change moves one later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alerting.levels import SEVERITY_NAMES
from config.alerting_defaults import Timers
from core.database.models.alerting import Severity


class ReportKind(StrEnum):
    ORAL = "oral"
    WRITTEN = "written"
    FOLLOW_UP = "follow_up"
    FINAL = "final"


REPORT_LABELS: Mapping[ReportKind, str] = {
    ReportKind.ORAL: "口头初报",
    ReportKind.WRITTEN: "书面初报",
    ReportKind.FOLLOW_UP: "续报",
    ReportKind.FINAL: "终报",
}
MARKS = (50, 80, 100)
"""Percent of the time to a report that has gone when a reminder is due."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """None: no such clock runs."""

    acknowledge_by: dt.datetime | None
    oral_by: dt.datetime | None
    written_by: dt.datetime | None


@dataclass(frozen=True, slots=True)
class DeadlineTable:
    """The timers of all levels, as shipped or as the union saved them."""

    timers: Mapping[str, Timers]

    def of(self, severity: int) -> Timers:
        return self.timers[SEVERITY_NAMES[Severity(severity)]]

    def opening(self, severity: int, at: dt.datetime) -> Deadlines:
        """Start the clocks of a level at the moment the alert fired at it."""
        timers = self.of(severity)
        return Deadlines(
            acknowledge_by=_after(at, timers.acknowledge_s),
            oral_by=_after(at, timers.oral_s),
            written_by=_after(at, timers.written_s),
        )

    def changed(self, running: Deadlines, *, was: int, severity: int, at: dt.datetime) -> Deadlines:
        """Apply a change of level: a rise takes the earlier of both clocks, a fall keeps all as they are."""
        if severity >= was:
            return running
        fresh = self.opening(severity, at)
        return Deadlines(
            acknowledge_by=earlier(running.acknowledge_by, fresh.acknowledge_by),
            oral_by=earlier(running.oral_by, fresh.oral_by),
            written_by=earlier(running.written_by, fresh.written_by),
        )

    def final_by(self, severity: int, resolved_at: dt.datetime) -> dt.datetime | None:
        return _after(resolved_at, self.of(severity).final_s)


def earlier(one: dt.datetime | None, other: dt.datetime | None) -> dt.datetime | None:
    present = [moment for moment in (one, other) if moment is not None]
    return min(present, default=None)


def marks_passed(start: dt.datetime, deadline: dt.datetime, now: dt.datetime) -> int:
    """Give the highest of MARKS that has been reached, or 0; a clock without length is at 100."""
    if now >= deadline:
        return MARKS[-1]
    gone = (now - start) / (deadline - start) * 100
    return max((mark for mark in MARKS[:-1] if gone >= mark), default=0)


def _after(at: dt.datetime, seconds: int | None) -> dt.datetime | None:
    return None if seconds is None else at + dt.timedelta(seconds=seconds)
