"""Measured speeds, each beside a peer in the same run: `make bench`, or `python -m tests.bench --only NAME`.

`make bench-large` is for what takes long.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from core.registry import PluginTable
from tests.bench.result import Result
from tests.bench.size import Size

Run: TypeAlias = Callable[[Size], Sequence[Result]]

BENCHMARKS: PluginTable[Run] = PluginTable(
    "基准",
    [
        ("pipeline", "tests.bench.pipeline:run"),
        ("workers", "tests.bench.workers:run"),
        ("search", "tests.bench.search:run"),
        ("trial", "tests.bench.trial:run"),
        ("latency", "tests.bench.latency:run"),
        ("ingest", "tests.bench.ingest:run"),
        ("flat", "tests.bench.flat:run"),
        ("crawl", "tests.bench.crawl:run"),
        ("crawl_ingest", "tests.bench.crawl_ingest:run"),
        ("crawl_manners", "tests.bench.crawl_manners:run"),
        ("matcher", "tests.bench.matcher:run"),
        ("parsing", "tests.bench.parsing:run"),
    ],
)
# These run only where they are named.
LARGE: PluginTable[Run] = PluginTable(
    "大规模基准",
    [
        ("search_large", "tests.bench.search:run_large"),
        ("trial_large", "tests.bench.trial:run_large"),
        ("crawl_large", "tests.bench.crawl:run_large"),
    ],
)
# What is measured on one core must not be helped by the threads of a numeric library.
ONE_CORE = frozenset({"pipeline", "matcher", "parsing"})
