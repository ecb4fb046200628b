"""Where headline and text stand among the lines of a page, and which lines stand around them."""

from __future__ import annotations

from dataclasses import dataclass, field

from crawlers.extraction.page import Page
from crawlers.extraction.visible_lines import Line

SHORTEST_TELLING = 10
"""Shorter lines occur outside the text as well."""
_SHORTEST_PARAGRAPH = 45
_LONGEST_FACT = 240
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
        """The first line of running text: what was taken for text may begin with the headline."""
        start = self.text.start
        if self.headline is not None and start <= self.headline < self.text.end:
            start = self.headline + 1
        for index in range(start, self.text.end):
            if len(self.lines[index].text) > _SHORTEST_PARAGRAPH:
                return index
        return start

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
            return self.lines[self.first : self.first + _LINES_INTO_TEXT]
        after = (self.headline if self.headline is not None else 0) + 1
        return self.lines[after : after + _LONGEST_HEAD]

    @property
    def closing(self) -> list[Line]:
        """The last lines of the text."""
        return self.lines[max(self.text.start, self.text.end - _LINES_AT_THE_END) : self.text.end]

    @property
    def tail(self) -> list[Line]:
        """The lines behind the text."""
        if not self.text.end:
            return []
        return self.lines[self.text.end : self.text.end + _LINES_AFTER_TEXT]

    @property
    def below(self) -> list[Line]:
        """All that follows the headline for a while: for pages whose text was not found or mistaken."""
        after = (self.headline if self.headline is not None else 0) + 1
        return self.lines[after : after + _LINES_BELOW]


def short_lines(lines: list[Line]) -> list[Line]:
    """Leave out headings and paragraphs: what is left may say something about the article."""
    return [line for line in lines if len(line.text) <= _LONGEST_FACT and not line.heading]


def compact(text: str) -> str:
    return "".join(text.split())


def span_of(text: str, lines: list[Line]) -> Span:
    """Find the run of lines that a text was made of; headings and short lines may lie between."""
    whole = compact(text)
    if not whole:
        return Span(0, 0)
    runs: list[list[int]] = []
    for index, line in enumerate(lines):
        start = compact(line.text[:80])[:40]
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
