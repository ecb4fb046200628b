"""Masks private persons' names and home addresses, so that whatever is kept holds neither."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import rjieba

from core.matching_text import matching_text
from nlp.annotations import Field, PrivateSpan, TextInput
from nlp.home_addresses import home_addresses
from nlp.personal_names import PersonalNames

MASK = "＊"
_FOLDED_MASK = matching_text(MASK)


class PrivateMatters:
    """Read-only after construction; threads may share it."""

    def __init__(self, segmentation: rjieba.Jieba) -> None:
        self._names = PersonalNames(segmentation)

    def find(self, item: TextInput) -> tuple[str, tuple[PrivateSpan, ...]]:
        """Give the matching text of title and text, masked, and the spans of the original that are private."""
        folded = matching_text(f"{item.title}\n{item.text}")
        found = [*self._names.find(folded), *home_addresses(folded)]
        if not found:
            return folded, ()
        characters = list(folded)
        break_ = len(item.title)
        spans: list[PrivateSpan] = []
        for start, end in _merged(found, break_):
            characters[start:end] = _FOLDED_MASK * (end - start)
            field, offset = (Field.TEXT, break_ + 1) if start > break_ else (Field.TITLE, 0)
            spans.append(PrivateSpan(field, start - offset, end - offset, MASK * (end - start)))
        return "".join(characters), tuple(spans)


def _merged(spans: Iterable[tuple[int, int]], break_: int) -> list[tuple[int, int]]:
    """Join what overlaps, and part what reaches over the line break between title and text."""
    parted: list[tuple[int, int]] = []
    for start, end in spans:
        parted += [(start, break_), (break_ + 1, end)] if start <= break_ < end else [(start, end)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(parted):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def masked(text: str, field: Field, spans: Iterable[PrivateSpan]) -> str:
    """Put the masks of ``field`` over ``text``; every other offset stays, as the masks have equal length."""
    mine = [span for span in spans if span.field is field]
    if not mine:
        return text
    characters = list(text)
    for span in mine:
        characters[span.start : span.end] = span.mask
    return "".join(characters)


def masked_input(item: TextInput, spans: Sequence[PrivateSpan]) -> TextInput:
    if not spans:
        return item
    return TextInput(
        title=masked(item.title, Field.TITLE, spans),
        text=masked(item.text, Field.TEXT, spans),
        published_at=item.published_at,
    )
