"""The lines of the body: those of its block without headline, byline, links and stock phrases around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from crawlers.extraction.body_block import BodyBlock
from crawlers.extraction.layout import Layout, TextLine
from crawlers.extraction.line_weights import Weights, is_boilerplate, running_weight
from crawlers.extraction.page_titles import is_headline

_FIRST_LINES = 15
_RUNNING = 15
_LONGEST_INFO = 90
_INFO = re.compile(
    r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}|\d{1,2}:\d\d|来\s*源\s*[:：]|作\s*者\s*[:：]|字\s*[号体]|浏览|阅读[数量:：]"
    r"|点击[数量率:：]|发布[时日于]|关注|播报|打印|评论|正文$|\[\s*大\s|责任?编辑?\s*[:：]|编辑\s*[:：]|查看原图|收藏|分享"
)
_WHOLLY_LINKED = 0.8
_ENDING = re.compile(r"\s?(?:返回搜狐，?\s?查看更多|返回(?:首页|列表)|阅读原文)\s?>{0,2}$")
# Text that is folded or stands on a further tab of the page belongs to it when there is much of it.
_LEAST_HIDDEN = 0.3


def body_lines(
    page: Layout, weights: Weights, body: BodyBlock, titles: Sequence[str]
) -> list[TextLine]:
    """Give the lines to keep, in order; ``titles`` are what the page calls itself, bare."""
    block = body.block
    kept = [
        index
        for index in _shown(page, block.start, block.end)
        if index not in weights.is_other and index not in weights.is_around
    ]
    if body.kind == "running":
        kept = [index for index in kept if not _is_link(page.lines[index])]
    lines = [_without_ending(page.lines[index]) for index in kept]
    return _without_tail(_without_head(lines, titles))


def _shown(page: Layout, start: int, end: int) -> list[int]:
    shown = [index for index in range(start, end) if not page.lines[index].is_hidden]
    visible = sum(max(running_weight(page.lines[index]), 0) for index in shown)
    hidden = sum(
        max(running_weight(page.lines[index]), 0)
        for index in range(start, end)
        if page.lines[index].is_hidden
    )
    return list(range(start, end)) if hidden > _LEAST_HIDDEN * visible else shown


def _without_ending(line: TextLine) -> TextLine:
    """Drop the link with which some sites end the last paragraph."""
    text = _ENDING.sub("", line.text) if line.linked else line.text
    return line if text == line.text else replace(line, text=text, size=len("".join(text.split())))


def _is_link(line: TextLine) -> bool:
    return line.linked >= _WHOLLY_LINKED * line.size


def _without_head(lines: list[TextLine], titles: Sequence[str]) -> list[TextLine]:
    """Drop the headline with what precedes it, and the facts that stand before the first paragraph."""
    start = 0
    for index, line in enumerate(lines[:_FIRST_LINES]):
        if is_headline(line.text, titles):
            start = index + 1
        elif line.size > _LONGEST_INFO:
            break
    kept: list[TextLine] = []
    for index, line in enumerate(lines[start:], start):
        if running_weight(line) >= _RUNNING and not _is_info(line):
            return kept + lines[index:]
        if index >= start + _FIRST_LINES:
            return kept + lines[index:]
        if not (_is_link(line) or is_boilerplate(line) or _is_info(line)):
            kept.append(line)
    return kept


def _is_info(line: TextLine) -> bool:
    return (
        line.size <= _LONGEST_INFO
        and bool(_INFO.search(line.text))
        and line.text[-1] not in "。！？”"
    )


def _without_tail(lines: list[TextLine]) -> list[TextLine]:
    end = len(lines)
    while end and (is_boilerplate(lines[end - 1]) or _is_link(lines[end - 1])):
        end -= 1
    return lines[:end]
