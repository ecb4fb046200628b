"""Marks what an expression found in a text; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

BEFORE = 24
"""How much of the text is kept before the first find of an excerpt."""

MOST_SPANS = 100
SENTENCE_ENDS = "。！？；\n"


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
    """Cut the piece that shows most of the finds, or the beginning where nothing was found, with the finds marked."""
    flat = "".join(" " if character.isspace() else character for character in text)
    begin = _best_begin(text, merged(spans)[:MOST_SPANS], length)
    end = min(len(text), begin + length)
    inside = [
        (max(0, start - begin), stop - begin)
        for start, stop in spans
        if start < end and stop > begin
    ]
    before, after = ("…" if begin else ""), ("…" if end < len(text) else "")
    return Markup("{}{}{}").format(before, marked(flat[begin:end], inside), after)


def _best_begin(text: str, spans: Sequence[tuple[int, int]], length: int) -> int:
    """Choose the window with the most different words, then the most finds, then the earliest."""
    best, begin = (0, 0), 0
    for place, (first, _) in enumerate(spans):
        start = _start_before(text, first, length)
        inside = [
            text[found:stop].casefold() for found, stop in spans[place:] if stop <= start + length
        ]
        score = (len(set(inside)), len(inside))
        if score > best:
            best, begin = score, start
    if not spans or best > (0, 0):
        return begin
    # No find fits in whole: show where the first begins.
    return _start_before(text, spans[0][0], length)


def _start_before(text: str, first: int, length: int) -> int:
    """Begin a little before the find, at the beginning of its sentence where that is as near."""
    begin = max(0, min(first - BEFORE, len(text) - length))
    sentence = max(text.rfind(mark, begin, first) for mark in SENTENCE_ENDS) + 1
    return sentence if 0 < sentence <= len(text) - length else begin
