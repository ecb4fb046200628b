"""``python -m tests.bench.search_ten_million --keep FOLDER``: Elasticsearch with ten million documents.

Filling takes the better part of an hour: the folder is kept, and a run that finds it filled only measures.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click
import structlog

from core.clock import monotonic
from core.search.base import IndexOutdatedError, SearchDocument, SearchQuery
from tests.bench.machine import machine
from tests.bench.result import Better, Goal, Result, keep
from tests.bench.search import ELASTICSEARCH, GOAL_BYTES, Place, answer_results, measure
from tests.bench.search_corpus import existing
from tests.bench.search_engines import Elasticsearch, elasticsearch

DOCUMENTS = 10_000_000
GOAL_TOP_MS = 100.0
REPORT_EVERY = 200_000
SMALL = 3_000
LABEL = "search_ten_million"


@click.command(help="Measure Elasticsearch with ten million documents.")
@click.option("--keep", "folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--documents", default=DOCUMENTS, show_default=True)
@click.option("--seconds", default=120.0, show_default=True, help="How long questions are asked.")
@click.option("--fill-only", is_flag=True, help="Fill the folder and measure another time.")
@click.option("--small", is_flag=True, help="Just enough to see that it works; no numbers to keep.")
@click.option("--output", default="bench-10m.json", type=click.Path(dir_okay=False, path_type=Path))
def bench(
    *,
    folder: Path | None,
    documents: int,
    seconds: float,
    fill_only: bool,
    small: bool,
    output: Path,
) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("WARNING"),
        logger_factory=structlog.PrintLoggerFactory(),
    )
    if small:
        documents, seconds = SMALL, 2.0
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))  # Just for once.
        url = stack.enter_context(elasticsearch(place))
        if url is None:
            raise click.ClickException("no Elasticsearch: ZHISHENG_TEST_ELASTICSEARCH is not set")
        engine = Elasticsearch(url)
        stack.callback(engine.close)
        results = _filled(engine, documents)
        if not fill_only:
            described = machine()
            # A later revision than those of every earlier run: the same documents arrive again.
            revision = int(datetime.now(UTC).timestamp())
            measured = measure(Place(Elasticsearch, url), seconds, revision=revision)
            results += answer_results(LABEL, documents, measured, goals_ms=_goal_ms)
            keep(results, described, output)


def _goal_ms(kind: str) -> float | None:
    return GOAL_TOP_MS if kind.startswith("top20") else None


def _filled(engine: Elasticsearch, documents: int) -> list[Result]:
    """Fill the index unless it holds that many already, and give the disk it takes."""
    results: list[Result] = []
    try:
        there = engine.search.count(SearchQuery())
    except IndexOutdatedError:
        there = 0
    if there < documents:
        started = monotonic()
        engine.fill(_watched(documents))
        results.append(
            Result(
                name=f"{LABEL}_bulk",
                value=documents / (monotonic() - started),
                unit="documents/s, generating them included",
                better=Better.HIGHER,
            )
        )
        engine.settle()
        there = documents
    size = Result(
        name=f"{LABEL}_size",
        value=engine.size() / there,
        unit="bytes a document",
        better=Better.LOWER,
        goal=Goal(GOAL_BYTES[ELASTICSEARCH], Better.LOWER),
    )
    return [*results, size]


def _watched(documents: int) -> Iterator[SearchDocument]:
    started = monotonic()
    for number, document in enumerate(existing(documents), 1):
        yield document
        if number % REPORT_EVERY == 0:
            rate = number / (monotonic() - started)
            click.echo(f"  {number:,} documents, {rate:,.0f} a second", err=True)


if __name__ == "__main__":
    bench()
