"""How far more processes of ``zhisheng analyse`` help, and what one of them holds in memory.

The peer of N workers is one worker on the same texts in the same run; time is that of the clock on the wall,
less what a run without texts takes, for models are loaded once.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from time import perf_counter

from tests.bench.result import Better, Goal, Result
from tests.bench.size import Size
from tests.bench.texts import posts

EFFICIENCY = 0.85
MEGABYTES = 600.0
KIBIBYTES_PER_MEGABYTE = 1_024


def run(size: Size) -> list[Result]:
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="zhisheng-bench-") as folder:
        texts, empty = Path(folder) / "texts.jsonl", Path(folder) / "empty.jsonl"
        empty.touch()
        count = _write(texts, size.of(60_000, 2_000))
        one = _per_s(texts, empty, count, workers=1)
        several = _per_s(texts, empty, count, workers=cores)
    # The children of this process were nothing but workers of ours.
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / KIBIBYTES_PER_MEGABYTE
    return [
        Result(
            name="workers",
            value=several,
            unit=f"documents/s with {cores} workers",
            better=Better.HIGHER,
            peer="1 worker",
            peer_value=one,
            goal=Goal(EFFICIENCY * cores, Better.HIGHER, of_ratio=True),
        ),
        Result(
            name="worker_memory",
            value=largest,
            unit="MB of the largest process",
            better=Better.LOWER,
            goal=Goal(MEGABYTES, Better.LOWER),
        ),
    ]


def _write(path: Path, count: int) -> int:
    with path.open("w", encoding="utf-8") as file:
        for number, post in enumerate(islice(posts(), count)):
            row = {"id": number, "title": post.title, "text": post.text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count


def _per_s(texts: Path, empty: Path, count: int, *, workers: int) -> float:
    return count / (_seconds(texts, workers) - _seconds(empty, workers))


def _seconds(texts: Path, workers: int) -> float:
    command = [sys.executable, "-P", "-m", "zhisheng", "analyse", "--input", str(texts)]
    command += ["--output", os.devnull, "--workers", str(workers)]
    started = perf_counter()
    subprocess.run(command, check=True)
    return perf_counter() - started
