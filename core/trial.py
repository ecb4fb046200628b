"""Trying an expression on what was collected before: how much it finds, what is noise, what a change changes.

Everything is counted by the search engine; nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.clock import monotonic
from core.expression import Expression
from core.expression.syntax import conjunction, negation
from core.overview import TrendPoint, filled
from core.search.base import Breakdown, DocumentSearch, Interval, SearchQuery
from core.trial_samples import Candidates, Stretch, spread
from core.trial_terms import Term, WordingChange, positive_terms, without, wording_change

DAY = dt.timedelta(days=1)
PERIODS = (1, 7, 30, 90)
"""For how many days back an expression can be tried."""

SAMPLES = 20
CHANGED_SAMPLES = 5
MOST_TERMS = 40
DETAILED_TERMS = 12
SECONDS = 2.5
"""After so long no further question is asked, and what is missing is named."""


class Part(StrEnum):
    """What may be left out when the engine is slow, in the order in which it is asked for."""

    RELEVANCE = "relevance"
    DIFFERENCE = "difference"
    SAMPLES = "samples"
    COMPARISON = "comparison"
    TERMS = "terms"


@dataclass(frozen=True, slots=True)
class TrialDraft:
    """What is tried: the expression as typed, and what else must hold (sources, excluded words, filters).

    Without either, every document is a hit.
    """

    expression: Expression | None
    scope: Expression | None = None

    @property
    def whole(self) -> Expression | None:
        return joined(self.expression, self.scope)


@dataclass(frozen=True, slots=True)
class TermNoise:
    """How many hits hold a term and how many only it brings, and how many of these are not about labour.

    ``rest`` is the typed expression without it, None where every hit has to hold it.
    """

    term: Term
    hits: int
    irrelevant: int
    only: int
    only_irrelevant: int
    rest: Expression | None


@dataclass(frozen=True, slots=True)
class Change:
    """The hits that one version has and the other lacks; ``ids`` are the newest of them."""

    total: int
    irrelevant: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    saved_total: int
    added: Change
    removed: Change
    wording: WordingChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What ``[since, until)`` holds for a draft; None and empty where `left_out` names the part.

    ``relevant`` and ``irrelevant`` leave out the hits that are not analysed yet. ``before`` counts the same number
    of days before, ``everything`` all documents of the period whatever they say.
    """

    since: dt.datetime
    until: dt.datetime
    days: int
    interval: Interval
    points: tuple[TrendPoint, ...]
    total: int
    relevant: int | None = None
    irrelevant: int | None = None
    difference: Difference | None = None
    samples: tuple[Candidates, ...] = ()
    before: int | None = None
    everything: int | None = None
    terms: tuple[TermNoise, ...] = ()
    terms_left: int = 0
    left_out: tuple[Part, ...] = field(default=())

    @property
    def unknown(self) -> int | None:
        if self.relevant is None or self.irrelevant is None:
            return None
        return max(0, self.total - self.relevant - self.irrelevant)

    @property
    def share(self) -> float | None:
        """The part of all documents of the period that the draft finds."""
        return self.total / self.everything if self.everything else None


def joined(*expressions: Expression | None) -> Expression | None:
    parts = tuple(expression for expression in expressions if expression is not None)
    return conjunction(parts) if parts else None


class Budget:
    """Says when enough time was spent; ``elapsed`` seconds are counted from its making."""

    def __init__(self, seconds: float = SECONDS, tick: Callable[[], float] = monotonic) -> None:
        self._tick = tick
        self._until = tick() + seconds

    @property
    def is_spent(self) -> bool:
        return self._tick() >= self._until


def try_out(
    search: DocumentSearch,
    draft: TrialDraft,
    *,
    days: int,
    now: dt.datetime,
    saved: TrialDraft | None = None,
    budget: Budget | None = None,
) -> Trial:
    """Try the draft on the last ``days`` times 24 hours before ``now``.

    A recent time range in it counts back from ``now``. The hits and their course are always counted; each other part
    is left out, and named, when the budget is spent before it begins. Raises what the engine raises.
    """
    budget = budget or Budget()
    base = SearchQuery(since=now - days * DAY, until=now, now=now)
    query = replace(base, expression=draft.whole)
    interval = Interval.HOUR if days == 1 else Interval.DAY
    buckets = search.histogram(query, interval=interval, by=Breakdown.POLARITY)
    trial = Trial(
        since=now - days * DAY,
        until=now,
        days=days,
        interval=interval,
        points=filled(buckets, interval, since=now - days * DAY, until=now),
        total=sum(bucket.total for bucket in buckets),
    )
    return _completed(search, trial, draft, saved, query, budget)


