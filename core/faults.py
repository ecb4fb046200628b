"""Named fault points: the process kills itself where a test asks for it.

``ZHISHENG_FAULT=point:n`` kills at the n-th pass of the point, once per home: a marker file lets
the restarted role live. Without the variable a fault point costs one attribute look-up.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from pathlib import Path

_POINTS = frozenset({
    "ingest.after_fetch", "ingest.before_commit", "ingest.after_commit",
    "analyse.before_commit", "analyse.after_commit",
    "index.before_bulk", "index.after_bulk", "index.before_mark",
    "rebuild.after_batch", "rebuild.before_switch", "rebuild.after_switch",
    "eval.before_commit", "eval.after_commit", "attach.before_commit",
    "escalate.after_roster", "escalate.before_commit", "escalate.after_commit",
    "send.after_claim", "send.after_request_sent", "send.after_response", "send.before_finish",
    "post.after_upload_media", "post.after_submit", "post.before_finish",
    "ack.before_commit", "token.after_new_token", "roster.publish", "retention.mid_delete",
    "evidence.before_commit", "evidence.after_commit",
})  # fmt: skip


class FaultPlan:
    """Counts the passes of one named point in this process."""

    def __init__(self, spec: str, home: Path) -> None:
        point, _, nth = spec.partition(":")
        if point not in _POINTS:
            raise ValueError(f"unknown fault point {point!r}; known: {', '.join(sorted(_POINTS))}")
        self.point = point
        self.nth = int(nth or 1)
        self._marker = home / f"fault-{point}-{self.nth}"
        self._passes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reach(self, point: str) -> None:
        if point != self.point:
            return
        with self._lock:
            self._passes[point] += 1
            due = self._passes[point] == self.nth and not self._marker.exists()
        if due:
            self._marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


_plan: list[FaultPlan] = []


def arm(spec: str | None, home: Path) -> None:
    """Set this process's plan from the setting; called once by the composition root."""
    _plan[:] = [FaultPlan(spec, home)] if spec else []


def fault_point(name: str) -> None:
    """Die here when the plan says so."""
    if _plan:
        _plan[0].reach(name)
