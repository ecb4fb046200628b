"""Volume of the next 24 hours with a band that holds four times in five.

A series is cut into windows of 24 hours that end now, so the hour of the day plays no part in their totals. Several
experts watch it, each a gamma-Poisson level that forgets at its own pace (discounted as in West and Harrison, Bayesian
Forecasting and Dynamic Models, 1997, 10.8) and drifts by its own factor. Times a factor for the day of the week, each
predicts a negative-binomial count; they are mixed by their recent likelihood. The probability of the band is steered by
adaptive conformal inference (Gibbs and Candes, NeurIPS 2021): every window that falls outside widens it, every one inside
narrows it a little, so that it holds its promise even where the model does not.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from nlp.distributions import (
    negative_binomial_band,
    negative_binomial_log,
    negative_binomial_quantile,
)

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
DAY_HOURS = 24
WEEK = 7
BAND = 0.8
LONGEST_HISTORY = 182
CALIBRATED_AFTER = 28
LEVEL_STEP = 0.02
LOWEST_LEVEL, HIGHEST_LEVEL = 0.3, 0.995
MEMORY_OF_SCORES = 0.9
MEMORY_OF_DISPERSION = 0.99
MEMORY_OF_WEEK = 0.995
WEEK_PRIOR = 50.0
MOST_DISPERSION_WEIGHT = 5.0
LEAST_WEEK_EXCESS = 0.02
LEAST_SIZE = 0.05
LEAST_MEAN = 1e-6


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a kind of series moves: what each expert keeps of its level from day to day, and where it drifts.

    ``prior_count`` documents in ``prior_days`` and a ``dispersion`` (1 / size of the negative binomial) worth
    ``dispersion_weight`` observations are believed beforehand; one observation speaks for ``most_excess`` at the most; ``first_level`` is the first probability of the band.
    """

    kept: tuple[float, ...]
    drifts: tuple[float, ...]
    prior_count: float
    prior_days: float
    dispersion: float
    dispersion_weight: float
    most_excess: float
    first_level: float
    has_week: bool


