"""Expression text to tokens; works on the matching text, whose offsets are those of the text as typed."""

import re
from collections.abc import Iterator

from lark import Token

from core.expression.errors import ExpressionError
from core.expression.fields import FIELD_LABELS, FIELD_NAMES, NUMBERS, TIME
from core.expression.limits import MAX_DEPTH, MAX_DISTANCE, MAX_TERMS
from core.expression.suggestions import closest, shown
from core.expression.syntax import Field

_SPACE = re.compile(r"\s+")
_TERM = re.compile(r'[^\s()"“”{},、:*|]+')
_RANGE = re.compile(r'\s*([^\s()"“”{},、]+)')
_ONE = r'(?:(?:>=|<=|≥|≤|>|<|=)\s++)?[^\s()"“”{},、]++'
_SEVERAL = rf"{_ONE}(?:\s*[,、]\s*{_ONE})*"
_VALUES = re.compile(rf"\s*(?:\(\s*{_SEVERAL}\s*\)|{_SEVERAL})")
"""Times or comparisons behind the colon of their field: one, or several of which one must hold, in brackets or not."""
VALUE = re.compile(_ONE)
_COMPARISON = re.compile(
    r"(?P<field>{})\s*(?P<sign>>=|<=|≥|≤|>|<|=)\s*(?P<number>[^\s()]*)".format(
        "|".join(
            sorted((re.escape(name) for name, field in FIELD_NAMES.items() if field in NUMBERS))
        )
    )
)
_NEAR = re.compile(r"(o?near)(?:/(\d{1,6}))?")
_OPERATORS = {"and": "AND", "or": "OR", "not": "NOT", "与": "AND", "或": "OR", "非": "NOT"}
_SINGLE = {"(": "LEFT", ")": "RIGHT", ",": "COMMA", "、": "COMMA", "-": "NOT"}
_CLOSING = {'"': '"', "“": "”"}
_UNITS = "与或非"


def is_plain(value: str) -> bool:
    """Tell whether a value may stand in an expression without quotation marks."""
    return (
        _TERM.fullmatch(value) is not None
        and "\\" not in value
        and not value.startswith("-")
        and value not in _OPERATORS
        and not value.startswith(("near/", "onear/"))
        and value not in ("near", "onear")
        and _COMPARISON.match(value) is None
    )


def escaped(value: str) -> str:
    return re.sub(r'(["\\*])', r"\\\1", value)


def quoted(value: str) -> str:
    return f'"{escaped(value)}"'


