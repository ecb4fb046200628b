"""How long questions take while new documents are written: tantivy, PostgreSQL and Elasticsearch in the same run."""

from __future__ import annotations

import gc
import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from multiprocessing.synchronize import Event
from pathlib import Path
from queue import Queue

import click
from sqlalchemy.engine import make_url

from core.clock import monotonic
from core.database.embedded import EmbeddedServer
from core.search.base import SearchDocument
from tests.bench.result import Better, Goal, Result, percentile
from tests.bench.search_corpus import arriving, existing
from tests.bench.search_engines import Elasticsearch, Engine, Tantivy, elasticsearch
from tests.bench.search_gin import Gin
from tests.bench.search_questions import Question, goal_ms, questions
from tests.bench.size import Size

PEER = "PostgreSQL, GIN over bigrams"
TANTIVY, GIN, ELASTICSEARCH = "tantivy", "gin", "elasticsearch"
GOAL_BULK_PER_S = 10_000.0
GOAL_BYTES = {TANTIVY: 600.0, ELASTICSEARCH: 1_000.0}
# As the index role does it: up to 500 at a time, committed each time.
WRITE_BATCH = 500
WRITE_EVERY_S = 0.5
FEWEST_ROUNDS = 20
POINTS = {"p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine keeps its data; opened anew in the writing process."""

    make: Callable[[str], Engine]
    address: str

    def open(self) -> Engine:
        return self.make(self.address)


@dataclass(frozen=True, slots=True)
class Filled:
    documents_per_s: float
    bytes_per_document: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of each answer by kind, and how fast documents were written meanwhile."""

    seconds: Mapping[str, Sequence[float]]
    written_per_s: float

    def ms(self, kind: str, share: float) -> float:
        return percentile(self.seconds[kind], share) * 1000


def run(size: Size) -> list[Result]:
    return compare_engines("search", size.of(200_000, 3_000), size.of(40, 2))


def run_large(size: Size) -> list[Result]:
    return compare_engines("search_large", size.of(1_000_000, 3_000), size.of(60, 2))


def compare_engines(prefix: str, size: int, seconds: float) -> list[Result]:
    documents = list(existing(size))
    # They stay to the end: the collector need not look at them again and again.
    gc.collect()
    gc.freeze()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zhisheng-search-")))
        places = {
            TANTIVY: Place(Tantivy, str(folder / "index")),
            GIN: Place(Gin, _database(stack, folder)),
        }
        url = stack.enter_context(elasticsearch(folder / "elasticsearch"))
        if url is not None:
            places[ELASTICSEARCH] = Place(Elasticsearch, url)
        engines = {name: place.open() for name, place in places.items()}
        for engine in engines.values():
            stack.callback(engine.close)
        if url is not None:
            stack.callback(Elasticsearch(url).clear)
        filled = {name: _fill(name, engine, documents) for name, engine in engines.items()}
        _compare(engines)
        engines[TANTIVY].close()  # Lets go of the folder, for the process that writes.
        measured = {name: measure(place, seconds) for name, place in places.items()}
    return _results(prefix, size, filled, measured)


def _database(stack: ExitStack, folder: Path) -> str:
    server = EmbeddedServer(folder / "home", durable=False)
    handle = server.acquire()
    stack.callback(shutil.rmtree, server.files.folder, ignore_errors=True)
    stack.callback(handle.close)
    return make_url(handle.url).set(drivername="postgresql").render_as_string(hide_password=False)


def _fill(name: str, engine: Engine, documents: Sequence[SearchDocument]) -> Filled:
    started = monotonic()
    engine.fill(documents)
    seconds = monotonic() - started
    size = engine.settle()
    filled = Filled(len(documents) / seconds, size / len(documents))
    click.echo(
        f"  {name}: {len(documents):,} documents in {seconds:.0f} s, {filled.bytes_per_document:.0f} B each",
        err=True,
    )
    return filled


def _compare(engines: Mapping[str, Engine]) -> None:
    """All must give the same answers before any clock starts."""
    for kind, asked in questions().items():
        for question in asked:
            wanted = engines[TANTIVY].answer(question)
            for name, engine in engines.items():
                if engine.answer(question) != wanted:
                    raise AssertionError(f"{name} and {TANTIVY} disagree on {kind}: {question}")


def measure(place: Place, seconds: float, *, revision: int = 1) -> Measured:
    """Ask while another process writes; ``revision`` is that of what it writes."""
    spawn = multiprocessing.get_context("spawn")
    ready, stop, rate = spawn.Event(), spawn.Event(), spawn.Queue()
    writer = spawn.Process(target=_write, args=(place, revision, ready, stop, rate), daemon=True)
    writer.start()
    engine = place.open()
    try:
        for asked in questions().values():
            for question in asked:
                engine.answer(question)
        if not ready.wait(120):
            raise TimeoutError("the writing process did not begin")
        taken = _ask(engine, seconds)
    finally:
        stop.set()
        engine.close()
    written_per_s = float(rate.get(timeout=60))
    writer.join(60)
    return Measured(taken, written_per_s)


def _ask(engine: Engine, seconds: float) -> Mapping[str, Sequence[float]]:
    kinds: dict[str, Sequence[Question]] = questions()
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    until = monotonic() + seconds
    turn = 0
    while monotonic() < until or turn < FEWEST_ROUNDS:
        for kind, asked in kinds.items():
            started = monotonic()
            engine.answer(asked[turn % len(asked)])
            taken[kind].append(monotonic() - started)
        turn += 1
    return taken


def _write(place: Place, revision: int, ready: Event, stop: Event, rate: Queue[float]) -> None:
    """Write a batch at every beat until told to stop; a batch that takes longer delays the next."""
    arrived: Iterator[SearchDocument] = arriving(revision)
    engine = place.open()
    written, started = 0, monotonic()
    next_at = started
    while not stop.wait(max(0.0, next_at - monotonic())):
        next_at = max(next_at + WRITE_EVERY_S, monotonic())
        engine.write(list(islice(arrived, WRITE_BATCH)))
        written += WRITE_BATCH
        ready.set()
    rate.put(written / (monotonic() - started))
    engine.close()


def _results(
    prefix: str, size: int, filled: Mapping[str, Filled], measured: Mapping[str, Measured]
) -> list[Result]:
    results: list[Result] = []
    for name in filled:
        if name == GIN:
            continue
        label = prefix if name == TANTIVY else f"{prefix}_{name}"
        goals_ms = goal_ms if name == TANTIVY else no_goal
        results += answer_results(
            label, size, measured[name], peer=measured[GIN], goals_ms=goals_ms
        )
        results += [
            Result(
                name=f"{label}_written_meanwhile",
                value=measured[name].written_per_s,
                unit="documents/s",
                better=Better.HIGHER,
                peer=PEER,
                peer_value=measured[GIN].written_per_s,
            ),
            Result(
                name=f"{label}_bulk",
                value=filled[name].documents_per_s,
                unit="documents/s",
                better=Better.HIGHER,
                peer=PEER,
                peer_value=filled[GIN].documents_per_s,
                goal=Goal(GOAL_BULK_PER_S, Better.HIGHER) if name == TANTIVY else None,
            ),
            Result(
                name=f"{label}_size",
                value=filled[name].bytes_per_document,
                unit="bytes a document",
                better=Better.LOWER,
                peer=f"{PEER}, its indexes alone",
                peer_value=filled[GIN].bytes_per_document,
                goal=Goal(GOAL_BYTES[name], Better.LOWER),
            ),
        ]
    return results


def no_goal(_: str) -> None:
    """Give none: the goals of Elasticsearch are for more documents than this."""


def answer_results(
    label: str,
    size: int,
    ours: Measured,
    *,
    peer: Measured | None = None,
    goals_ms: Callable[[str], float | None] = goal_ms,
) -> list[Result]:
    """Give the middle and the 95 % point of each kind of question; the goals are for the latter."""
    return [
        Result(
            name=f"{label}_{kind}_{point}",
            value=ours.ms(kind, share),
            unit=f"ms at {size:,} documents while writing",
            better=Better.LOWER,
            peer=PEER if peer else None,
            peer_value=peer.ms(kind, share) if peer else None,
            goal=Goal(goal, Better.LOWER) if goal and point == "p95" else None,
        )
        for kind in ours.seconds
        for goal in [goals_ms(kind)]
        for point, share in POINTS.items()
    ]
