"""How long trying a draft over 30 days takes, with the difference to a saved version, and what one question costs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from core.clock import monotonic
from core.expression import parse
from core.search.base import (
    Breakdown,
    HistogramBucket,
    Interval,
    SearchPage,
    SearchQuery,
)
from core.search.tantivy_engine import TantivySearch
from core.trial import Budget, Trial, TrialDraft, try_out
from tests.bench.result import Better, Goal, Result, percentile
from tests.bench.search_corpus import COMMON, MIDDLING, RARE, existing
from tests.bench.size import Size
from tests.bench.texts import UNTIL

GOAL_S = 3.0
DAYS = 30
PATIENT_S = 1_000.0
ROUNDS = 5
# The draft and the version it changes: few words, many words, NEAR, a word that nearly nobody writes.
DRAFTS = (
    (f"({COMMON[0]} OR {COMMON[1]}) -{COMMON[5]}", COMMON[0]),
    (" OR ".join((*COMMON, *MIDDLING, *RARE)), " OR ".join((*COMMON[1:], *MIDDLING))),
    (
        f"({COMMON[0]} OR {COMMON[3]}) NEAR/10 ({COMMON[2]} OR {COMMON[4]})",
        f"{COMMON[0]} NEAR/10 {COMMON[2]}",
    ),
    (f"({RARE[0]} OR {RARE[1]} OR {MIDDLING[0]}) {COMMON[0]}", RARE[0]),
    (f"-{COMMON[0]}", f"-({COMMON[0]} OR {COMMON[1]})"),
)


class CountedSearch(TantivySearch):
    """Counts what it is asked."""

    questions = 0

    def search(self, query: SearchQuery) -> SearchPage:
        self.questions += 1
        return super().search(query)

    def count(self, query: SearchQuery) -> int:
        self.questions += 1
        return super().count(query)

    def histogram(
        self, query: SearchQuery, *, interval: Interval, by: Breakdown | None = None
    ) -> tuple[HistogramBucket, ...]:
        self.questions += 1
        return super().histogram(query, interval=interval, by=by)


def run(size: Size) -> list[Result]:
    return measure("trial", size.of(200_000, 3_000))


def run_large(size: Size) -> list[Result]:
    return measure("trial_large", size.of(1_000_000, 3_000))


def measure(name: str, documents: int) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="zhisheng-trial-") as folder:
        search = CountedSearch(Path(folder) / "index")
        search.rebuild(existing(documents))
        try:
            return _measured(name, documents, search)
        finally:
            search.close()


def _measured(name: str, documents: int, search: CountedSearch) -> list[Result]:
    taken: list[float] = []
    worst, asked = 0.0, 0
    for draft, saved in DRAFTS:
        search.questions = 0
        times = [_tried(search, draft, saved) for _ in range(ROUNDS)]
        taken += times
        asked = max(asked, search.questions // ROUNDS)
        each_ms = sum(times) / search.questions * 1000
        worst = max(worst, each_ms)
        click.echo(
            f"  {percentile(times, 0.5):.2f} s, {search.questions // ROUNDS} questions of {each_ms:.1f} ms: {draft[:60]}",
            err=True,
        )
    unit = f"at {documents:,} documents"
    return [
        Result(
            name=f"{name}_p95",
            value=percentile(taken, 0.95),
            unit=f"s for {DAYS} days {unit}",
            better=Better.LOWER,
            goal=Goal(GOAL_S, Better.LOWER),
        ),
        Result(
            name=f"{name}_question",
            value=worst,
            unit=f"ms a question of the slowest draft {unit}",
            better=Better.LOWER,
        ),
        Result(
            name=f"{name}_questions", value=asked, unit="questions at most", better=Better.LOWER
        ),
    ]


def _tried(search: CountedSearch, draft: str, saved: str) -> float:
    """Give the seconds of a whole trial, however long it takes."""
    started = monotonic()
    trial: Trial = try_out(
        search,
        TrialDraft(parse(draft)),
        days=DAYS,
        now=UNTIL,
        saved=TrialDraft(parse(saved)),
        budget=Budget(PATIENT_S),
    )
    seconds = monotonic() - started
    if trial.left_out or not trial.total:
        raise AssertionError(f"{draft} was not tried wholly")
    return seconds