class Tokens:
    """The tokens of one expression; `typed` is the text as typed, for the fixes offered."""

    def __init__(self, typed: str, folded: str) -> None:
        self._typed = typed
        self._text = folded
        self._at = 0
        self._last = ""

    def __iter__(self) -> Iterator[Token]:
        terms = depth = 0
        opened: list[int] = []
        while (token := self._next()) is not None:
            terms += token.type in ("TERM", "PHRASE")
            depth = depth + 1 if token.type == "NOT" else 0
            position = int(token.start_pos or 0)
            if token.type == "LEFT":
                opened.append(position)
            elif token.type == "RIGHT":
                if not opened:
                    raise self._error(position, "这里多了一个右括号", replace=("", 1))
                opened.pop()
            if terms > MAX_TERMS:
                raise ExpressionError(position, f"最多写 {MAX_TERMS} 个词，这里已经超出")
            if depth + len(opened) > MAX_DEPTH:
                raise ExpressionError(position, f"括号最多套 {MAX_DEPTH} 层，这里已经超出")
            self._last = token.type
            yield token
        if opened:
            is_empty = self._last == "LEFT"
            fix = self._typed[: opened[0]] if is_empty else self._typed + ")" * len(opened)
            raise ExpressionError(opened[-1], "这个左括号没有配对的右括号", fix.strip() or None)

    def _error(self, position: int, expected: str, *, replace: tuple[str, int]) -> ExpressionError:
        replacement, length = replace
        fix = self._typed[:position] + replacement + self._typed[position + length :]
        return ExpressionError(position, expected, fix.strip() or None)

    def _token(self, kind: str, value: str, end: int) -> Token:
        token = Token(kind, value, start_pos=self._at, end_pos=end)
        self._at = end
        return token

    def _next(self) -> Token | None:
        if space := _SPACE.match(self._text, self._at):
            self._at = space.end()
        if self._at >= len(self._text):
            return None
        character = self._text[self._at]
        if kind := _SINGLE.get(character):
            return self._token(kind, character, self._at + 1)
        if character in _CLOSING:
            return self._phrase(_CLOSING[character])
        if character == "{":
            return self._group()
        if comparison := _COMPARISON.match(self._text, self._at):
            return self._token("COMPARISON", comparison.group(), comparison.end())
        if term := _TERM.match(self._text, self._at):
            return self._word(term.group(), term.end())
        raise self._stray(character)

    def _stray(self, character: str) -> ExpressionError:
        if character == "*":
            return self._error(self._at, "* 只能写在引号里的短语中", replace=("", 1))
        if character == "|":
            length = 2 if self._text.startswith("||", self._at) else 1
            return self._error(self._at, "“或者”请写 OR", replace=(" OR ", length))
        if character == ":":
            return self._error(self._at, "冒号前面要有字段名", replace=("", 1))
        return self._error(self._at, f"这里不能单独出现 {character}", replace=("", 1))

    def _phrase(self, closing: str) -> Token:
        end = self._at + 1
        while end < len(self._text) and self._text[end] != closing:
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text):
            fix = self._typed.rstrip() + closing
            raise ExpressionError(self._at, f"这个引号没有配对的 {closing}", fix)
        return self._token("PHRASE", self._text[self._at + 1 : end], end + 1)

    def _group(self) -> Token:
        end = self._text.find("}", self._at)
        if end < 0:
            raise ExpressionError(
                self._at, "同义词组的花括号没有配对的 }", self._typed.rstrip() + "}"
            )
        return self._token("GROUP", self._text[self._at + 1 : end].strip(), end + 1)

    def _word(self, word: str, end: int) -> Token:
        if self._text.startswith(":", end):
            return self._field(word, end)
        if self._last not in ("FIELD", "COMMA"):
            if operator := _OPERATORS.get(word):
                self._refuse_touching(word, end)
                return self._token(operator, word, end)
            if word in ("near", "onear") or word.startswith(("near/", "onear/")):
                return self._near(word, end)
        return self._token("TERM", word, end)

    def _refuse_touching(self, word: str, end: int) -> None:
        """Refuse a Chinese operator right beside a quotation mark: meant as one, but no operator by the rules."""
        around = self._text[self._at - 1 : self._at] + self._text[end : end + 1]
        if word in _UNITS and any(mark in '"“”{}' for mark in around):
            raise self._error(
                self._at,
                f"“{word}”作运算符时两边要有空格或括号",
                replace=(f" {word} ", len(word)),
            )

    def _near(self, word: str, end: int) -> Token:
        match = _NEAR.fullmatch(word)
        name = "ONEAR" if word.startswith("o") else "NEAR"
        if match is None or match.group(2) is None:
            raise self._error(
                self._at,
                f"{name} 后面要写 /字数，例如 {name}/10",
                replace=(f"{name}/10", len(word)),
            )
        if int(match.group(2)) > MAX_DISTANCE:
            raise self._error(
                self._at,
                f"{name} 的字数最多 {MAX_DISTANCE}",
                replace=(f"{name}/{MAX_DISTANCE}", len(word)),
            )
        return self._token("NEAR", word, end)

    def _field(self, name: str, end: int) -> Token:
        field = FIELD_NAMES.get(name)
        if field is None:
            raise self._unknown_field(name, end)
        if field == TIME or field in NUMBERS:
            value = _VALUES.match(self._text, end + 1)
            if value is None:
                raise self._missing_value(name, end + 1)
            kind = "TIME" if field == TIME else "COMPARISON"
            token = Token(
                kind, self._text[self._at : value.end()], start_pos=self._at, end_pos=value.end()
            )
            self._at = value.end()
            return token
        return self._token("FIELD", name, end + 1)

    def _missing_value(self, name: str, at: int) -> ExpressionError:
        field = FIELD_NAMES[name]
        example, label = "24h" if field == TIME else ">100", FIELD_LABELS[field]
        if self._text[at:].lstrip().startswith("("):
            expected = f"“{label}”的括号里只写值，用逗号隔开，例如 {name}:({example})"
            return ExpressionError(at, expected)
        expected = f"“{label}”后面要写值，例如 {name}:{example}"
        return self._error(at, expected, replace=(example, 0))

    def _unknown_field(self, name: str, end: int) -> ExpressionError:
        close = closest(name, FIELD_NAMES, cutoff=0.5)
        known = "、".join(FIELD_LABELS.values())
        expected = f"没有叫“{shown(name)}”的字段；可用的字段：{known}"
        if close:
            return self._error(self._at, expected, replace=(close, len(name)))
        stop = _RANGE.match(self._text, end + 1)
        last = stop.end() if stop else end + 1
        literal = quoted(self._typed[self._at : last])
        return self._error(self._at, expected, replace=(literal, last - self._at))


def field_of(token: Token) -> Field:
    """Name the numeric field of a COMPARISON token."""
    name = re.split(r"[\s:<>=≥≤]", str(token), maxsplit=1)[0]
    return Field(FIELD_NAMES[name])
