"""The visible text of a page, line by line, with what its markup says about each line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree
from lxml.html import HtmlElement

from crawlers.extraction.page import SPACES

MOST_LINES = 6000
_UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "head", "title", "select", "textarea", "svg"}
)
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p",
    "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
))  # fmt: skip
_HEADING = re.compile(r"h[1-6]")
_LABELS_KEPT = 3
_LONGEST_LABEL = 120
_LONGEST_PIECE = 80


@dataclass(frozen=True, slots=True)
class Line:
    """``heading`` is 1–6 or 0; ``label`` joins classes and ids; ``linked`` counts characters in links.

    ``pieces`` are the labels and texts of the inline elements that have a class or an id: names and times
    stand in them side by side, without a space that text alone would show.
    """

    text: str = field(repr=False)
    heading: int
    label: str
    linked: int
    pieces: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def is_link(self) -> bool:
        return self.linked > 0.7 * len(self.text)


def visible_lines(tree: HtmlElement, apart: frozenset[HtmlElement] = frozenset()) -> list[Line]:
    """Split at block elements; what scripts, styles and form fields hold is left out, and so is ``apart``."""
    return _Reader().read(tree, apart)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A labelled inline element that is still open, and where its text began."""

    element: HtmlElement
    label: str
    line: int
    part: int


class _Reader:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.parts: list[str] = []
        self.labels: list[str] = []
        self.blocks: list[str] = []
        self.begun: list[_Begun] = []
        self.pieces: list[tuple[str, str]] = []
        self.linked = 0
        self.heading = 0
        self.preformatted = 0
        self.anchors = 0

    def read(self, tree: HtmlElement, apart: frozenset[HtmlElement]) -> list[Line]:
        walker = etree.iterwalk(tree, events=("start", "end", "comment", "pi"))
        for event, element in walker:
            tag = element.tag
            if not isinstance(tag, str):
                # Only what follows a comment is text of the page.
                self._add(element.tail or "")
            elif event == "end" and element in apart:
                self._flush()
                self._add(element.tail or "")
            elif event == "end":
                self._close(element, tag, is_within=element is not tree)
                if len(self.lines) > MOST_LINES:
                    break
            elif tag in _UNSEEN or element in apart:
                walker.skip_subtree()
            else:
                self._open(element, tag)
        self._flush()
        return self.lines

    def _open(self, element: HtmlElement, tag: str) -> None:
        label = _label(element)
        if tag in _BLOCKS:
            self._flush()
            self.blocks.append(label)
            self.preformatted += tag == "pre"
            if _HEADING.fullmatch(tag):
                self.heading = int(tag[1])
        elif tag == "a":
            self.anchors += 1
        if label and tag not in _BLOCKS:
            self.labels.append(label)
            self.begun.append(_Begun(element, label, len(self.lines), len(self.parts)))
        if element.text:
            self._add(element.text)

    def _close(self, element: HtmlElement, tag: str, *, is_within: bool) -> None:
        if tag in _BLOCKS:
            self._flush()
            self.preformatted -= tag == "pre"
            if self.blocks:
                self.blocks.pop()
            if _HEADING.fullmatch(tag):
                self.heading = 0
        elif tag == "a":
            self.anchors = max(0, self.anchors - 1)
        if self.begun and self.begun[-1].element is element:
            begun = self.begun.pop()
            text = "".join(self.parts[begun.part :]) if begun.line == len(self.lines) else ""
            if text.strip() and len(text) <= _LONGEST_PIECE:
                self.pieces.append((begun.label, SPACES.sub(" ", text.replace("\n", " ")).strip()))
        if element.tail and is_within:
            self._add(element.tail)

    def _add(self, text: str) -> None:
        if self.preformatted and "\n" in text:
            for part in text.split("\n"):
                self._add(part)
                self._flush()
            return
        self.parts.append(text)
        if self.anchors:
            self.linked += len(text.strip())

    def _flush(self) -> None:
        if self.parts:
            text = SPACES.sub(" ", "".join(self.parts).replace("\n", " ")).strip()
            if text:
                label = " ".join([*self.blocks[-_LABELS_KEPT:], *self.labels])
                self.lines.append(
                    Line(text, self.heading, label.strip(), self.linked, tuple(self.pieces))
                )
            self.parts.clear()
        self.labels.clear()
        self.pieces.clear()
        self.linked = 0


def _label(element: HtmlElement) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}"[:_LONGEST_LABEL].strip()
