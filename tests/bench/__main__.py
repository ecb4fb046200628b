"""``python -m tests.bench``: run the benchmarks, each in a process of its own, and keep what they say."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import structlog

from tests.bench import BENCHMARKS, LARGE, ONE_CORE
from tests.bench.machine import machine
from tests.bench.result import Result, keep
from tests.bench.size import Size

THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
NAMES = (*BENCHMARKS.names(), *LARGE.names())


@click.command(help="Measure speeds as ratios against peers in the same run.")
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Just these.")
@click.option("--small", is_flag=True, help="Just enough to see that it works; no numbers to keep.")
@click.option("--output", default="bench.json", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--child", hidden=True, type=click.Choice(NAMES))
def bench(*, only: tuple[str, ...], small: bool, output: Path, child: str | None) -> None:
    size = Size.SMALL if small else Size.FULL
    if child is not None:
        _measure(child, size, output)
        return
    described = machine()
    results: list[Result] = []
    failed: list[str] = []
    for name in only or BENCHMARKS.names():
        click.echo(f"· {name} …", err=True)
        measured = _in_own_process(name, size)
        if measured is None:
            failed.append(name)
        else:
            results += measured
    keep(results, described, output)
    if failed:
        click.echo(f"not measured: {', '.join(failed)}", err=True)
        sys.exit(1)


def _measure(name: str, size: Size, output: Path) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("WARNING"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if name in ONE_CORE and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    known = LARGE if name in LARGE.names() else BENCHMARKS
    output.write_bytes(pickle.dumps(list(known.load(name)(size))))


def _in_own_process(name: str, size: Size) -> Sequence[Result] | None:
    with tempfile.TemporaryDirectory(prefix="zhisheng-bench-") as folder:
        output = Path(folder) / "results"
        command = [sys.executable, "-P", "-m", "tests.bench", "--child", name]
        command += ["--output", str(output), *(["--small"] if size is Size.SMALL else [])]
        one_thread = dict.fromkeys(THREAD_SETTINGS, "1") if name in ONE_CORE else {}
        ended = subprocess.run(command, env={**os.environ, **one_thread}, check=False)
        if ended.returncode:
            return None
        # Our own child wrote it a moment ago, into a folder that only we can read.
        measured: list[Result] = pickle.loads(output.read_bytes())  # noqa: S301 (see above)
        return measured


if __name__ == "__main__":
    bench()
