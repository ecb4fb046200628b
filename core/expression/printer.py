"""Syntax tree to text."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import EARLIEST_YEAR
from core.expression.fields import BOOLEANS, FIELD_LABELS, FIELD_NAMES, POLARITY_LABELS, TIME
from core.expression.limits import MAX_LENGTH
from core.expression.syntax import (
    And,
    Comparison,
    Condition,
    Expression,
    Field,
    Group,
    Leaf,
    Near,
    Not,
    Or,
    Scope,
    TimeRange,
    Word,
)
from core.expression.tokens import escaped, is_plain, quoted
from core.expression.values import SHANGHAI

_UNITS = ((86400, "d", "天"), (3600, "h", "小时"), (60, "m", "分钟"), (1, "s", "秒"))
_COMPARED = {">": "大于", ">=": "不少于", "<": "小于", "<=": "不超过", "=": "等于"}


@dataclass(frozen=True, slots=True)
class _Style:
    """How the parts of a printed expression are joined, and which name of a field is written."""

    both: str
    either: str
    without: str
    is_short: bool = False

    def label(self, field: Field | Scope | str) -> str:
        return _SHORTEST[field] if self.is_short else FIELD_LABELS[field]


_SHORTEST = {
    field: min((name for name, named in FIELD_NAMES.items() if named == field), key=len)
    for field in FIELD_LABELS
}
_USUAL = _Style(" AND ", " OR ", "NOT ")
_SHORT = _Style(" ", " 或 ", "-", is_short=True)


def print_expression(expression: Expression) -> str:
    """Write a text that parses to an equal tree, in short signs where it would get longer than a text may be."""
    printed = _print(expression, _USUAL)
    return printed if len(printed) <= MAX_LENGTH else _print(expression, _SHORT)


def _print(expression: Expression, style: _Style) -> str:
    match expression:
        case And(operands):
            return style.both.join(_bracketed(operand, Or, style) for operand in operands)
        case Or(operands):
            listed = _listed(operands, style)
            return listed or style.either.join(_print(operand, style) for operand in operands)
        case Not(operand):
            return style.without + _bracketed(operand, (And, Or, Near), style)
        case _:
            return _leaf(expression, style)


def _bracketed(operand: Expression, loose: type | tuple[type, ...], style: _Style) -> str:
    printed = _print(operand, style)
    if isinstance(operand, Or) and _listed(operand.operands, style):
        return printed
    return f"({printed})" if isinstance(operand, loose) else printed


def _listed(operands: tuple[Expression, ...], style: _Style) -> str | None:
    """Write leaves of one field as a list, which needs no brackets; None where they are no such leaves."""
    heads, values = set(), []
    for operand in operands:
        match operand:
            case Word() | Group() if operand.scope is not Scope.ANY:
                heads.add(_prefix(operand.scope, style))
                values.append(_operand(operand))
            case Comparison(field, comparator, number):
                heads.add(f"{style.label(field)}:")
                values.append(f"{comparator}{number}")
            case TimeRange():
                heads.add(f"{style.label(TIME)}:")
                values.append(_time(operand))
            case _:
                return None
    return heads.pop() + ",".join(values) if len(heads) == 1 else None


def _leaf(leaf: Leaf, style: _Style) -> str:
    match leaf:
        case Word() | Group():
            return _prefix(leaf.scope, style) + _operand(leaf)
        case Near(left, right):
            operator = f" {'ONEAR' if leaf.is_ordered else 'NEAR'}/{leaf.distance} "
            return _side(left, style) + operator + _side(right, style)
        case Condition(field, values):
            return f"{style.label(field)}:{','.join(_value(value) for value in values)}"
        case Comparison(field, comparator, number):
            return f"{style.label(field)}{comparator}{number}"
        case TimeRange():
            return f"{style.label(TIME)}:{_time(leaf)}"


def _prefix(scope: Scope, style: _Style) -> str:
    return "" if scope is Scope.ANY else f"{style.label(scope)}:"


def _operand(operand: Word | Group) -> str:
    if isinstance(operand, Group):
        return f"{{{operand.name}}}"
    if len(operand.parts) == 1:
        return _value(operand.parts[0])
    return '"' + "*".join(escaped(part) for part in operand.parts) + '"'


def _value(value: str) -> str:
    return value if is_plain(value) else quoted(value)


def _side(side: tuple[Word | Group, ...], style: _Style) -> str:
    if len(side) == 1:
        return _leaf(side[0], style)
    return _listed(side, style) or "(" + style.either.join(map(_operand, side)) + ")"


def _time(times: TimeRange) -> str:
    if times.recent is not None:
        seconds = int(times.recent.total_seconds())
        size, unit, _ = next(entry for entry in _UNITS if seconds % entry[0] == 0)
        return f"{seconds // size}{unit}"
    since = _moment(times.since) if times.since else ""
    until = _moment(times.until, is_last=True) if times.until else ""
    return f"{since}..{until}"


def _moment(moment: datetime, *, is_last: bool = False) -> str:
    local = moment.astimezone(SHANGHAI).replace(tzinfo=None)
    day = local - timedelta(days=1) if is_last else local
    if local.time() == datetime.min.time() and day.year > EARLIEST_YEAR:
        return day.date().isoformat()
    return local.isoformat(timespec="milliseconds")


def describe(expression: Expression) -> str:
    """Say the expression in Chinese words, for pages and messages."""
    match expression:
        case And(operands):
            return "，且".join(_described(operand) for operand in operands)
        case Or(operands):
            return "，或".join(_described(operand) for operand in operands)
        case Not(operand):
            return f"不是（{describe(operand)}）"
        case _:
            return _described_leaf(expression)


def _described(operand: Expression) -> str:
    described = describe(operand)
    return f"（{described}）" if isinstance(operand, And | Or) else described


def _described_leaf(leaf: Leaf) -> str:
    match leaf:
        case Word() | Group():
            return f"{_place(leaf.scope)}含{_described_word(leaf)}"
        case Near():
            left, right = (
                "或".join(_described_word(operand) for operand in side)
                for side in (leaf.left, leaf.right)
            )
            order = "在前" if leaf.is_ordered else ""
            return f"{_place(leaf.scope)}含{left}{order}与{right}，相隔不超过 {leaf.distance} 个字"
        case Condition(field, values):
            return f"{FIELD_LABELS[field]}为{'或'.join(_label(field, value) for value in values)}"
        case Comparison(field, comparator, number):
            return f"{FIELD_LABELS[field]}{_COMPARED[comparator]} {number}"
        case TimeRange():
            return _described_time(leaf)


def _place(scope: Scope) -> str:
    return "标题或正文" if scope is Scope.ANY else FIELD_LABELS[scope]


def _described_word(operand: Word | Group) -> str:
    if isinstance(operand, Group):
        return f"同义词组“{operand.name}”中的词"
    return f"“{'…'.join(operand.parts)}”"


def _label(field: Field, value: str) -> str:
    if field in BOOLEANS:
        return "是" if value == "true" else "否"
    return POLARITY_LABELS.get(value, value) if field is Field.POLARITY else value


def _described_time(times: TimeRange) -> str:
    if times.recent is not None:
        seconds = int(times.recent.total_seconds())
        size, _, unit = next(entry for entry in _UNITS if seconds % entry[0] == 0)
        return f"时间在最近 {seconds // size} {unit}"
    since = f"从 {_moment(times.since)} " if times.since else ""
    until = f"到 {_moment(times.until, is_last=True)} " if times.until else ""
    return f"时间{since}{until}".rstrip()
