"""Which synonym groups an expression names, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.matching_text import matching_text

_CLOSING = {'"': '"', "“": "”"}


@dataclass(frozen=True, slots=True)
class GroupReference:
    """``{name}`` in a text: ``name`` as the language compares it; ``[start, end)`` lies between the braces."""

    name: str
    start: int
    end: int


def folded_name(name: str) -> str:
    """Give the form of a group's name in which the language compares it."""
    return matching_text(name).strip()


def group_references(text: str) -> tuple[GroupReference, ...]:
    """Find the groups an expression names, also in one that cannot be parsed; braces in quotes are words."""
    return tuple(_references(matching_text(text)))


def _references(folded: str) -> Iterator[GroupReference]:
    at = 0
    while at < len(folded):
        character = folded[at]
        if character in _CLOSING:
            at = _end_of_phrase(folded, at, _CLOSING[character])
        elif character == "{":
            end = folded.find("}", at)
            if end < 0:
                return
            yield GroupReference(folded[at + 1 : end].strip(), at + 1, end)
            at = end + 1
        else:
            at += 1


def _end_of_phrase(folded: str, at: int, closing: str) -> int:
    at += 1
    while at < len(folded) and folded[at] != closing:
        at += 2 if folded[at] == "\\" else 1
    return at + 1


def renamed(text: str, old: str, new: str) -> str:
    """Write ``new`` wherever an expression names the group ``old``; all else stays as it was typed."""
    wanted = folded_name(old)
    for reference in reversed(group_references(text)):
        if reference.name == wanted:
            text = text[: reference.start] + new + text[reference.end :]
    return text
