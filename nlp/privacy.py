"""Masks private persons' names and home addresses, so that whatever is kept holds neither."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nlp.annotations import Field, PrivateSpan, TextInput

MASK = "＊"


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
