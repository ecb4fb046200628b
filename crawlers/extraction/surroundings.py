"""Where headline and text stand among the lines of a page, and which lines stand around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crawlers.extraction.page import Page
from crawlers.extraction.visible_lines import Line

SHORTEST_TELLING = 10
"""Shorter lines occur outside the text as well."""
_LONGEST_TELLING = 24
_SHORTEST_PARAGRAPH = 45
_LONGEST_FACT = 240
_LONGEST_BREAK = 80
_MOST_SEARCHED = 60_000
_WIDEST_GAP = 15
_LONGEST_HEAD = 25
_LINES_BEFORE_HEADLINE = 5
_LINES_INTO_TEXT = 3
_LINES_AFTER_TEXT = 14
_LINES_AT_THE_END = 4
_LINES_BELOW = 300


@dataclass(frozen=True, slots=True)
class Span:
    """The lines of the text: half-open; empty at 0 when the text was not found among the lines."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``headline`` is the index of its line, or None."""

    page: Page
    lines: list[Line] = field(repr=False)
    text: Span
    headline: int | None

    @property
    def first(self) -> int:
        """The first paragraph: what was taken for text may begin with the headline."""
        start = self.text.start
        if self.headline is not None and start <= self.headline < self.text.end:
            start = self.headline + 1
        return first_paragraph(self.lines, Span(start, self.text.end))

    @property
    def end(self) -> int:
        """Behind the last paragraph and the few short lines that may sign it."""
        for index in range(self.text.end - 1, self.text.start, -1):
            line = self.lines[index]
            if len(line.text) > _SHORTEST_PARAGRAPH and not line.is_link:
                return min(self.text.end, index + 1 + _LINES_AT_THE_END)
        return self.text.end

    @property
    def head(self) -> list[Line]:
        """Lines from shortly before the headline to the first ones of the text."""
        if self.headline is None:
            last = self.text.start + _LINES_INTO_TEXT if self.text.end else _LONGEST_HEAD
            return self.lines[max(0, last - _LONGEST_HEAD) : last]
        first = max(0, self.headline - _LINES_BEFORE_HEADLINE)
        last = self.first + _LINES_INTO_TEXT
        if not self.headline < last <= self.headline + _LONGEST_HEAD:
            last = self.headline + _LONGEST_HEAD
        return self.lines[first:last]

    @property
    def opening(self) -> list[Line]:
        """The first lines of the text, where agencies name their reporters."""
        if self.text.end:
            first = self.first
            start = max(self.text.start, (self.headline or 0) + 1, first - _LINES_INTO_TEXT)
            return self.lines[min(start, first) : first + _LINES_INTO_TEXT]
        after = (self.headline if self.headline is not None else 0) + 1
        return self.lines[after : after + _LONGEST_HEAD]

    @property
    def closing(self) -> list[Line]:
        """The last lines of the text."""
        end = self.end
        return self.lines[max(self.text.start, end - 2 * _LINES_AT_THE_END) : end]

    @property
    def within(self) -> list[Line]:
        """The short lines between paragraphs: replies follow an opening post without a break."""
        return [
            line
            for line in self.lines[self.first + 1 : self.text.end]
            if len(line.text) <= _LONGEST_BREAK and not line.is_link
        ]

    @property
    def tail(self) -> list[Line]:
        """The lines behind the text."""
        if not self.text.end:
            return []
        return self.lines[self.end : self.end + _LINES_AFTER_TEXT]

    @property
    def below(self) -> list[Line]:
        """All that follows the headline for a while: for pages whose text was not found or mistaken."""
        after = (self.headline if self.headline is not None else 0) + 1
        return self.lines[after : after + _LINES_BELOW]


def short_lines(lines: list[Line]) -> list[Line]:
    """Leave out headings and paragraphs: what is left may say something about the article."""
    return [line for line in lines if len(line.text) <= _LONGEST_FACT and not line.heading]


def first_paragraph(lines: Sequence[Line], text: Span) -> int:
    """Give the index of the first long line of a text, else of its first line."""
    for index in range(text.start, text.end):
        if len(lines[index].text) > _SHORTEST_PARAGRAPH:
            return index
    return text.start


def compact(text: str) -> str:
    return "".join(text.split())


def span_of(text: str, lines: list[Line]) -> Span:
    """Find the run of lines that a text was made of; headings and short lines may lie between."""
    whole = compact(text)
    if not whole:
        return Span(0, 0)
    if len(whole) > _MOST_SEARCHED:
        # Both ends are enough to know where a book begins and ends.
        whole = whole[: _MOST_SEARCHED // 2] + whole[-_MOST_SEARCHED // 2 :]
    runs: list[list[int]] = []
    for index, line in enumerate(lines):
        start = compact(line.text[:80])[:_LONGEST_TELLING]
        if len(start) < SHORTEST_TELLING or start not in whole:
            continue
        if runs and index - runs[-1][-1] <= _WIDEST_GAP:
            runs[-1].append(index)
        else:
            runs.append([index])
    if not runs:
        return Span(0, 0)
    best = max(runs, key=lambda run: sum(min(len(lines[index].text), 400) for index in run))
    return Span(best[0], best[-1] + 1)
