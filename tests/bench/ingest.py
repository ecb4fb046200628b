"""Lines per second from a file until they are analysed and searchable, and where the time goes."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from core.clock import monotonic, to_rfc3339
from crawlers.importing.file_import import ImportContext, import_file
from tests.bench.installation import Installation, fresh_installation
from tests.bench.result import Better, Result
from tests.bench.size import Size
from tests.bench.texts import SEED, UNTIL, posts
from zhisheng.catching_up import index_worker
from zhisheng.pipelines import build_pipeline
from zhisheng.services import Services
from zhisheng.understanding import UnderstandWorker


def run(size: Size) -> list[Result]:
    count = size.of(20_000, 500)
    with tempfile.TemporaryDirectory(prefix="zhisheng-lines-") as folder:
        file = Path(folder) / "lines.jsonl"
        _write(file, count, seed=SEED)
        with fresh_installation() as installation:
            rate = _by_command(installation, file, count)
        _write(file, count // 4, seed=SEED + 1)
        with fresh_installation() as installation:
            stages = _by_stage(installation.services, file, count // 4)
    whole = Result(
        name="ingest",
        value=rate,
        unit=f"lines/s, {count} lines analysed and searchable",
        better=Better.HIGHER,
    )
    return [whole, *stages]


def _write(file: Path, count: int, *, seed: int) -> None:
    with file.open("w", encoding="utf-8") as lines:
        for number, post in enumerate(islice(posts(seed=seed), count)):
            line = {
                "url": f"https://lines.example.invalid/{seed}/{number}",
                "title": post.title,
                "text": post.text,
                "published_at": to_rfc3339(UNTIL - dt.timedelta(seconds=number)),
                "source": f"信源{number % 20}",
            }
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def _by_command(installation: Installation, file: Path, count: int) -> float:
    started = monotonic()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "zhisheng", "ingest", str(file), "--wait"],
        env=dict(installation.environment),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    taken = monotonic() - started
    accepted = json.loads(done.stdout)["accepted"]
    if accepted != count:
        raise AssertionError(f"{accepted} of {count} lines were accepted")
    return count / taken


def _by_stage(services: Services, file: Path, count: int) -> list[Result]:
    context = ImportContext(
        now=services.clock.now, hasher=services.hasher, collected_by="bench", default_source="量度"
    )
    understand = UnderstandWorker(
        services.sessions, services.clock, build_pipeline(demo=False), owner=services.owner
    )
    index = index_worker(services)
    stages: dict[str, Callable[[], object]] = {
        "store": lambda: import_file(services.sessions, file, context=context),
        "understand": lambda: _exhaust(understand.step),
        "index": lambda: _exhaust(index.step),
    }
    results = []
    for name, work in stages.items():
        started = monotonic()
        work()
        rate = count / (monotonic() - started)
        results.append(
            Result(name=f"ingest_{name}", value=rate, unit="documents/s", better=Better.HIGHER)
        )
    index.close()
    return results


def _exhaust(step: Callable[[], int]) -> None:
    while step():
        pass
