"""What differs between two texts made from one template: their numbers, dates and names."""

from __future__ import annotations

import re
import zlib

import numpy as np
from numpy.typing import NDArray

MOST_MARKS = 48
TITLE_COUNTS_BELOW = 60

_NUMBER = re.compile(
    r"\d{1,4}年\d{1,2}月(?:\d{1,2}[日号])?|\d{1,2}月\d{1,2}[日号]|\d+(?:\.\d+)?%?"
    r"|[一二三四五六七八九十百千万两]{1,6}(?=[名人元天])"
)
_KIND = re.compile(
    r"(?:有限|责任|股份|建筑|科技)*"
    r"(公司|集团|厂|店|酒店|医院|学校|大学|学院|中学|小学|小区|花园|街道|路|村|镇|乡|省|市|县|区|项目|工地|码头|矿)"
)


def marks_of(title: str, text: str) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Hash the numbers and the names of a folded title and text; each sorted, without repeats.

    A name counts twice, once for each of the two characters before its kind, so that one wrong character
    leaves half of it.
    """
    names: set[str] = set()
    for part in (title, text) if len(text) < TITLE_COUNTS_BELOW else (text,):
        for match in _KIND.finditer(part):
            start, kind = match.start(), match[1]
            if start >= 2:  # noqa: PLR2004 (two characters name the thing)
                names.add(f"{part[start - 2]}?{kind}")
                names.add(f"?{part[start - 1]}{kind}")
    return _hashed(set(_NUMBER.findall(text))), _hashed(names)


def _hashed(marks: set[str]) -> NDArray[np.uint32]:
    hashes = sorted(zlib.crc32(mark.encode()) for mark in marks)
    return np.array(hashes[:MOST_MARKS], np.uint32)
