"""Quantiles of the gamma distribution, which bounds a rate known from few counts."""

from __future__ import annotations

import math

_ITERATIONS = 200
_PRECISION = 1e-12
_LARGE_SHAPE = 10_000.0


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
    guess = _wilson_hilferty(shape, probability)
    if shape > _LARGE_SHAPE:
        return guess
    low, high = 0.0, max(guess, shape, 1e-9)
    while gamma_probability(shape, high) < probability:
        low, high = high, high * 2
    for _ in range(_ITERATIONS):
        middle = (low + high) / 2
        if gamma_probability(shape, middle) < probability:
            low = middle
        else:
            high = middle
        if high - low <= 1e-9 * high:
            break
    return (low + high) / 2


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
