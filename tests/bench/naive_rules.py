"""The ordinary way to run many rules: each by itself over the text, with substring tests and patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from core.expression import Expression, MatchDocument
from core.expression.facts import number, values
from core.expression.syntax import And, Comparison, Condition, Group, Near, Not, Or, Word, words_of
from core.matching_text import matching_text

Texts = tuple[str, str]
Test = Callable[[Texts, MatchDocument], bool]


class NaiveRules:
    """Knows the parts of the language that the benchmark's rules use."""

    def __init__(self, expressions: Mapping[int, Expression]) -> None:
        self._tests = {key: _test(expression) for key, expression in expressions.items()}

    def match(self, document: MatchDocument) -> list[int]:
        texts = (matching_text(document.title), matching_text(document.text))
        return [key for key, test in self._tests.items() if test(texts, document)]


def _test(expression: Expression) -> Test:  # noqa: PLR0911 (one return for each kind of node)
    match expression:
        case And(operands):
            tests = [_test(operand) for operand in operands]
            return lambda texts, document: all(test(texts, document) for test in tests)
        case Or(operands):
            tests = [_test(operand) for operand in operands]
            return lambda texts, document: any(test(texts, document) for test in tests)
        case Not(operand):
            test = _test(operand)
            return lambda texts, document: not test(texts, document)
        case Word((term,)):
            return lambda texts, _document: term in texts[0] or term in texts[1]
        case Near():
            search = _pattern(expression).search
            return lambda texts, _document: any(search(text) for text in texts)
        case Condition(field, wanted):
            return lambda _texts, document: any(
                value in wanted for value in values(document, field)
            )
        case Comparison():
            return _more_than(expression)
        case _:
            raise ValueError(f"the benchmark writes no such rule: {expression}")


def _more_than(leaf: Comparison) -> Test:
    def test(_texts: Texts, document: MatchDocument) -> bool:
        value = number(document, leaf.field)
        return value is not None and value > leaf.number

    return test


def _pattern(near: Near) -> re.Pattern[str]:
    left, right = (_either(side) for side in (near.left, near.right))
    gap = f".{{0,{near.distance}}}"
    return re.compile(f"{left}{gap}{right}|{right}{gap}{left}", re.DOTALL)


def _either(side: tuple[Word | Group, ...]) -> str:
    return "(?:" + "|".join(re.escape(word.parts[0]) for word in words_of(side)) + ")"
