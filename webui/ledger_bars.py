"""The ledger of a source as a small picture: what came as bars, what was usual as a line, gaps below the base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.source_ledger import LedgerSpan

BASE = 4


@dataclass(frozen=True, slots=True)
class LedgerBars:
    """Paths of an SVG of this size; ``label`` says the same in one sentence."""

    width: int
    height: int
    came: str
    gaps: str
    usual: str
    label: str


def ledger_bars(
    spans: Sequence[LedgerSpan], period: str, *, width: int = 120, height: int = 28
) -> LedgerBars:
    """Draw the spans from left to right; ``period`` is how they are called, as ``近 48 小时``.

    A flood is cut off at three times what is usual, or the rest would not be seen beside it.
    """
    usually = max((span.expected or 0.0 for span in spans), default=0.0)
    largest = max([1.0, usually, *(float(span.new) for span in spans)])
    most = min(largest, 3 * usually) if usually >= 1 / 3 else largest
    step, room, base = width / max(1, len(spans)), height - BASE - 1, height - BASE
    came, gaps, usual = [], [], []
    for number, span in enumerate(spans):
        left = number * step
        if span.is_gap:
            gaps.append(f"M{left:.1f} {base + 1}h{step:.1f}v{BASE - 1}h-{step:.1f}z")
        elif span.new:
            tall = max(1.0, min(1.0, span.new / most) * room)
            came.append(f"M{left + step * 0.12:.1f} {base}v-{tall:.1f}h{step * 0.76:.1f}V{base}z")
        if span.expected is not None:
            usual.append(f"{left + step / 2:.1f},{base - span.expected / most * room:.1f}")
    return LedgerBars(
        width, height, "".join(came), "".join(gaps), " ".join(usual), _label(spans, period)
    )


def _label(spans: Sequence[LedgerSpan], period: str) -> str:
    known = [span.expected for span in spans if span.expected is not None]
    usual = f"按平时约 {sum(known):.0f} 条" if known else "平时多少还不知道"
    gaps = sum(span.gaps_h for span in spans)
    empty = f"，其中 {gaps} 小时没有采集" if gaps else ""
    return f"{period}新内容 {sum(span.new for span in spans)} 条，{usual}{empty}"
