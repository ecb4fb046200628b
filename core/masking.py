"""Personal numbers replaced by ＊ of equal length, so that offsets into a text stay what they were.

Runs inside the ingest transaction, before anything is stored. A number counts when its form and,
where it has one, its checksum fit; order numbers, years and amounts stay readable.
"""

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

MASK = "＊"


class MaskKind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    IDENTITY_CARD = "identity_card"
    BANK_CARD = "bank_card"
    LICENCE_PLATE = "licence_plate"


@dataclass(frozen=True, slots=True)
class MaskedText:
    """The text with its numbers masked, and how many of each kind there were."""

    text: str
    counts: Mapping[MaskKind, int]


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: MaskKind
    pattern: re.Pattern[str]
    is_personal: Callable[[re.Match[str]], bool]
    group: str | int = 0
    starts_with_a_digit: bool = False


# Each of these stands for one character, so the folded text keeps every offset.
_FOLDED = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u3000\t", " "),
        **{chr(0x2460 + number): str(number + 1) for number in range(9)},
        "⓪": "0",
    }
)
# Every number below has three digits this close together; most texts have none, and end here.
_ANY_NUMBER = re.compile(r"[\d①-⑨⓪][^\d①-⑨⓪]{0,3}[\d①-⑨⓪][^\d①-⑨⓪]{0,3}[\d①-⑨⓪]")
_DIGITS = re.compile(r"[+(]?(?P<digits>\d+)")
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")

# A number that somebody calls an order number is one, unless it is an identity card.
_ORDER_CONTEXT = re.compile(
    r"(?:订单|单号|运单|快递|流水|编号|工单|交易|受理号|案号|合同号|批号|货号|序列号|发票|票号|"
    r"(?<![a-z])(?:no|id|sn|order))(?:号码?|号)?[\s:.#=是为]{0,3}$",
    re.IGNORECASE,
)
_CONTEXT_LENGTH = 16
# The path of a link; a query such as ?phone=… is masked like any text.
_IN_LINK = re.compile(r"(?:https?://|www\.)[\w./%~:+-]*(?:[?&][\w.=&%-]*\bid=)?$", re.IGNORECASE)
_LONGEST_LINK = 300
_ID_CONTEXT = r"(?:身份证|证件)(?:号码?|号)?[\s:是为]{0,3}"

_MOBILE = re.compile(
    r"(?<!\d)(?<!(?<!\d)\d\.)(?:\+?(?:00)?86[- ]?)?"
    r"(?:1[3-9]\d{9}|1[3-9]\d(?P<gap>[- .])(?P<middle>\d{4})(?P=gap)(?P<last>\d{4})"
    r"|1[3-9]\d[- ]\d{8})"
    r"(?!\d)(?!\.\d{1,2}(?!\d))(?! ?(?:万|亿|元|%))"
)
# Cities with three digits (010, 02x) have eight digits of their own, the others seven or eight.
_LANDLINE = re.compile(
    r"(?<!\d)(?<!\d[-.])"
    r"(?:(?:\+|00)86[- ]?(?:10|2[0-57-9]|[3-9]\d{2})[- ]?[2-8]\d{2,3}[- ]?\d{4}"
    r"|(?:\+?86[- ]?)?\(?0(?:10|2[0-57-9])\)?[- ]{0,2}[2-8]\d{3}[- ]?\d{4}"
    r"|(?:\+?86[- ]?)?\(?0[3-9]\d{2}\)?[- ]{0,2}(?:[2-8]\d{3}[- ]?\d{4}|[2-8]\d{2}[- ]?\d{4}))"
    r"(?:(?:-| ?转 ?)\d{1,5})?(?!\d)(?!\.\d)"
)
_LOCAL_LANDLINE = re.compile(
    r"(?:电话|座机|固话|热线|tel|联系方式)[:. ]{0,3}(?P<number>[2-8]\d{2,3}[- ]?\d{4})(?![\d-])",
    re.IGNORECASE,
)
_IDENTITY_CARD = re.compile(
    r"(?<!\d)(?P<number>[1-8]\d{5}(?P<gap>[- ]?)(?:19|20)\d{6}(?P=gap)\d{3}[\dXx])(?![\dA-Za-z])"
)
_CALLED_IDENTITY_CARD = re.compile(_ID_CONTEXT + r"(?P<number>\d{17}[\dXx]|\d{15})(?![\dA-Za-z])")
_BANK_CARD = re.compile(
    r"(?<!\d)(?<!\d[-.])(?P<number>"
    r"62\d{14,17}|9558\d{15}|(?:4\d{3}|5[1-5]\d{2}|35[2-8]\d)\d{12}"
    r"|62\d{2}(?P<gap>[- ])(?:\d{4}(?P=gap)){2}\d{4}(?:(?P=gap)\d{1,3})?"
    r"|(?:4\d{3}|5[1-5]\d{2}|35[2-8]\d)(?P<other>[- ])(?:\d{4}(?P=other)){2}\d{4}"
    r"|62\d{4}[- ]\d{13}"
    r")(?![\d])(?!\.\d)"
)
_LICENCE_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·•・. -]?"
    r"(?P<tail>[DF][A-HJ-NP-Z0-9]\d{4}|\d{5}[DF]|[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳])"
    r"(?![A-Za-z0-9])(?!\.\d)(?! ?(?:万|亿|元|%))",
    re.IGNORECASE,
)

