"""Syntax tree to text."""

from datetime import datetime, timedelta

from core.expression.fields import BOOLEANS, FIELD_LABELS, POLARITY_LABELS, TIME
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


def print_expression(expression: Expression) -> str:
    """Write a text that parses to an equal tree."""
    match expression:
        case And(operands):
            return " AND ".join(_bracketed(operand, Or) for operand in operands)
        case Or(operands):
            return " OR ".join(_bracketed(operand, ()) for operand in operands)
        case Not(operand):
            return "NOT " + _bracketed(operand, (And, Or, Near))
        case _:
            return _leaf(expression)


def _bracketed(operand: Expression, loose: type | tuple[type, ...]) -> str:
    printed = print_expression(operand)
    return f"({printed})" if isinstance(operand, loose) else printed


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Word() | Group():
            return _prefix(leaf.scope) + _operand(leaf)
        case Near():
            operator = f"{'ONEAR' if leaf.is_ordered else 'NEAR'}/{leaf.distance}"
            printed = f"{_side(leaf.left)} {operator} {_side(leaf.right)}"
            return printed if leaf.scope is Scope.ANY else f"{_prefix(leaf.scope)}({printed})"
        case Condition(field, values):
            return f"{FIELD_LABELS[field]}:{','.join(_value(value) for value in values)}"
        case Comparison(field, comparator, number):
            return f"{FIELD_LABELS[field]}{comparator}{number}"
        case TimeRange():
            return f"{FIELD_LABELS[TIME]}:{_time(leaf)}"


def _prefix(scope: Scope) -> str:
    return "" if scope is Scope.ANY else f"{FIELD_LABELS[scope]}:"


def _operand(operand: Word | Group) -> str:
    if isinstance(operand, Group):
        return f"{{{operand.name}}}"
    if len(operand.parts) == 1:
        return _value(operand.parts[0])
    return '"' + "*".join(escaped(part) for part in operand.parts) + '"'


def _value(value: str) -> str:
    return value if is_plain(value) else quoted(value)


def _side(side: tuple[Word | Group, ...]) -> str:
    printed = " OR ".join(_operand(operand) for operand in side)
    return f"({printed})" if len(side) > 1 else printed


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
    if local.time() == datetime.min.time():
        return (local - timedelta(days=1) if is_last else local).date().isoformat()
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
