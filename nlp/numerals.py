"""Reads numbers as Chinese texts write them: 「3.5万」「一万二」「两百多」「120,000」「十几」「6万7千」.

An uncertain part is dropped, so that the number is the least that is said: 「十几」 is 10, 「上百」 100, 「三十多」 30.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DIGITS = {
    **{character: value for value, character in enumerate("零一二三四五六七八九")},
    **{character: value for value, character in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "两": 2,
    "俩": 2,
}
UNITS = {
    "十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1_000, "仟": 1_000, "k": 1_000,
    "万": 10_000, "w": 10_000, "亿": 100_000_000,
}  # fmt: skip
_WORDS = frozenset("上好数几零〇")
_AFTER_ONE = frozenset("直起些样共定般再边下旦向次个天年月单斤小张人家名位")
_SECTION = 10_000
_VAGUE = frozenset("多余来几数上好")
_CHINESE = "零〇一二两俩三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟"

NUMBER = (
    rf"[\d几数上好{_CHINESE}](?:[\d{_CHINESE}]|[多余来几](?=[{_CHINESE}])|\.(?=\d)|,(?=\d{{3}}(?!\d))| (?=[万亿千百][^ ]))*"
    r"(?:[kw](?![a-z0-9]))?"
)
"""Matches a number of a folded text; vague words after it (多、余、来、几) are the caller's."""

_NUMBERS = re.compile(NUMBER)


@dataclass(frozen=True, slots=True)
class Number:
    start: int
    end: int
    text: str
    value: float


# Whoever writes more signs, or names more than ten million million, counts nothing.
LONGEST = 40
LARGEST = 1e13
_DOUBLED = re.compile(r"([十百千万亿])\1")
_EITHER = re.compile(
    r"(?<![零〇一二两三四五六七八九])([一二两三四五六七八])([两二三四五六七八九])(?![零〇一二两三四五六七八九])"
)
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[^\s,.]")


def numbers(text: str) -> list[Number]:
    """List the numbers of a folded text in order; what is none, such as 「上」 alone, has no value."""
    found: list[Number] = []
    for match in _NUMBERS.finditer(text):
        said, start = match[0], match.start()
        if said in _WORDS or (start and _is_part(text[start - 1])):
            continue
        end = match.end()
        if len(said) > 1 and said[-1] == "一" and text[end : end + 1] in _AFTER_ONE:
            said, end = said[:-1], end - 1  # 「800万一直」, 「两千一个月」
        value = number(said)
        if value is not None:
            found.append(Number(start, end, said, value))
    return found


def _is_part(before: str) -> bool:
    return before in "第.-之" or (before.isascii() and before.isalpha())


def number(text: str) -> float | None:
    """Read what ``NUMBER`` matched; None where the signs make no number."""
    if len(text) > LONGEST or _DOUBLED.search(text):
        return None  # 「千千万万」
    reading = _Reading()
    for sign in _TOKEN.findall(_EITHER.sub(_lower, text)):
        if sign in UNITS:
            reading.add_unit(UNITS[sign])
        elif sign in DIGITS:
            reading.add_digits(float(DIGITS[sign]), is_zero=sign in "零〇")
        elif sign[0].isdecimal():
            reading.add_digits(float(sign.replace(",", "")), is_zero=False)
        elif sign not in _VAGUE:
            return None
    total = reading.total()
    return total if total <= LARGEST else None


class _Reading:
    """Adds up a number sign by sign: whole myriads, the section below, the digits not yet placed."""

    def __init__(self) -> None:
        self._total = 0.0
        self._section = 0.0
        self._digits: float | None = None
        self._last_unit = 0
        self._has_zero = False

    def add_digits(self, value: float, *, is_zero: bool) -> None:
        self._digits = value if self._digits is None else self._digits * 10 + value
        self._has_zero = self._has_zero or is_zero

    def add_unit(self, unit: int) -> None:
        if unit < _SECTION:
            self._section += (1.0 if self._digits is None else self._digits) * unit
        else:
            self._section += self._digits or 0.0
            if self._section == 0.0 and self._total and unit > _SECTION:
                self._total *= unit
            else:
                self._total += (self._section or 1.0) * unit
            self._section = 0.0
        self._digits, self._last_unit = None, unit

    def total(self) -> float:
        rest = self._digits or 0.0
        # 「一万二」 and 「3万6」 leave out the unit of their last digit; 「一千零五」 does not.
        if self._last_unit >= UNITS["百"] and not self._has_zero and rest < UNITS["十"]:
            rest *= self._last_unit // 10
        return round(self._total + self._section + rest, 2)


def _lower(match: re.Match[str]) -> str:
    # 「三四百」 and 「七八个」 leave it open which of two neighbours is meant.
    return match[1] if DIGITS[match[2]] == DIGITS[match[1]] + 1 else match[0]
