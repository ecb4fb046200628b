"""One measured number, and how it compares."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import click


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the value itself, or for the ratio to the peer."""

    bound: float
    better: Better
    of_ratio: bool = False

    def __str__(self) -> str:
        sign = "≥" if self.better is Better.HIGHER else "≤"
        return f"{sign} {self.bound:g}{' × peer' if self.of_ratio else ''}"

    def is_met(self, value: float, ratio: float | None) -> bool | None:
        """Tell whether it holds; None when the peer it asks for was not measured."""
        measured = ratio if self.of_ratio else value
        if measured is None:
            return None
        return measured >= self.bound if self.better is Better.HIGHER else measured <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """``ratio`` says how many times better than the peer we are; above 1 we are ahead."""

    name: str
    value: float
    unit: str
    better: Better
    peer: str | None = None
    peer_value: float | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        if not self.value or not self.peer_value:
            return None
        if self.better is Better.HIGHER:
            return self.value / self.peer_value
        return self.peer_value / self.value

    def as_json(self) -> dict[str, object]:
        fields = asdict(self)
        return {
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "peer": fields["peer"],
            "peer_value": rounded(self.peer_value),
            "ratio": rounded(self.ratio),
            "goal": str(self.goal) if self.goal else None,
        }

    def verdict(self) -> str:
        met = self.goal.is_met(self.value, self.ratio) if self.goal else None
        return {True: "met", False: "MISSED", None: ""}[met]


def rounded(value: float | None, digits: int = 3) -> float | None:
    """Keep significant digits: the rest of a measured number is noise."""
    if value is None or not math.isfinite(value) or value == 0:
        return value if value is None or value == 0 else None
    return round(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least ``share`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def keep(results: Sequence[Result], machine: Mapping[str, object], output: Path) -> None:
    """Write the results with the machine they were measured on to a file, and show them."""
    rows = [result.as_json() for result in results]
    content = json.dumps({"machine": machine, "results": rows}, ensure_ascii=False, indent=1)
    output.write_text(content + "\n", encoding="utf-8")
    click.echo(table(rows, [result.verdict() for result in results]))


HEADINGS = ("name", "value", "unit", "peer value", "ratio", "goal", "", "peer")


def table(rows: Iterable[Mapping[str, object]], verdicts: Iterable[str]) -> str:
    """Draw the results as they stand in bench.json, with aligned columns."""
    lines: list[tuple[str, ...]] = [HEADINGS]
    for row, verdict in zip(rows, verdicts, strict=True):
        names = ("name", "value", "unit", "peer_value", "ratio", "goal")
        cells = [_cell(row[name]) for name in names]
        lines.append((*cells, verdict, _cell(row["peer"])))
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.10g}"
    return "–" if value is None else str(value)
