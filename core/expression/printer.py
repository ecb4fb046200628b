"""Syntax tree to text."""

from core.expression.syntax import Expression


def print_expression(expression: Expression) -> str:
    """A text that parses to an equal tree."""
    raise NotImplementedError


def describe(expression: Expression) -> str:
    """The expression in Chinese words, for pages and messages."""
    raise NotImplementedError
