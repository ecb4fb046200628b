"""Distributions of counts and of rates known from few counts."""

from __future__ import annotations

import math

_ITERATIONS = 200
_PRECISION = 1e-12
_CLOSE = 1e-9
_LARGE_SHAPE = 10_000.0
_LARGE_MEAN = 300.0


def gamma_probability(shape: float, value: float) -> float:
    """Give P(X <= value) for a gamma variable of scale one: the regularised lower incomplete gamma function.

    By its series below ``shape + 1`` and Lentz's continued fraction above (Numerical Recipes, 6.2).
    """
    if value <= 0:
        return 0.0
    front = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    if value < shape + 1:
        return front * _series(shape, value)
    return 1.0 - front * _fraction(shape, value)


def gamma_quantile(shape: float, probability: float) -> float:
    """Invert ``gamma_probability`` for 0 < probability < 1, to nine digits.

    Above a shape of 10,000 the Wilson-Hilferty approximation is as exact as the search.
    """
    value = _wilson_hilferty(shape, probability)
    if shape > _LARGE_SHAPE:
        return value
    low, high = 0.0, math.inf
    value = value or shape / 2
    for _ in range(_ITERATIONS):
        off = gamma_probability(shape, value) - probability
        low, high = (low, value) if off > 0 else (value, high)
        density = math.exp((shape - 1) * math.log(value) - value - math.lgamma(shape))
        # Newton's step where it stays between what is known, else halving or doubling.
        stepped = value - off / density if density > 0 else low
        if not low < stepped < high:
            stepped = value * 2 if high == math.inf else (low + high) / 2
        if abs(stepped - value) <= _CLOSE * value:
            return stepped
        value = stepped
    return value


def negative_binomial_log(count: int, mean: float, size: float) -> float:
    """Give the log probability of a count; its variance is ``mean + mean ** 2 / size``."""
    return (
        math.lgamma(count + size)
        - math.lgamma(size)
        - math.lgamma(count + 1)
        + size * math.log(size / (size + mean))
        + (count * math.log(mean / (size + mean)) if count else 0.0)
    )


def negative_binomial_band(mean: float, size: float, level: float) -> tuple[int, int, int]:
    """Give the lowest count, the median and the highest count of a band that holds ``level`` at least.

    What the discrete lower tail does not use goes to the upper one. Means above 300 are treated as gamma
    variables, whose steps are then far wider than one.
    """
    tail = (1 - level) / 2
    if mean > _LARGE_MEAN:
        shape = 1 / (1 / mean + 1 / size)
        unit = mean / shape
        low, median, high = (gamma_quantile(shape, p) * unit for p in (tail, 0.5, level + tail))
        return math.floor(low), round(median), math.ceil(high)
    share = mean / (mean + size)
    probability = math.exp(size * math.log1p(-share))
    below, count, low, median = 0.0, 0, -1, -1
    enough = level
    while True:
        reached = below + probability
        if low < 0 and reached > tail:
            low, enough = count, below + level
        if median < 0 and reached >= 0.5:  # noqa: PLR2004 - the median
            median = count
        if median >= 0 and (reached >= enough or (probability < _PRECISION and count > mean)):
            return low, median, count
        probability *= (count + size) / (count + 1) * share
        below = reached
        count += 1


def negative_binomial_quantile(mean: float, size: float, probability: float) -> int:
    """Give the smallest count that is not exceeded with ``probability``."""
    if mean > _LARGE_MEAN:
        shape = 1 / (1 / mean + 1 / size)
        return round(gamma_quantile(shape, probability) * mean / shape)
    share = mean / (mean + size)
    mass = reached = math.exp(size * math.log1p(-share))
    count = 0
    while reached < probability and (mass > _PRECISION or count < mean):
        mass *= (count + size) / (count + 1) * share
        count += 1
        reached += mass
    return count


def normal_quantile(probability: float) -> float:
    """Invert the standard normal distribution (Acklam's rational approximation, error below 1.2e-9)."""
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability {probability} is not between 0 and 1")
    if probability > 0.5:  # noqa: PLR2004 - the middle of a symmetric distribution
        return -normal_quantile(1.0 - probability)
    if probability < _TAIL:
        root = math.sqrt(-2.0 * math.log(probability))
        return _polynomial(_TAIL_ABOVE, root) / (_polynomial(_TAIL_BELOW, root) * root + 1.0)
    centred = probability - 0.5
    square = centred * centred
    above = _polynomial(_CENTRE_ABOVE, square) * centred
    return above / (_polynomial(_CENTRE_BELOW, square) * square + 1.0)


_TAIL = 0.02425
_CENTRE_ABOVE = (
    -3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02,
    1.383577518672690e02, -3.066479806614716e01, 2.506628277459239e00,
)  # fmt: skip
_CENTRE_BELOW = (
    -5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02,
    6.680131188771972e01, -1.328068155288572e01,
)  # fmt: skip
_TAIL_ABOVE = (
    -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e00,
    -2.549732539343734e00, 4.374664141464968e00, 2.938163982698783e00,
)  # fmt: skip
_TAIL_BELOW = (
    7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00, 3.754408661907416e00,
)  # fmt: skip


def _polynomial(coefficients: tuple[float, ...], at: float) -> float:
    value = 0.0
    for coefficient in coefficients:
        value = value * at + coefficient
    return value


def _series(shape: float, value: float) -> float:
    term = total = 1.0 / shape
    for step in range(1, int(10 * math.sqrt(shape)) + _ITERATIONS):
        term *= value / (shape + step)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _fraction(shape: float, value: float) -> float:
    tiny = 1e-300
    below = value + 1.0 - shape
    forward, backward = 1.0 / tiny, 1.0 / below
    total = backward
    for step in range(1, int(10 * math.sqrt(shape)) + _ITERATIONS):
        factor = -step * (step - shape)
        below += 2.0
        backward = 1.0 / ((factor * backward + below) or tiny)
        forward = (below + factor / forward) or tiny
        ratio = backward * forward
        total *= ratio
        if abs(ratio - 1.0) < _PRECISION:
            break
    return total


def _wilson_hilferty(shape: float, probability: float) -> float:
    spread = 1.0 / (9.0 * shape)
    root = 1.0 - spread + normal_quantile(probability) * math.sqrt(spread)
    return float(shape * max(root, 0.0) ** 3)
