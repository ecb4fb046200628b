"""The text of an article: several readings of a page, and the choice between them by one stated score."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace

import trafilatura
from lxml.html import HtmlElement

from crawlers.extraction.body_block import body_block
from crawlers.extraction.body_lines import body_lines
from crawlers.extraction.embedded_text import embedded_text
from crawlers.extraction.layout import Layout, TextLine, layout, plain
from crawlers.extraction.line_weights import Weights, running_weight, weights
from crawlers.extraction.page import Page
from crawlers.extraction.page_titles import page_titles

ENOUGH = 400
"""With so many characters of running text in one block no other reading is asked for."""
THIN = 60
"""Below so many characters of running text a block is a caption or a notice rather than an article."""
LEAST = 20
"""The same for a block that is named as the text or begins behind the headline."""
_TEASER = 2
_LEAST_NET = 0.5
_TEASER_END = 20
# The library's time grows faster than such a page.
_MOST_NODES = 10_000
_DEEPEST = 150
_LONGEST_SOURCE = 1_000_000
_LENGTH_SCALE = 200
_PURITY_SHARE = 0.6
_AGREEMENT_SHARE = 0.3
_GRAM = 4
_WALL = re.compile(
    r"请(?:先)?登录|登录后(?:可|才|继续)?|验证码|访问(?:过于)?频繁|页面(?:不存在|找不到|已删除|无法访问)|已被删除|404|403 forbidden"
    r"|not found|安全验证|滑动验证|开启javascript|enable javascript|系统繁忙|内容(?:不存在|已下线)",
    re.IGNORECASE,
)
_LONGEST_WALL = 300
_WALL_FACTOR = 0.2


@dataclass(frozen=True, slots=True)
class BodyText:
    """``element`` is where the text stands in the tree, None when no reader is shown it.

    ``score`` is 0..1: length of running text, its share of the text, and the share of the page's running text
    that the text holds. Error pages, login walls and empty shells are near 0.
    """

    text: str = field(repr=False)
    extractor: str
    score: float
    running: float = 0.0
    is_sure: bool = False
    element: HtmlElement | None = field(repr=False, default=None)


_NOTHING = BodyText("", "none", 0.0)


def body_text(page: Page) -> BodyText:
    """Read the text by its block; where that is short, compare it with what other readings find.

    A text that is carried but not shown replaces a block that is its beginning and much shorter. A block that is
    thin is one reading among others: the best score wins, where agreement with another reading counts too.
    """
    stream = layout(page.tree)
    weighed = weights(stream, page_titles(page))
    whole = _page_running(stream, weighed)
    first = _from_block(page, stream, weighed)
    if first.running >= ENOUGH:
        return first
    carried = [_hidden(page, stream), _from_embedded(page, whole)]
    for reading in carried:
        if reading.running > _TEASER * first.running and _begins(first, reading):
            return reading
    if first.running >= (LEAST if first.is_sure else THIN):
        return first
    readings = [first, *carried]
    is_ordinary = stream.nodes <= _MOST_NODES and stream.depth <= _DEEPEST
    if is_ordinary and len(page.source) <= _LONGEST_SOURCE:
        readings.append(_from_trafilatura(page, whole, stream, weighed))
    known = [reading for reading in readings if reading.text]
    return max(known, key=lambda reading: _value(reading, known), default=first)


def _begins(teaser: BodyText, whole: BodyText) -> bool:
    """Tell whether a text holds the longest line of another; nothing at all is a part of everything."""
    longest = max((_solid(line) for line in teaser.text.splitlines()), key=len, default="")
    return longest[-_TEASER_END:] in _solid(whole.text)


def _solid(text: str) -> str:
    return "".join(text.split())


def _value(reading: BodyText, readings: list[BodyText]) -> float:
    others = [other for other in readings if other is not reading]
    agreement = max((similarity(reading.text, other.text) for other in others), default=0.0)
    return reading.score + _AGREEMENT_SHARE * agreement


def similarity(one: str, other: str) -> float:
    """F1 over the multisets of character 4-grams, white space removed."""
    a, b = _grams(one), _grams(other)
    common = sum((a & b).values())
    return 2 * common / (sum(a.values()) + sum(b.values())) if common else 0.0


def _grams(text: str) -> Counter[str]:
    text = "".join(text.split())
    return Counter(text[start : start + _GRAM] for start in range(len(text) - _GRAM + 1))


def _from_block(page: Page, stream: Layout, weighed: Weights) -> BodyText:
    description = page.meta.get("description") or page.meta.get("og:description") or ""
    titles = page_titles(page)
    found = body_block(stream, weighed, titles=titles, description=description)
    if found is None:
        return _NOTHING
    lines = body_lines(stream, weighed, found, titles)
    scored = _scored(lines, found.kind, _page_running(stream, weighed), found.block.element)
    return replace(scored, is_sure=found.is_sure)


def _hidden(page: Page, stream: Layout) -> BodyText:
    """Read the page as if all were shown, where a script has yet to show its text."""
    if not any(line.is_hidden and running_weight(line) > 0 for line in stream.lines):
        return _NOTHING
    lines = [replace(line, is_hidden=False) for line in stream.lines]
    shown = replace(stream, lines=lines)
    return _from_block(page, shown, weights(shown, page_titles(page)))


def _from_embedded(page: Page, whole: float) -> BodyText:
    found = embedded_text(page)
    return _NOTHING if found is None else _scored(found.lines, "embedded", whole)


def _from_trafilatura(page: Page, whole: float, stream: Layout, weighed: Weights) -> BodyText:
    found = trafilatura.bare_extraction(
        page.source, url=page.url, include_comments=False, favor_precision=True
    )
    # The library answers a dict only to those who ask for one.
    text = getattr(found, "text", None) or ""
    others = weighed.is_other | weighed.is_around
    # What surrounds an article counts as if it were all links.
    shown = {
        line.text: replace(line, linked=line.size) if index in others else line
        for index, line in enumerate(stream.lines)
    }
    cells = (plain(cell) for line in text.splitlines() for cell in line.split(" | "))
    lines = [
        shown.get(cell, TextLine(cell, len(_solid(cell)), 0, is_hidden=False))
        for cell in (cell.strip("| ") for cell in cells)
        if cell
    ]
    reading = _scored(lines, "trafilatura", whole)
    # With many links and lone words beside the text the library gave the whole page.
    is_page = sum(map(running_weight, lines)) < _LEAST_NET * reading.running
    return replace(reading, score=0.0) if is_page else reading


def _scored(
    lines: list[TextLine], extractor: str, whole: float, element: HtmlElement | None = None
) -> BodyText:
    text = "\n".join(line.text for line in lines)
    running = sum(max(running_weight(line), 0.0) for line in lines)
    return BodyText(
        text, extractor, body_score(lines, running, whole), running=running, element=element
    )


def body_score(lines: list[TextLine], running: float, whole: float) -> float:
    """Score a text; ``running`` counts its characters of running text and ``whole`` those of the page."""
    size = sum(line.size for line in lines)
    if running <= 0:
        return 0.0
    length = 1 - math.exp(-running / _LENGTH_SCALE)
    covered = min(1.0, running / whole) if whole else 1.0
    score = length * (_PURITY_SHARE * running / size + (1 - _PURITY_SHARE) * covered)
    is_wall = size < _LONGEST_WALL and any(_WALL.search(line.text) for line in lines)
    return round(score * (_WALL_FACTOR if is_wall else 1.0), 4)


def _page_running(stream: Layout, weighed: Weights) -> float:
    return sum(
        max(running_weight(line), 0)
        for index, line in enumerate(stream.lines)
        if index not in weighed.is_other and index not in weighed.is_around
    )
