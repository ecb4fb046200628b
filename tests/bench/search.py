"""How long questions take while new documents are written: tantivy, and PostgreSQL in the same run."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from queue import Queue

import click
from sqlalchemy.engine import make_url

from core.clock import monotonic
from core.database.embedded import EmbeddedServer
from tests.bench.result import Better, Goal, Result, percentile
from tests.bench.search_corpus import Question, arriving, existing, questions
from tests.bench.search_engines import Engine, Gin, Tantivy
from tests.bench.size import Size

PEER = "PostgreSQL, GIN over bigrams"
GOAL_TOP_MS = 20.0
# As the index role does it: up to 500 at a time, committed each time.
WRITE_BATCH = 500
WRITE_EVERY_S = 0.5
FEWEST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of each answer by kind, and how fast documents were written meanwhile."""

    seconds: Mapping[str, Sequence[float]]
    written_per_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine keeps its data; opened anew in the writing process."""

    make: Callable[[str], Engine]
    address: str

    def open(self) -> Engine:
        return self.make(self.address)


def open_tantivy(address: str) -> Engine:
    return Tantivy(Path(address))


def open_gin(address: str) -> Engine:
    return Gin(address)


def run(size: Size) -> list[Result]:
    documents, seconds = size.of(200_000, 5_000), size.of(30, 3)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zhisheng-search-")))
        places = {
            "ours": Place(open_tantivy, str(folder / "index")),
            "peer": Place(open_gin, _database(stack, folder)),
        }
        engines = {name: place.open() for name, place in places.items()}
        for name, engine in engines.items():
            stack.callback(engine.close)
            started = monotonic()
            engine.fill(existing(documents))
            click.echo(
                f"  {name}: {documents} documents in {monotonic() - started:.0f} s", err=True
            )
        _compare(engines["ours"], engines["peer"])
        engines["ours"].close()  # Lets go of the folder, for the process that writes.
        measured = {name: _measure(places[name], seconds) for name in places}
    return _results(measured["ours"], measured["peer"], documents)


def _database(stack: ExitStack, folder: Path) -> str:
    server = EmbeddedServer(folder / "home", durable=False)
    handle = server.acquire()
    stack.callback(shutil.rmtree, server.files.folder, ignore_errors=True)
    stack.callback(handle.close)
    return make_url(handle.url).set(drivername="postgresql").render_as_string(hide_password=False)


def _compare(ours: Engine, peer: Engine) -> None:
    for kind, asked in questions().items():
        for question in asked:
            if ours.answer(question) != peer.answer(question):
                raise AssertionError(f"the engines disagree on {kind}: {question}")


def _measure(place: Place, seconds: float) -> Measured:
    spawn = multiprocessing.get_context("spawn")
    ready, stop, rate = spawn.Event(), spawn.Event(), spawn.Queue()
    writer = spawn.Process(target=_write, args=(place, seconds, ready, stop, rate), daemon=True)
    writer.start()
    engine = place.open()
    try:
        _ask_once(engine)
        if not ready.wait(120):
            raise TimeoutError("the writing process did not begin")
        taken = _ask(engine, seconds)
    finally:
        stop.set()
        engine.close()
    written_per_s = float(rate.get(timeout=60))
    writer.join(60)
    return Measured(taken, written_per_s)


def _ask_once(engine: Engine) -> None:
    for asked in questions().values():
        for question in asked:
            engine.answer(question)


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


def _write(place: Place, seconds: float, ready: Event, stop: Event, rate: Queue[float]) -> None:
    """Write a batch at every beat until told to stop; a batch that takes longer delays the next."""
    prepared = list(arriving(int(seconds * 2 * WRITE_BATCH / WRITE_EVERY_S)))
    engine = place.open()
    written, started = 0, monotonic()
    next_at = started
    while not stop.wait(max(0.0, next_at - monotonic())) and written < len(prepared):
        next_at = max(next_at + WRITE_EVERY_S, monotonic())
        engine.write(prepared[written : written + WRITE_BATCH])
        written += WRITE_BATCH
        ready.set()
    rate.put(written / (monotonic() - started))
    engine.close()


def _results(ours: Measured, peer: Measured, documents: int) -> list[Result]:
    results = [
        Result(
            name=f"search_{kind}_p95",
            value=percentile(ours.seconds[kind], 0.95) * 1000,
            unit=f"ms at {documents} documents while writing",
            better=Better.LOWER,
            peer=PEER,
            peer_value=percentile(peer.seconds[kind], 0.95) * 1000,
            goal=Goal(GOAL_TOP_MS, Better.LOWER) if kind.startswith("top20") else None,
        )
        for kind in ours.seconds
    ]
    written = Result(
        name="search_written_meanwhile",
        value=ours.written_per_s,
        unit="documents/s",
        better=Better.HIGHER,
        peer=PEER,
        peer_value=peer.written_per_s,
    )
    return [*results, written]