_REGIONS = frozenset(
    [
        *range(11, 16),
        *range(21, 24),
        *range(31, 38),
        *range(41, 47),
        *range(50, 55),
        *range(61, 66),
        *(71, 81, 82, 83),
    ]
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_FIRST_YEAR = 1900
_MOST_PLATE_LETTERS = 2
_LUHN_BASE = 10


def mask(text: str) -> MaskedText:
    """Mask until nothing more is found, so that masking a masked text changes nothing."""
    counts: Counter[MaskKind] = Counter()
    while True:
        spans = _spans(_folded(text)) if _ANY_NUMBER.search(text) else []
        if not spans:
            return MaskedText(text=text, counts=MappingProxyType(dict(counts)))
        characters = list(text)
        for kind, start, end in spans:
            characters[start:end] = MASK * (end - start)
            counts[kind] += 1
        text = "".join(characters)


def _spans(folded: str) -> list[tuple[MaskKind, int, int]]:
    spans: list[tuple[MaskKind, int, int]] = []
    starts = [start for run in _DIGITS.finditer(folded) for start in _run_starts(run)]
    for rule in _RULES:
        matches = (
            (rule.pattern.match(folded, start) for start in starts)
            if rule.starts_with_a_digit
            else rule.pattern.finditer(folded)
        )
        for found in matches:
            if found is None or not rule.is_personal(found):
                continue
            start, end = found.span(rule.group)
            spans.append((rule.kind, start, end))
            # What one rule took is no digit any more for the next; offsets stay.
            folded = folded[:start] + MASK * (end - start) + folded[end:]
    return spans


def _run_starts(run: re.Match[str]) -> list[int]:
    # A number begins at the sign or bracket before its digits, or else at the digits.
    return sorted({run.start(), run.start("digits")})


def _folded(text: str) -> str:
    if text.isascii():
        return text
    folded = text.translate(_FOLDED)
    return _FOREIGN_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), folded)


def _is_other_number(found: re.Match[str]) -> bool:
    """Tell whether what stands before the number calls it an order or makes it part of a link."""
    start = found.start()
    before = found.string[max(0, start - _CONTEXT_LENGTH) : start]
    if _ORDER_CONTEXT.search(before) is not None:
        return True
    before = found.string[max(0, start - _LONGEST_LINK) : start]
    return before.endswith(("/", "_", "-", "=")) and _IN_LINK.search(before) is not None


def _is_mobile(found: re.Match[str]) -> bool:
    if found["middle"] is not None and _looks_like_years(found["middle"], found["last"]):
        return False
    return not _is_other_number(found)


def _is_landline(found: re.Match[str]) -> bool:
    return not _is_other_number(found)


def _is_identity_card(found: re.Match[str]) -> bool:
    number: str = re.sub(r"[- ]", "", found["number"]).upper()
    if int(number[:2]) not in _REGIONS or not _is_birth_date(number[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return number[17] == _ID_CHECKS[total % len(_ID_CHECKS)]


def _is_bank_card(found: re.Match[str]) -> bool:
    number = re.sub(r"[- ]", "", found["number"])
    return _has_luhn_checksum(number) and not _is_other_number(found)


def _is_licence_plate(found: re.Match[str]) -> bool:
    # Real plates have at most two letters after the dot; a product name has more.
    tail: str = found["tail"]
    letters = sum(character.isascii() and character.isalpha() for character in tail)
    return letters <= _MOST_PLATE_LETTERS


def _is_named(found: re.Match[str]) -> bool:
    return bool(found["number"])


def _has_luhn_checksum(number: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + position % 2)
        total += value - (_LUHN_BASE - 1) if value >= _LUHN_BASE else value
    return total % _LUHN_BASE == 0


def _is_birth_date(digits: str) -> bool:
    try:
        born = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return born.year >= _FIRST_YEAR


def _looks_like_years(*groups: str) -> bool:
    return all(group.startswith(("19", "20")) for group in groups)


_RULES = (
    _Rule(MaskKind.IDENTITY_CARD, _CALLED_IDENTITY_CARD, _is_named, "number"),
    _Rule(MaskKind.IDENTITY_CARD, _IDENTITY_CARD, _is_identity_card, starts_with_a_digit=True),
    _Rule(MaskKind.BANK_CARD, _BANK_CARD, _is_bank_card, starts_with_a_digit=True),
    _Rule(MaskKind.MOBILE, _MOBILE, _is_mobile, starts_with_a_digit=True),
    _Rule(MaskKind.LANDLINE, _LANDLINE, _is_landline, starts_with_a_digit=True),
    _Rule(MaskKind.LANDLINE, _LOCAL_LANDLINE, _is_named, "number"),
    _Rule(MaskKind.LICENCE_PLATE, _LICENCE_PLATE, _is_licence_plate),
)
