"""What differs between two texts made from one template: their numbers, dates and names."""

from __future__ import annotations

import re
import zlib

import numpy as np
from numpy.typing import NDArray

MOST_MARKS = 48
TITLE_COUNTS_BELOW = 60

_DATE = re.compile(r"\d{1,4}年\d{1,2}月(?:\d{1,2}[日号])?|\d{1,2}月\d{1,2}[日号]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?%?|[一二三四五六七八九十百千万两]{1,6}(?=[名人元天])")
_KIND = re.compile(
    r"(?:有限|责任|股份|建筑|科技)*"
    r"(公司|集团|厂|店|酒店|医院|学校|大学|学院|中学|小学|小区|花园|街道|路|村|镇|乡|省|市|县|区|项目|工地|码头|矿)"
)


Hashes = NDArray[np.uint32]


def marks_of(title: str, text: str) -> tuple[Hashes, Hashes]:
    """Hash the numbers and the names of a folded title and text; each sorted, without repeats.

    Hashes of dates are odd, those of other numbers even. A name counts twice, once for each of the two characters before its kind, so that one wrong character
    leaves half of it.
    """
    names: set[str] = set()
    for part in (title, text) if len(text) < TITLE_COUNTS_BELOW else (text,):
        for match in _KIND.finditer(part):
            start, kind = match.start(), match[1]
            if start >= 2:  # noqa: PLR2004 (two characters name the thing)
                names.add(f"{part[start - 2]}?{kind}")
                names.add(f"?{part[start - 1]}{kind}")
    dates = {_hash(date) | 1 for date in _DATE.findall(text)}
    numbers = {_hash(number) & ~1 for number in _NUMBER.findall(_DATE.sub(" ", text))}
    return _sorted(dates | numbers), _sorted({_hash(name) for name in names})


def dates_of(numbers: Hashes) -> Hashes:
    """Pick the dates out of what ``marks_of`` gave as numbers."""
    return np.asarray(numbers[(numbers & 1) == 1])


def _hash(mark: str) -> int:
    return zlib.crc32(mark.encode())


def _sorted(hashes: set[int]) -> Hashes:
    return np.array(sorted(hashes)[:MOST_MARKS], np.uint32)
