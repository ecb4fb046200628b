"""What is being written at the caret of an unfinished expression: for suggestions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from core.expression.fields import FIELD_NAMES, NUMBERS, TIME, FieldName
from core.expression.syntax import Scope
from core.matching_text import matching_text

_TERM = re.compile(r'[^\s()"“”{},、:*|]+')
_CLOSING = {'"': '"', "“": "”"}
_OPERATOR = re.compile(r"and|or|not|与|或|非|o?near(?:/\d*)?")


class Writing(StrEnum):
    """A word (or the name of a field, or an operator), a value of ``Caret.field``, a group's name, or a quotation."""

    WORD = "word"
    VALUE = "value"
    GROUP = "group"
    QUOTATION = "quotation"


@dataclass(frozen=True, slots=True)
class Caret:
    """``typed`` is the folded text before the caret of what stands in ``[start, end)`` of the text as typed.

    ``follows`` tells that a finished condition stands before it, so that an operator may come.
    """

    writing: Writing
    start: int
    end: int
    typed: str
    field: FieldName | None = None
    follows: bool = False


class _Scan:
    """Reads up to the caret and keeps which field's value could come next."""

    def __init__(self, text: str, at: int) -> None:
        self._text = matching_text(text)
        self._caret = max(0, min(at, len(text)))
        self._at = 0
        self._field: FieldName | None = None
        self._brackets: list[FieldName | None] = []
        self._follows = False

    def caret(self) -> Caret:
        while self._at < self._caret:
            character = self._text[self._at]
            if character in _CLOSING:
                found = self._quotation(_CLOSING[character])
            elif character == "{":
                found = self._group()
            elif term := _TERM.match(self._text, self._at):
                found = self._term(term.end())
            else:
                self._punctuation(character)
                found = None
            if found is not None:
                return found
        return self._word(self._caret)

    def _punctuation(self, character: str) -> None:
        if character == "(":
            self._brackets.append(self._field or self._enclosing)
            self._field, self._follows = None, False
        elif character == ")":
            self._field, self._follows = None, True
            if self._brackets:
                self._brackets.pop()
        elif character.isspace() and self._follows:
            self._field = None
        elif character in ",、":
            self._follows = False
        self._at += 1

    @property
    def _enclosing(self) -> FieldName | None:
        return self._brackets[-1] if self._brackets else None

    def _quotation(self, closing: str) -> Caret | None:
        start = self._at
        end = start + 1
        while end < len(self._text) and self._text[end] != closing:
            end += 2 if self._text[end] == "\\" else 1
        if end >= self._caret:
            field = self._valued()
            stop = min(end + 1, len(self._text))
            typed = self._text[start + 1 : self._caret]
            if field is not None:
                return Caret(Writing.VALUE, start, stop, typed, field)
            return Caret(Writing.QUOTATION, start, stop, typed)
        self._at, self._follows = end + 1, True
        return None

    def _group(self) -> Caret | None:
        start, closed = self._at + 1, self._text.find("}", self._at)
        if closed < 0 or closed >= self._caret:
            opened = self._text.find("{", start)
            end = closed + 1 if closed >= 0 and not 0 <= opened < closed else self._caret
            return Caret(Writing.GROUP, start, end, self._text[start : self._caret].strip())
        self._at, self._follows = closed + 1, True
        return None

    def _term(self, end: int) -> Caret | None:
        if self._text.startswith(":", end) and end < self._caret:
            name = self._text[self._at : end].removeprefix("-")
            self._field, self._follows = FIELD_NAMES.get(name), False
            self._at = end + 1
            return None
        if end >= self._caret:
            return self._word(end)
        term = self._text[self._at : end]
        self._follows = self._follows_word(term)
        self._at = end
        return None

    def _follows_word(self, term: str) -> bool:
        return self._valued() is not None or _OPERATOR.fullmatch(term) is None

    def _word(self, end: int) -> Caret:
        start, typed = self._at, self._text[self._at : self._caret]
        field = self._valued()
        if field is not None and not (self._follows and not typed and not self._brackets):
            return Caret(Writing.VALUE, start, end, typed, field)
        if typed.startswith("-"):
            start, typed = start + 1, typed[1:]
        return Caret(Writing.WORD, start, end, typed, follows=self._follows)

    def _valued(self) -> FieldName | None:
        """Name the field whose value stands here; titles and texts hold words like everywhere else."""
        field = self._field or self._enclosing
        return None if isinstance(field, Scope) else field


def at_caret(text: str, at: int) -> Caret:
    """Tell what stands at the offset ``at``, in code points; any text will do, however unfinished."""
    return _Scan(text, at).caret()


def takes_names(field: FieldName) -> bool:
    """Tell whether a field's values are names, not numbers or times."""
    return field != TIME and field not in NUMBERS
