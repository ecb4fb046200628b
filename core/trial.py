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
from core.overview import TrendPoint, filled
from core.search.base import Breakdown, DocumentSearch, Interval, SearchQuery
from core.trial_noise import NoiseQuestions, TermNoise
from core.trial_samples import Candidates, Stretch, spread
from core.trial_terms import WordingChange, joined, lacking, positive_terms, wording_change

DAY = dt.timedelta(days=1)
PERIODS = (1, 7, 30, 90)
"""For how many days back an expression can be tried."""

NEWEST = 3000
"""How many hits are listed, for samples and for whoever looks at each of them."""

SAMPLES = 20
CHANGED_SAMPLES = 5
MOST_TERMS = 40
DETAILED_TERMS = 12
SECONDS = 2.0
"""After so long no further question is asked, and what is missing is named."""

_SHARE_OF_SAMPLES = 0.3
_SHARE_OF_RANKING = 0.5


class Part(StrEnum):
    """What may be left out when the engine is slow, in the order in which it is asked for."""

    SAMPLES = "samples"
    RELEVANCE = "relevance"
    DIFFERENCE = "difference"
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
class Change:
    """The hits that one version has and the other lacks; ``ids`` are the newest of them.

    ``irrelevant`` is None where there was no time to count it.
    """

    total: int
    irrelevant: int | None
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
    of days before, ``everything`` all documents of the period whatever they say. ``newest`` are the ids
    of the hits, the newest first, at most NEWEST of them; ``terms_left`` counts the terms that were not compared.
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
    newest: tuple[int, ...] = ()
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


class Budget:
    """Says how much time is left of the ``seconds`` from its making."""

    def __init__(self, seconds: float = SECONDS, tick: Callable[[], float] = monotonic) -> None:
        self.tick = tick
        self._until = tick() + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._until - self.tick())

    @property
    def is_spent(self) -> bool:
        return not self.left


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
    started = budget.tick()
    buckets = search.histogram(query, interval=interval, by=Breakdown.POLARITY)
    cost = budget.tick() - started
    trial = Trial(
        since=now - days * DAY,
        until=now,
        days=days,
        interval=interval,
        points=filled(buckets, interval, since=now - days * DAY, until=now),
        total=sum(bucket.total for bucket in buckets),
    )
    return _Trier(search, draft, saved, query, budget, cost).complete(trial)


@dataclass(frozen=True, slots=True)
class _Trier:
    """Asks for one part after another while there is time; ``cost`` is the seconds of one question."""

    search: DocumentSearch
    draft: TrialDraft
    saved: TrialDraft | None
    query: SearchQuery
    budget: Budget
    cost: float

    def complete(self, trial: Trial) -> Trial:
        wanted = (
            (Part.SAMPLES, self._samples, trial.total > 0),
            (Part.RELEVANCE, self._relevance, True),
            (Part.DIFFERENCE, self._difference, self.saved is not None),
            (Part.COMPARISON, self._comparison, True),
            (Part.TERMS, self._terms, trial.total > 0 and self.draft.expression is not None),
        )
        for part, fill, is_wanted in wanted:
            if is_wanted:
                missing = (*trial.left_out, part)
                trial = replace(trial, left_out=missing) if self.budget.is_spent else fill(trial)
        return trial

    def _relevance(self, trial: Trial) -> Trial:
        relevant, irrelevant = (
            self.search.count(replace(self.query, relevant=value)) if trial.total else 0
            for value in (True, False)
        )
        return replace(trial, relevant=relevant, irrelevant=irrelevant)

    def _samples(self, trial: Trial) -> Trial:
        newest = self.search.search(replace(self.query, limit=NEWEST)).ids
        samples = spread(
            self.search,
            self.query,
            list(_stretches(trial)),
            newest,
            wanted=SAMPLES,
            questions=int(self.budget.left * _SHARE_OF_SAMPLES / max(self.cost, 0.001)),
        )
        return replace(trial, newest=newest, samples=samples)

    def _comparison(self, trial: Trial) -> Trial:
        earlier = replace(self.query, since=trial.since - trial.days * DAY, until=trial.since)
        everything = self.search.count(replace(self.query, expression=None))
        return replace(trial, before=self.search.count(earlier), everything=everything)

    def _difference(self, trial: Trial) -> Trial:
        if self.saved is None:
            return trial
        draft, saved = self.draft.whole, self.saved.whole
        added, removed = self._change(draft, saved), self._change(saved, draft)
        difference = Difference(
            saved_total=trial.total - added.total + removed.total,
            added=added,
            removed=removed,
            wording=wording_change(saved, draft),
        )
        return replace(trial, difference=difference)

    def _change(self, has: Expression | None, lacks: Expression | None) -> Change:
        expression = lacking(has, lacks)
        if expression is None:
            return Change(0, 0, ())
        changed = replace(self.query, expression=expression, limit=CHANGED_SAMPLES)
        page = self.search.search(changed)
        irrelevant = None if page.total else 0
        if page.total and not self.budget.is_spent:
            irrelevant = self.search.count(replace(changed, relevant=False))
        return Change(page.total, irrelevant, page.ids)

    def _terms(self, trial: Trial) -> Trial:
        """Rank the terms by the noise in their hits, and look closer at the noisiest."""
        expression, irrelevant = self.draft.expression, trial.irrelevant
        if expression is None or irrelevant is None:
            return trial
        listed = positive_terms(expression)
        asker = NoiseQuestions(
            self.search, expression, self.draft.scope, self.query, trial.total, irrelevant
        )
        ranked: list[TermNoise] = []
        until = self.budget.left * (1 - _SHARE_OF_RANKING)
        for term in listed[:MOST_TERMS]:
            if self.budget.left < until:
                break
            ranked.append(asker.ranked(term))
        ranked.sort(key=lambda noise: (noise.rest is None, -noise.irrelevant))
        terms: list[TermNoise] = []
        for noise in ranked[:DETAILED_TERMS]:
            if self.budget.is_spent:
                break
            terms.append(asker.detailed(noise))
        terms.sort(
            key=lambda noise: (noise.rest is None, -noise.only_irrelevant, -noise.irrelevant)
        )
        is_complete = len(terms) == min(len(listed), DETAILED_TERMS)
        return replace(
            trial,
            terms=tuple(terms),
            terms_left=len(listed) - len(terms),
            left_out=trial.left_out if is_complete else (*trial.left_out, Part.TERMS),
        )


def _stretches(trial: Trial) -> Iterator[Stretch]:
    ends = [point.start for point in trial.points[1:]] + [trial.until]
    for point, end in zip(trial.points, ends, strict=True):
        yield Stretch(max(point.start, trial.since), end, point.total)


def sample_ids(candidates: Sequence[Candidates]) -> list[int]:
    return [id_ for entry in candidates for id_ in entry.ids]
