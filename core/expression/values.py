"""Values of fields: names people use, times, numbers."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from core.clock import EARLIEST_YEAR, LATEST_YEAR
from core.expression.errors import ExpressionError
from core.expression.fields import BUILT_IN_NAMES, BUILT_IN_VALUES, FIELD_LABELS, IDENTIFIERS
from core.expression.suggestions import closest, shown
from core.expression.syntax import Comparator, Comparison, Field, TimeRange
from core.expression.value_names import ValueNames
from core.matching_text import matching_text

SHANGHAI = timezone(timedelta(hours=8))
"""China has kept one offset since 1991; a fixed one also round-trips through text."""

_SECONDS = {
    "s": 1,
    "秒": 1,
    "m": 60,
    "分钟": 60,
    "h": 3600,
    "小时": 3600,
    "d": 86400,
    "天": 86400,
    "w": 604800,
    "周": 604800,
}
_RECENT = re.compile(rf"(\d{{1,6}})({'|'.join(_SECONDS)})")
_LONGEST = timedelta(days=3660)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"[\s:]*+(>=|<=|≥|≤|>|<|=)?\s*+(\d{1,12}(?:\.\d{1,4})?)(千|万|亿)?")
_SCALES = {None: 1, "千": 1_000, "万": 10_000, "亿": 100_000_000}
LARGEST = 999_999_999_999
_SIGNS = {"≥": ">=", "≤": "<=", None: "="}
TIME_EXAMPLE = "时间可以写 24h、7d、2026-11-01 或 2026-11-01..2026-11-07"


def resolved(field: Field, value: str, names: ValueNames | None) -> str | None:
    """Turn what a person wrote into the value that documents carry, or None where it is unknown."""
    if field in IDENTIFIERS:
        return value.lstrip("0") or "0" if value.isascii() and value.isdigit() else None
    if names is not None and (known := names.resolved(value)) is not None:
        return known
    built_in = BUILT_IN_NAMES.get(field)
    if built_in is not None:
        return built_in.get(value) or (value if value in BUILT_IN_VALUES[field] else None)
    return value if names is None else None


def unknown_value(
    typed: str, span: tuple[int, int], field: Field, names: Mapping[str, str] | None
) -> ExpressionError:
    start, end = span
    value = matching_text(typed[start:end]).strip('"“”')
    label = FIELD_LABELS[field]
    if field in IDENTIFIERS:
        return ExpressionError(start, f"“{label}”后面要写编号（数字），不是“{shown(value)}”")
    choices = [*(names or {}), *BUILT_IN_NAMES.get(field, {}), *BUILT_IN_VALUES.get(field, ())]
    some = "、".join(choices[:8]) + ("等" if choices[8:] else "")
    close = closest(value, choices)
    fix = typed[:start] + close + typed[end:] if close else None
    return ExpressionError(start, f"“{label}”没有“{shown(value)}”这个值；可用的有：{some}", fix)


def time_range(value: str, *, position: int, typed: str, end: int) -> TimeRange:
    """Read `24h`, a day, or two moments joined by `..`; days are Shanghai days and the last one counts whole."""
    try:
        if recent := _RECENT.fullmatch(value):
            return TimeRange(recent=_span(recent))
        first, dots, last = value.partition("..")
        since = _moment(first) if first else None
        until = _moment(last, is_last=True) if dots else _moment(first, is_last=True)
        if dots and not last:
            until = None
    except (ValueError, OverflowError):
        fix = typed[:position] + "24h" + typed[end:]
        raise ExpressionError(position, TIME_EXAMPLE, fix) from None
    if since is None and until is None:
        raise ExpressionError(position, TIME_EXAMPLE, typed[:position] + "24h" + typed[end:])
    if since is not None and until is not None and since >= until:
        fix = f"{typed[:position]}{last}..{first}{typed[end:]}"
        raise ExpressionError(position, "起始时间要早于结束时间", fix)
    return TimeRange(since=since, until=until)


def moment_of(text: str, *, now: datetime, is_last: bool = False) -> datetime:
    """Read `24h` (before `now`), a day or a moment; as the last moment, a day counts whole. Raises ValueError."""
    value = matching_text(text).strip()
    try:
        if recent := _RECENT.fullmatch(value):
            return now - _span(recent)
        moment = _moment(value, is_last=is_last)
    except OverflowError as error:
        raise ValueError(text) from error
    if moment is None:
        raise ValueError(text)
    return moment


def _span(recent: re.Match[str]) -> timedelta:
    return _checked(timedelta(seconds=int(recent.group(1)) * _SECONDS[recent.group(2)]))


def _checked(span: timedelta) -> timedelta:
    if not timedelta(0) < span <= _LONGEST:
        raise ValueError(span)
    return span


def _moment(text: str, *, is_last: bool = False) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=SHANGHAI)
    moment = moment.astimezone(SHANGHAI)
    if not EARLIEST_YEAR < moment.year < LATEST_YEAR:
        raise ValueError(text)
    if is_last and _DAY.fullmatch(text):
        moment += timedelta(days=1)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def comparison(field: Field, value: str, *, position: int, typed: str) -> Comparison:
    match = _NUMBER.fullmatch(value)
    label = FIELD_LABELS[field]
    if match is not None:
        sign, written, scale = match.groups()
        number = Decimal(written) * _SCALES[scale]
        if number == int(number) <= LARGEST:
            return Comparison(field, Comparator(_SIGNS.get(sign, sign)), int(number))
    fix = f"{typed[:position]}>100{typed[position + len(value) :]}"
    raise ExpressionError(position, f"“{label}”后面要写比较和整数，例如 {label}>100", fix)
