"""Why an expression was refused."""

import unicodedata
from typing import Self

from core.errors import ZhishengError

_SHOWN = 60
"""How many characters either side of a mistake are drawn."""


class ExpressionError(ZhishengError):
    """An expression that cannot be understood or is over a limit.

    `position` is a half-open code-point offset into the text as typed, `expected` says in Chinese what was wanted
    there, `fix` is a whole expression to offer instead, or None.
    """

    def __init__(self, position: int, expected: str, fix: str | None = None) -> None:
        self.position = position
        self.expected = expected
        self.fix = fix
        hint = f"可以改成：{fix}" if fix else "请修改后再试。"
        super().__init__(f"表达式第 {position + 1} 个字符处：{expected}。{hint}")

    def unfixed(self) -> Self:
        """Give the same error with nothing offered."""
        return type(self)(self.position, self.expected)

    def caret(self, text: str) -> str:
        """Draw what stands around the place with a caret below it, wide characters taken as two columns."""
        start = max(0, self.position - _SHOWN)
        end = self.position + _SHOWN
        line = "".join(" " if character.isspace() else character for character in text[start:end])
        before = ("…" if start else "") + line[: self.position - start]
        columns = sum(
            2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in before
        )
        rest = line[self.position - start :] + ("…" if end < len(text) else "")
        return f"{before}{rest}\n{' ' * columns}^ {self.expected}"


class UnknownGroupError(ExpressionError):
    """The expression names a synonym group that is not known."""
