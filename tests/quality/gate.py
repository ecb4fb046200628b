"""Floors under the quality of the models: ``python -m tests.quality.gate --update [--allow-lower]``.

A floor is pinned with the hash of the labelled set it was measured on. Updating raises floors; it refuses to
lower one unless told so, and then the changelog must say why.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

FLOORS = Path(__file__).parent / "floors.json"
MARGIN = 0.01
"""A floor lies so far under the measured value: labels change a little with every correction."""


@dataclass(frozen=True, slots=True)
class Floors:
    """``labels`` is the hash of the label files; ``values`` are by set (``own``, ``held_out``) and figure."""

    labels: str
    values: dict[str, dict[str, float]]


def read_floors(path: Path = FLOORS) -> Floors:
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Floors(stored["labels"], stored["floors"])


def raised(
    floors: Floors, name: str, measured: dict[str, float], *, allow_lower: bool
) -> dict[str, float]:
    """Give new floors for one set; raises ValueError naming each that would sink."""
    known = floors.values.get(name, {})
    proposed = {figure: round(value - MARGIN, 3) for figure, value in measured.items()}
    sinking = [
        figure for figure, floor in known.items() if proposed.get(figure, 0.0) < floor - 1e-9
    ]
    if sinking and not allow_lower:
        raise ValueError(f"these floors would sink: {', '.join(sinking)}")
    kept = {} if allow_lower else known
    return {figure: max(value, kept.get(figure, 0.0)) for figure, value in proposed.items()}


def shortfalls(floors: dict[str, float], measured: dict[str, float]) -> list[str]:
    return [
        f"{figure}: {measured.get(figure, 0.0):.4f} < {floor:.3f}"
        for figure, floor in floors.items()
        if measured.get(figure, 0.0) < floor
    ]


def data_folder() -> Path | None:
    named = os.environ.get("ZHISHENG_DATA")
    return Path(named) if named else None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true", required=True)
    parser.add_argument("--allow-lower", action="store_true")
    options = parser.parse_args(arguments)
    from nlp.training.labels import labels_digest
    from nlp.training.runs import measure, measure_held_out

    floors = read_floors() if FLOORS.exists() else Floors("", {})
    values = dict(floors.values)
    sets = {"own": {figure.name: figure.value for figure in measure(None)}}
    if (data := data_folder()) is not None:
        sets["held_out"] = measure_held_out(data)
    for name, measured in sets.items():
        try:
            values[name] = raised(floors, name, measured, allow_lower=options.allow_lower)
        except ValueError as error:
            sys.stderr.write(f"refused for the set “{name}”: {error}\n")
            return 1
    stored = {"labels": labels_digest(), "floors": values}
    FLOORS.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