TOPIC = Pace(
    (0.5, 0.8, 0.92, 0.97, 0.99), (1.0,) * 5, 0.5, 0.5, 0.2, 5.0, 25.0, BAND, has_week=True
)
EVENT = Pace((0.3, 0.3), (0.6, 1.0), 0.5, 0.1, 0.5, 20.0, 1.0, 0.82, has_week=False)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Documents expected in the next 24 hours.

    ``judged`` earlier windows had a forecast, and ``held`` of them lay in their band; below 28 the band is the
    model's word alone. ``by_hour`` spreads ``expected`` over the coming 24 hours and is empty without hours.
    """

    expected: float
    median: int
    low: int
    high: int
    judged: int
    held: int
    by_hour: tuple[float, ...] = ()

    @property
    def is_calibrated(self) -> bool:
        return self.judged >= CALIBRATED_AFTER

    def to_json(self) -> dict[str, object]:
        return {
            "expected": round(self.expected, 2),
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "judged": self.judged,
            "held": self.held,
            "by_hour": [round(value, 2) for value in self.by_hour],
        }


def forecast(counts: Sequence[int], pace: Pace = TOPIC) -> Forecast:
    """Forecast from totals of consecutive 24-hour windows, oldest first, of which the last ended now.

    Only the last 182 are used. TOPIC suits what goes on for years, EVENT what rises and fades within days and
    begins with its first window.
    """
    model = VolumeModel(pace)
    for count in counts[-LONGEST_HISTORY:]:
        model.observe(count)
    return model.predict()


def forecast_next_day(
    hourly: Iterable[tuple[dt.datetime, int]], now: dt.datetime, pace: Pace = TOPIC
) -> Forecast:
    """Forecast from pairs of an instant and the documents of its hour, in any order; later ones are ignored."""
    known = [(at, count) for at, count in hourly if at < now]
    found = forecast(day_windows(known, now), pace)
    shares = _hour_shares(known, now)
    return Forecast(
        found.expected,
        found.median,
        found.low,
        found.high,
        found.judged,
        found.held,
        tuple(found.expected * share for share in shares),
    )


def day_windows(hourly: Iterable[tuple[dt.datetime, int]], now: dt.datetime) -> tuple[int, ...]:
    """Total the 24-hour windows that end at ``now``, from the first one with a document."""
    totals = [0] * LONGEST_HISTORY
    for at, count in hourly:
        age = math.ceil((now - at) / DAY) - 1 if at < now else LONGEST_HISTORY
        if age < LONGEST_HISTORY:
            totals[-1 - age] += count
    return tuple(dropwhile(lambda total: total == 0, totals))


class VolumeModel:
    """The state after some windows; ``observe`` and ``predict`` take time that does not grow with them."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        experts = range(len(pace.kept))
        self._counts = [pace.prior_count for _ in experts]
        self._days = [pace.prior_days for _ in experts]
        self._scores = [0.0 for _ in experts]
        self._excess = [pace.dispersion * pace.dispersion_weight for _ in experts]
        self._excess_weight = [pace.dispersion_weight for _ in experts]
        self._week_seen = [WEEK_PRIOR] * WEEK
        self._week_level = [WEEK_PRIOR] * WEEK
        self._level = pace.first_level
        self._windows = 0
        self._held = 0

    def predict(self) -> Forecast:
        means, sizes = self._experts()
        mean, size = self._mixed(means, sizes)
        low, median, high = negative_binomial_band(mean, size, self._level)
        return Forecast(mean, median, low, high, max(0, self._windows - 1), self._held)

    def quantile(self, probability: float) -> int:
        """Give a quantile of the model's own distribution, which the steering does not touch."""
        return negative_binomial_quantile(*self._mixed(*self._experts()), probability)

    def observe(self, count: int) -> None:
        means, sizes = self._experts()
        if self._windows:
            self._steer(count, *self._mixed(means, sizes))
        factor = self._week_factor()
        levels = [seen / days for seen, days in zip(self._counts, self._days, strict=True)]
        level = sum(weight * value for weight, value in zip(self._weights(), levels, strict=True))
        for place, kept in enumerate(self._pace.kept):
            if self._windows:
                self._learn(place, count, means[place], sizes[place])
            self._counts[place] = kept * self._counts[place] + count
            self._days[place] = kept * self._days[place] + factor
        if self._pace.has_week and self._windows:
            self._learn_week(count, level)
        self._windows += 1

    def _experts(self) -> tuple[list[float], list[float]]:
        factor = self._week_factor()
        means, sizes = [], []
        for place, drift in enumerate(self._pace.drifts):
            seen = self._counts[place]
            means.append(max(seen / self._days[place] * factor * drift, LEAST_MEAN))
            excess = max(self._excess[place] / self._excess_weight[place], 0.0)
            sizes.append(1 / (1 / max(seen, LEAST_SIZE) + excess))
        return means, sizes

    def _mixed(self, means: Sequence[float], sizes: Sequence[float]) -> tuple[float, float]:
        """Give the negative binomial with the mean and the variance of the mixture."""
        weights = self._weights()
        mean = sum(weight * value for weight, value in zip(weights, means, strict=True))
        second = sum(
            weight * (value + value * value / size + value * value)
            for weight, value, size in zip(weights, means, sizes, strict=True)
        )
        excess = max(second - mean * mean - mean, mean * 1e-4)
        return mean, mean * mean / excess

    def _weights(self) -> list[float]:
        best = max(self._scores)
        raw = [math.exp(score - best) for score in self._scores]
        total = sum(raw)
        return [value / total for value in raw]

    def _steer(self, count: int, mean: float, size: float) -> None:
        low, _, high = negative_binomial_band(mean, size, self._level)
        is_held = low <= count <= high
        self._held += is_held
        level = self._level + LEVEL_STEP * (BAND - is_held)
        self._level = min(max(level, LOWEST_LEVEL), HIGHEST_LEVEL)

    def _learn(self, place: int, count: int, mean: float, size: float) -> None:
        score = negative_binomial_log(count, mean, size)
        self._scores[place] = self._scores[place] * MEMORY_OF_SCORES + score
        # The moment estimate of 1 / size; few documents say little about it.
        excess = (count - mean) ** 2 - mean - mean * mean / self._counts[place]
        excess = min(excess / max(mean, 0.5) ** 2, self._pace.most_excess)
        weight = min(mean, MOST_DISPERSION_WEIGHT)
        kept = MEMORY_OF_DISPERSION
        self._excess[place] = self._excess[place] * kept + weight * excess
        self._excess_weight[place] = self._excess_weight[place] * kept + weight

    def _week_factor(self) -> float:
        if not self._pace.has_week:
            return 1.0
        factors = [
            seen / level for seen, level in zip(self._week_seen, self._week_level, strict=True)
        ]
        return factors[self._windows % WEEK] * WEEK / sum(factors)

    def _learn_week(self, count: int, level: float) -> None:
        # The weight of quasi-likelihood: a burst of a thousand says no more of Mondays than one of twenty.
        excess = min(map(_ratio, self._excess, self._excess_weight))
        weight = 1 / (1 + max(excess, LEAST_WEEK_EXCESS) * level)
        back = WEEK_PRIOR * (1 - MEMORY_OF_WEEK)
        self._week_seen = [value * MEMORY_OF_WEEK + back for value in self._week_seen]
        self._week_level = [value * MEMORY_OF_WEEK + back for value in self._week_level]
        self._week_seen[self._windows % WEEK] += count * weight
        self._week_level[self._windows % WEEK] += level * weight


def _ratio(above: float, below: float) -> float:
    return above / below


def _hour_shares(hourly: Iterable[tuple[dt.datetime, int]], now: dt.datetime) -> list[float]:
    """Give the shares of the coming 24 hours by those of the last 28 days, drawn towards evenness."""
    seen: dict[int, int] = defaultdict(int)
    for at, count in hourly:
        age = math.ceil((now - at) / HOUR)
        if age <= CALIBRATED_AFTER * DAY_HOURS:
            seen[-age % DAY_HOURS] += count
    total = sum(seen.values()) + DAY_HOURS
    return [(seen[place] + 1) / total for place in range(DAY_HOURS)]
