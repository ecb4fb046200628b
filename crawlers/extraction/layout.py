"""A page as a stream of text lines, and its blocks as ranges of that stream."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree
from lxml.html import HtmlElement

MOST_LINES = 10_000
MOST_NODES = 150_000
MOST_CHARACTERS = 500_000
_UNSEEN = frozenset(
    [
        "audio",
        "button",
        "canvas",
        "embed",
        "head",
        "iframe",
        "input",
        "link",
        "map",
        "math",
        "meta",
        "noscript",
        "object",
        "option",
        "script",
        "select",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "video",
        "xmp",
    ]
)
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "nobr",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
# Folded boxes of links that wikis put below their texts.
_FOLDED = re.compile(r"(?:^|\s)(?:navbox|autocollapse|mw-collapsed|mw-editsection|catlinks)")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\ue000-\uf8ff]")
_WHITE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class TextLine:
    """``size`` and ``linked`` count characters that are no white space; a hidden line is not shown at first."""

    text: str = field(repr=False)
    size: int
    linked: int
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Block:
    """An element with the half-open range of the lines below it.

    Blocks have one ``path`` when their tags and classes and those of all that they stand in are the same.
    """

    element: HtmlElement = field(repr=False)
    start: int
    end: int
    path: int

    @property
    def label(self) -> str:
        return f"{self.element.get('class') or ''} {self.element.get('id') or ''}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Blocks stand in the order of their ends, so that an inner one precedes its outer one."""

    lines: list[TextLine] = field(repr=False)
    blocks: list[Block] = field(repr=False)
    nodes: int
    depth: int


def layout(tree: HtmlElement) -> Layout:
    """Read the lines and blocks of a page; a huge one is read as far as the limits go."""
    return _Reader().read(tree)


def plain(text: str) -> str:
    """Drop what is not seen and shorten white space."""
    return _WHITE.sub(" ", _INVISIBLE.sub("", text)).strip()


class _Reader:
    def __init__(self) -> None:
        self.lines: list[TextLine] = []
        self.blocks: list[Block] = []
        self.open: list[tuple[HtmlElement, int, int]] = []
        self.paths: dict[tuple[int, str, str | None], int] = {}
        self.parts: list[str] = []
        self.linked = 0
        self.anchors = 0
        self.hidden = 0
        self.characters = 0
        self.nodes = 0
        self.depth = 0

    def read(self, tree: HtmlElement) -> Layout:
        walker = etree.iterwalk(tree, events=("start", "end", "comment", "pi"))
        for self.nodes, (event, element) in enumerate(walker):
            tag = element.tag
            if not isinstance(tag, str):
                # Only what follows a comment is text of the page.
                self._add(element.tail)
            elif event == "end":
                self._close(element, tag)
                if self._is_full():
                    break
            elif tag in _UNSEEN or _FOLDED.search(element.get("class") or ""):
                # The end event still comes, and with it what follows the element.
                walker.skip_subtree()
            else:
                self._open(element, tag)
        self._flush()
        while self.open:
            self._end_block()
        return Layout(self.lines, self.blocks, self.nodes, self.depth)

    def _is_full(self) -> bool:
        return (
            len(self.lines) >= MOST_LINES
            or self.nodes >= MOST_NODES
            or self.characters >= MOST_CHARACTERS
        )

    def _start_block(self, element: HtmlElement) -> None:
        outer = self.open[-1][2] if self.open else 0
        step = (outer, element.tag, element.get("class"))
        self.open.append(
            (element, len(self.lines), self.paths.setdefault(step, len(self.paths) + 1))
        )
        self.depth = max(self.depth, len(self.open))

    def _end_block(self) -> None:
        element, start, path = self.open.pop()
        self.blocks.append(Block(element, start, len(self.lines), path))

    def _open(self, element: HtmlElement, tag: str) -> None:
        if tag == "br":
            self._flush()
        elif tag not in _INLINE:
            self._flush()
            self._start_block(element)
        elif tag == "a":
            self.anchors += 1
        if self.hidden or _HIDDEN.search(element.get("style") or ""):
            if tag in _INLINE and not self.hidden:
                self._flush()
            self.hidden += 1
        self._add(element.text)

    def _close(self, element: HtmlElement, tag: str) -> None:
        is_read = not (tag in _UNSEEN or _FOLDED.search(element.get("class") or ""))
        if is_read:
            if tag == "a":
                self.anchors -= 1
            elif tag not in _INLINE and tag != "br":
                self._flush()
                self._end_block()
            if self.hidden:
                if self.hidden == 1:
                    self._flush()
                self.hidden -= 1
        self._add(element.tail)

    def _add(self, text: str | None) -> None:
        if text:
            self.parts.append(text)
            if self.anchors:
                self.linked += len("".join(text.split()))

    def _flush(self) -> None:
        if self.parts:
            text = plain("".join(self.parts))[: MOST_CHARACTERS - self.characters]
            if text:
                self.characters += len(text)
                size = len(text) - text.count(" ")
                self.lines.append(TextLine(text, size, self.linked, self.hidden > 0))
            self.parts.clear()
        self.linked = 0
