"""How well a volume forecast would have done on a series, beside what anybody could have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.forecast import BAND, TOPIC, WEEK, Pace, VolumeModel

QUANTILES = ((1 - BAND) / 2, 0.5, (1 + BAND) / 2)
EMPIRICAL_DAYS = 28


@dataclass(frozen=True, slots=True)
class Backtest:
    """Means over the judged days; ``error`` is the absolute error of the median, ``width`` of the band.

    ``pinball`` is the mean pinball loss of the model's 10 %, 50 % and 90 % quantiles, ``empirical_pinball`` that of
    the same quantiles of the last 28 days.
    """

    days: int
    held: float
    width: float
    error: float
    last_day_error: float
    week_mean_error: float
    same_weekday_error: float
    pinball: float
    empirical_pinball: float


def backtest(
    counts: Sequence[int], pace: Pace = TOPIC, *, warm_up: int = EMPIRICAL_DAYS
) -> Backtest:
    """Forecast every day after ``warm_up`` from the days before it; that must leave days to judge."""
    model = VolumeModel(pace)
    rows: list[tuple[float, ...]] = []
    for day, count in enumerate(counts):
        if day >= warm_up:
            past = counts[max(0, day - EMPIRICAL_DAYS) : day]
            rows.append(_judged(count, model, past))
        model.observe(count)
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    return Backtest(len(rows), *means)


def _judged(count: int, model: VolumeModel, past: Sequence[int]) -> tuple[float, ...]:
    found = model.predict()
    week = past[-WEEK:]
    ranked = sorted(past)
    empirical = [
        ranked[min(round(share * (len(ranked) - 1)), len(ranked) - 1)] for share in QUANTILES
    ]
    return (
        float(found.low <= count <= found.high),
        float(found.high - found.low),
        float(abs(found.median - count)),
        float(abs(past[-1] - count)),
        abs(sum(week) / len(week) - count),
        float(abs(week[0] - count)),
        _pinball(count, [model.quantile(share) for share in QUANTILES]),
        _pinball(count, empirical),
    )


def _pinball(count: int, quantiles: Sequence[int]) -> float:
    losses = [
        max(share * (count - value), (share - 1) * (count - value))
        for share, value in zip(QUANTILES, quantiles, strict=True)
    ]
    return sum(losses) / len(losses)
