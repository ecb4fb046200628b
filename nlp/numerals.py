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


_EITHER = re.compile(
    r"(?<![零〇一二两三四五六七八九])([一二两三四五六七八])([两二三四五六七八九])(?![零〇一二两三四五六七八九])"
)
_ARABIC = re.compile(r"\d[\d,]*(?:\.\d+)?")


def numbers(text: str) -> list[Number]:
    """List the numbers of a folded text in order; what is none, such as 「上」 alone, has no value."""
    found: list[Number] = []
    for match in _NUMBERS.finditer(text):
        said, start = match[0], match.start()
        if said in _WORDS or (start and _is_part(text[start - 1])):
            continue
        value = number(said)
        if value is not None:
            found.append(Number(start, match.end(), said, value))
    return found


def _is_part(before: str) -> bool:
    return before in "第.-之" or (before.isascii() and before.isalpha())


def number(text: str) -> float | None:
    """Read what ``NUMBER`` matched; None where the signs make no number."""
    text = _EITHER.sub(_lower, text)
    total, section, current = 0.0, 0.0, None
    last_unit, zero, place = 0, False, 0
    while place < len(text):
        sign = text[place]
        arabic = _ARABIC.match(text, place)
        if arabic is not None:
            current = (current or 0.0) * 10 + float(arabic[0].replace(",", ""))
            place = arabic.end()
            continue
        place += 1
        if sign in DIGITS:
            if current is not None and last_unit == 0 and not zero:
                current = current * 10 + DIGITS[sign]
            else:
                current = float(DIGITS[sign]) if current is None else current * 10 + DIGITS[sign]
            zero = sign in "零〇"
        elif sign in UNITS:
            unit = UNITS[sign]
            if unit >= _SECTION:
                section += current or 0.0
                if section == 0.0 and total and unit > _SECTION:
                    total *= unit
                else:
                    total += (section or 1.0) * unit
                section = 0.0
            else:
                section += (1.0 if current is None else current) * unit
            current, last_unit, zero = None, unit, False
        elif sign not in _VAGUE and sign != " ":
            return None
    if current is not None:
        # 「一万二」「3万6」 leave out the unit of their last digit; 「一千零五」 does not.
        shortened = last_unit >= UNITS["百"] and not zero and "零" not in text and "〇" not in text
        section += current * (last_unit // 10 if shortened and current < UNITS["十"] else 1)
    return round(total + section, 2)


def _lower(match: re.Match[str]) -> str:
    # 「三四百」 and 「七八个」 leave it open which of two neighbours is meant.
    return match[1] if DIGITS[match[2]] == DIGITS[match[1]] + 1 else match[0]
