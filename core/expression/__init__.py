"""One expression language for live rules, search and back-test: a word is a substring of the title or of the text."""

from core.expression.document import Matchable, MatchDocument
from core.expression.errors import ExpressionError, UnknownGroupError
from core.expression.matcher import Matcher, RuleMatch, Span
from core.expression.parser import parse
from core.expression.printer import describe, print_expression
from core.expression.syntax import Expression, Field, Scope

__all__ = [
    "Expression",
    "ExpressionError",
    "Field",
    "MatchDocument",
    "Matchable",
    "Matcher",
    "RuleMatch",
    "Scope",
    "Span",
    "UnknownGroupError",
    "describe",
    "parse",
    "print_expression",
]
