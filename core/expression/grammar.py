"""The grammar: tokens to a parse tree."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer

from core.expression.errors import ExpressionError

_GRAMMAR = """
start: disjunction
disjunction: conjunction (OR conjunction)*
conjunction: proximity (AND? proximity)*
proximity: _unary (NEAR _unary)*
_unary: negation | field | bracket | list | COMPARISON | TIME
negation: NOT _unary
field: FIELD (bracket | list)
bracket: LEFT disjunction RIGHT
list: _item (COMMA _item)*
_item: TERM | PHRASE | GROUP
%declare OR AND NOT NEAR FIELD LEFT RIGHT COMMA TERM PHRASE GROUP COMPARISON TIME
"""

_NAMES = {
    "OR": "OR",
    "AND": "AND",
    "NOT": "NOT",
    "NEAR": "NEAR",
    "RIGHT": "右括号",
    "COMMA": "逗号",
    "FIELD": "字段名",
    "LEFT": "左括号",
}


class _NoLexer(Lexer):
    """Tokens are fed to the parser one by one; lark asks for a lexer all the same."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    # lark declares the two arguments as its own private state objects.
    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Token]:  # noqa: ARG002 -- lark calls it so
        return iter(())


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer=_NoLexer)


def parse_tree(typed: str, tokens: Iterable[Token]) -> Tree[Token]:
    """Build the parse tree; raises ExpressionError where the tokens make no expression."""
    interactive = _parser().parse_interactive()
    previous: Token | None = None
    for token in tokens:
        try:
            interactive.feed_token(token)
        except UnexpectedToken:
            raise _misplaced(typed, previous, token) from None
        previous = token
    try:
        # lark has not annotated this method.
        tree: Tree[Token] = interactive.feed_eof(previous)  # type: ignore[no-untyped-call]
    except UnexpectedInput:
        raise _unfinished(typed, previous) from None
    return tree


def _misplaced(typed: str, previous: Token | None, token: Token) -> ExpressionError:
    position, end = int(token.start_pos or 0), int(token.end_pos or 0)
    name = _NAMES.get(token.type, str(token))
    without = (typed[:position] + " " + typed[end:]).strip()
    if token.type == "RIGHT" and previous is not None:
        return _unfinished(typed, previous, position)
    if previous is not None and previous.type in ("OR", "AND", "NEAR", "NOT"):
        expected = f"{_NAMES[previous.type]} 后面要写检索词、短语或左括号，不能是 {name}"
        return ExpressionError(position, expected, without or None)
    if previous is not None and previous.type == "FIELD":
        return ExpressionError(position, f"“{previous}:”后面要写值或左括号", without or None)
    return ExpressionError(
        position, f"这里要写检索词、短语或左括号，不能是 {name}", without or None
    )


def _unfinished(typed: str, previous: Token | None, at: int | None = None) -> ExpressionError:
    position = len(typed) if at is None else at
    if previous is None:
        return ExpressionError(position, "请写要找的词，例如：欠薪 工地")
    start, end = int(previous.start_pos or 0), int(previous.end_pos or 0)
    without = (typed[:start] + typed[end:]).strip()
    name = f"“{previous}:”" if previous.type == "FIELD" else _NAMES.get(previous.type, "这里")
    if previous.type == "LEFT":
        return ExpressionError(position, "括号里要写检索词、短语或字段", None)
    return ExpressionError(position, f"{name} 后面要写检索词、短语或左括号", without or None)
