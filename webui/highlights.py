"""Marks what an expression found in a text; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

BEFORE = 24
"""How much of the text is kept before the first find of an excerpt."""


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join overlapping and touching spans, in order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif start < end:
            joined.append((start, end))
    return joined


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """Put ``<mark>`` around the spans; half-open code-point offsets, those beyond the text are cut."""
    pieces: list[Markup] = []
    position = 0
    for begin, beyond in merged(spans):
        start, end = max(begin, position), min(beyond, len(text))
        if start >= end:
            continue
        pieces += [
            Markup.escape(text[position:start]),
            Markup("<mark>{}</mark>").format(text[start:end]),
        ]
        position = end
    pieces.append(Markup.escape(text[position:]))
    return Markup("").join(pieces)


def excerpt(text: str, spans: Sequence[tuple[int, int]], *, length: int = 140) -> Markup:
    """Cut a piece around the first find, or the beginning where nothing was found, with the finds marked."""
    text = "".join(" " if character.isspace() else character for character in text)
    first = min((start for start, _ in spans), default=0)
    begin = max(0, min(first - BEFORE, len(text) - length))
    end = min(len(text), begin + length)
    inside = [
        (start - begin, stop - begin) for start, stop in spans if start < end and stop > begin
    ]
    inside = [(max(0, start), stop) for start, stop in inside]
    before, after = ("…" if begin else ""), ("…" if end < len(text) else "")
    return Markup("{}{}{}").format(before, marked(text[begin:end], inside), after)
