"""The form in which a transformer reads a text."""

from __future__ import annotations

from enum import StrEnum

from nlp.normalisation import normalise

MOST_CHARACTERS = 4_000


class TextForm(StrEnum):
    """``FOLDED`` is that of our own encoders; others fold in their tokenizer as they were trained to."""

    FOLDED = "folded"
    PLAIN = "plain"


def text_for(form: TextForm, text: str) -> str:
    if form is TextForm.FOLDED:
        return _encodable(normalise("", text))
    return _encodable(text[:MOST_CHARACTERS])


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs, which no tokenizer accepts."""
    return text.encode("utf-8", "replace").decode("utf-8")
