"""Counts as sites write them: 12,345, 3.2万, 热度 1.5亿."""

import re

_COUNT = re.compile(
    r"(?P<value>\d[\d,，]{0,20}(?:\.\d{1,6})?)\s?(?P<unit>千万|百万|亿|万|千|[wWkK](?![A-Za-z]))?"
)
_FACTORS = {
    "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000, "百万": 1_000_000, "千万": 10_000_000,
    "亿": 100_000_000,
}  # fmt: skip
_SEPARATORS = str.maketrans("", "", ",，")
LARGEST = 2**62


def number(text: str) -> int | None:
    """Read a text that is a count and nothing else, a plus sign at its end aside; None for what is none."""
    found = _COUNT.fullmatch(text.strip().removesuffix("+").strip())
    return _value(found) if found else None


def first_number(text: str) -> int | None:
    """Read the first count in a short text, such as 热度 3.2万."""
    found = _COUNT.search(text)
    return _value(found) if found else None


def _value(found: re.Match[str]) -> int | None:
    factor = _FACTORS.get((found["unit"] or "").lower(), 1)
    value = float(found["value"].translate(_SEPARATORS)) * factor
    return round(value) if value < LARGEST else None
