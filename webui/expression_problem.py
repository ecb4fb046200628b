"""Where an expression is wrong, as pages mark it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.expression import ExpressionError

_WORD = re.compile(r'[^\s()（）"“”{}｛｝,，、:：]+')


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """The text in three parts, the middle one wrong; ``wrong`` is empty where something is missing at the end.

    ``fix`` is a whole expression that can be read, or None.
    """

    before: str
    wrong: str
    after: str
    position: int
    expected: str
    fix: str | None


def problem_of(text: str, error: ExpressionError) -> ExpressionProblem:
    """Mark the word, or else the character, at which reading stopped."""
    position = min(error.position, len(text))
    word = _WORD.match(text, position)
    end = word.end() if word else min(position + 1, len(text))
    return ExpressionProblem(
        text[:position], text[position:end], text[end:], position, error.expected, error.fix
    )