def _completed(
    search: DocumentSearch,
    trial: Trial,
    draft: TrialDraft,
    saved: TrialDraft | None,
    query: SearchQuery,
    budget: Budget,
) -> Trial:
    left_out = []

    def has_time(part: Part) -> bool:
        if not budget.is_spent:
            return True
        left_out.append(part)
        return False

    if has_time(Part.RELEVANCE):
        relevant, irrelevant = (
            search.count(replace(query, relevant=value)) if trial.total else 0
            for value in (True, False)
        )
        trial = replace(trial, relevant=relevant, irrelevant=irrelevant)
    if saved is not None and has_time(Part.DIFFERENCE):
        trial = replace(trial, difference=_difference(search, trial.total, draft, saved, query))
    if trial.total and has_time(Part.SAMPLES):
        stretches = list(_stretches(trial))
        trial = replace(trial, samples=spread(search, query, stretches, wanted=SAMPLES))
    if has_time(Part.COMPARISON):
        earlier = replace(query, since=trial.since - trial.days * DAY, until=trial.since)
        everything = search.count(replace(query, expression=None))
        trial = replace(trial, before=search.count(earlier), everything=everything)
    if trial.total and draft.expression is not None and has_time(Part.TERMS):
        trial, is_complete = _with_terms(search, trial, draft, query, budget)
        left_out += [] if is_complete else [Part.TERMS]
    return replace(trial, left_out=tuple(left_out))


def _stretches(trial: Trial) -> Iterator[Stretch]:
    ends = [point.start for point in trial.points[1:]] + [trial.until]
    for point, end in zip(trial.points, ends, strict=True):
        yield Stretch(max(point.start, trial.since), end, point.total)


def _difference(
    search: DocumentSearch,
    total: int,
    draft: TrialDraft,
    saved: TrialDraft,
    query: SearchQuery,
) -> Difference:
    added = _change(search, query, draft.whole, saved.whole)
    removed = _change(search, query, saved.whole, draft.whole)
    return Difference(
        saved_total=total - added.total + removed.total,
        added=added,
        removed=removed,
        wording=wording_change(saved.whole, draft.whole),
    )


def _change(
    search: DocumentSearch, query: SearchQuery, has: Expression | None, lacks: Expression | None
) -> Change:
    if lacks is None or has == lacks:
        return Change(0, 0, ())
    changed = replace(query, expression=joined(has, negation(lacks)), limit=CHANGED_SAMPLES)
    page = search.search(changed)
    irrelevant = search.count(replace(changed, relevant=False)) if page.total else 0
    return Change(page.total, irrelevant, page.ids)


def _with_terms(
    search: DocumentSearch, trial: Trial, draft: TrialDraft, query: SearchQuery, budget: Budget
) -> tuple[Trial, bool]:
    """Rank the terms by the noise in their hits, and compare the noisiest with the draft without them.

    The second answer tells whether the budget was enough.
    """
    expression, all_irrelevant = draft.expression, trial.irrelevant
    if expression is None or all_irrelevant is None:
        return trial, False
    listed = positive_terms(expression)
    ranked: list[tuple[Term, int, Expression | None]] = []
    for term in listed[:MOST_TERMS]:
        if budget.is_spent:
            break
        rest, irrelevant = without(expression, term), all_irrelevant
        if rest is not None:
            holding = joined(draft.whole, term.contained)
            irrelevant = search.count(replace(query, expression=holding, relevant=False))
        ranked.append((term, irrelevant, rest))
    is_complete = len(ranked) == len(listed[:MOST_TERMS])
    ranked.sort(key=lambda entry: (entry[2] is None, -entry[1]))
    terms: list[TermNoise] = []
    for term, irrelevant, rest in ranked[:DETAILED_TERMS]:
        if budget.is_spent:
            is_complete = False
            break
        terms.append(
            _noise(search, trial, draft, query, TermNoise(term, 0, irrelevant, 0, 0, rest))
        )
    terms.sort(key=lambda noise: (noise.rest is None, -noise.only_irrelevant, -noise.irrelevant))
    left = len(listed) - len(terms)
    return replace(trial, terms=tuple(terms), terms_left=left), is_complete


def _noise(
    search: DocumentSearch, trial: Trial, draft: TrialDraft, query: SearchQuery, noise: TermNoise
) -> TermNoise:
    """Fill in what only the term brings; every hit needs a term without which nothing is found."""
    all_irrelevant = trial.irrelevant or 0
    if noise.rest is None:
        return replace(noise, hits=trial.total, only=trial.total, only_irrelevant=all_irrelevant)
    holding = replace(query, expression=joined(draft.whole, noise.term.contained))
    remaining = replace(query, expression=joined(noise.rest, draft.scope))
    return replace(
        noise,
        hits=search.count(holding),
        only=trial.total - search.count(remaining),
        only_irrelevant=all_irrelevant - search.count(replace(remaining, relevant=False)),
    )


def sample_ids(candidates: Sequence[Candidates]) -> list[int]:
    return [id_ for entry in candidates for id_ in entry.ids]
