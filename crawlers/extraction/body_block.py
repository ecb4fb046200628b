"""The block of a page that holds its article: the one with the most running text and the least of all else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from crawlers.extraction.layout import Block, Layout, TextLine
from crawlers.extraction.line_weights import Weights, is_boilerplate
from crawlers.extraction.page_titles import is_headline
from crawlers.extraction.thread_opening import opening_post

# Names that publishing systems give to the block of the text itself.
_TEXT_BLOCK = re.compile(
    r"(?:^|\s)(?:js_content|artibody|article_content|articleContent|article-content|article_body|articleBody"
    r"|article-body|article-text|article__content|TRS_Editor|trs_editor_view|caas-body|rm_txt_con|post_body"
    r"|post-body|post_text|endText|Cnt-Main-Article-QQ|content-article|mp-editor|main-aticle|ozoom|fontzoom"
    r"|zoom|entry-content|post-content|content_area|left_zw|mw-parser-output|UCAP-CONTENT|vsb_content"
    r"|rich_media_content|u-mainText|t_f|post_message|newsContent|news_content|news-content|news_txt"
    r"|detail-content|detailContent|content_detail|contentText|la_con|art_content|pages_content"
    r"|tpc_content|d_post_content|topic-richtext|article-holder|Zoom)(?:\s|$)"
)
_TEXT_NAME = re.compile(
    r"article|content|(?:^|[-_ ])text|body|zoom|trs_|editor|post|detail|main|entry|story|rich_media|read",
    re.IGNORECASE,
)
_WHOLE_TAGS = frozenset({"body", "html"})
_TEXT_BLOCK_BONUS = 1.5
_TEXT_NAME_BONUS = 1.1
# A page of lists and tables: much loose text, hardly any of it running.
_LEAST_RUNNING = 0.3
_LEAST_POST = 60
_MANY_TIMES = 8
_SMALL_PIECE = 0.25
_NEARLY_ALL = 0.8
_LEAST_DENSE = 0.25
_LONG_ENOUGH = 400
_LEAST_ADDED = 60
_MOST_LINKED = 0.1
_DATE = re.compile(r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}|\d{1,2}:\d\d|\d月\d")
_LONGEST_DATE = 60
_DESCRIPTION_START = 20
_LEAST_DESCRIBED = 40
_WITHOUT_DESCRIPTION = 0.3
_NEAR_HEADLINE = 25
_LEAST_PARAGRAPH = 15
_FAR_FROM_HEADLINE = 0.4


@dataclass(frozen=True, slots=True)
class BodyBlock:
    """``kind`` is ``running`` or ``loose``; a sure one is named as the text or begins behind the headline."""

    block: Block = field(repr=False)
    kind: str
    is_sure: bool


def body_block(
    page: Layout, weights: Weights, *, titles: Sequence[str] = (), description: str = ""
) -> BodyBlock | None:
    """Choose the block; ``description`` is what the page says of itself, often its first sentence."""
    described = _described_line(page, weights, description)
    beginnings = _beginnings(page, weights, titles)
    running = _heaviest(page, weights.running, described, beginnings)
    loose = _heaviest(page, weights.loose, described, beginnings)
    if running is None or loose is None:
        return None
    if running[1] < _LEAST_RUNNING * loose[1]:
        around: Block | None = loose[0]
    else:
        around = _named_around(page, running[0]) or _spread(page, weights, running[0])
    whole = around or _widened(page, weights, running[0])
    opening = opening_post(page, weights, whole)
    if around is not None and opening is None:
        return BodyBlock(around, "loose", _is_sure(around, beginnings))
    first = opening or _first_post(page, weights, whole)
    return BodyBlock(first, "running", _is_sure(first, beginnings))


def _beginnings(page: Layout, weights: Weights, titles: Sequence[str]) -> list[int]:
    """Find the first paragraphs behind each line that shows the headline."""
    found = []
    for index, line in enumerate(page.lines):
        if line.linked or line.is_hidden or not is_headline(line.text, titles):
            continue
        for below in range(index + 1, min(index + 1 + _NEAR_HEADLINE, len(page.lines))):
            if weights.gain[below + 1] - weights.gain[below] >= _LEAST_PARAGRAPH:
                found.append(below)
                break
    return found


def _heaviest(
    page: Layout, sums: list[float], described: int | None, beginnings: list[int]
) -> tuple[Block, float] | None:
    best: tuple[Block, float] | None = None
    for block in page.blocks:
        if block.start == block.end:
            continue
        weight = sums[block.end] - sums[block.start]
        if weight > 0:
            weight *= _bonus(block)
            if described is not None and not block.start <= described < block.end:
                weight *= _WITHOUT_DESCRIPTION
            if beginnings and not any(block.start <= line < block.end for line in beginnings):
                weight *= _FAR_FROM_HEADLINE
        if best is None or weight > best[1]:
            best = (block, weight)
    return best


def _bonus(block: Block) -> float:
    element = block.element
    if element.tag in _WHOLE_TAGS:
        return 1.0
    if _is_named(block):
        return _TEXT_BLOCK_BONUS
    if element.tag == "article" or _TEXT_NAME.search(block.label):
        return _TEXT_NAME_BONUS
    return 1.0


def _is_sure(block: Block, beginnings: list[int]) -> bool:
    return _is_named(block) or any(block.start <= line < block.end for line in beginnings)


def _is_named(block: Block) -> bool:
    """Tell whether a publishing system calls the block the text."""
    if block.element.tag in _WHOLE_TAGS:
        return False
    return block.element.get("itemprop") == "articleBody" or bool(_TEXT_BLOCK.search(block.label))


def _described_line(page: Layout, weights: Weights, description: str) -> int | None:
    """Find the paragraph that begins as the description does; one that repeats the headline tells nothing."""
    start = "".join(description.split())[:_DESCRIPTION_START]
    if len(start) < _DESCRIPTION_START:
        return None
    for index, line in enumerate(page.lines):
        if weights.gain[index + 1] - weights.gain[index] < _LEAST_DESCRIBED:
            continue
        if start in "".join(line.text.split()):
            return index
    return None


def _spread(page: Layout, weights: Weights, chosen: Block) -> Block | None:
    """Find the block over which a text is spread among links and tables, when one piece of it was chosen."""
    gain = list(
        accumulate(
            (
                0.0 if index in weights.is_other or index in weights.is_around else after - before
                for index, (before, after) in enumerate(pairwise(weights.gain))
            ),
            initial=0.0,
        )
    )
    if gain[chosen.end] - gain[chosen.start] > _SMALL_PIECE * gain[-1]:
        return None
    size = list(accumulate((line.size for line in page.lines), initial=0))
    for block in page.blocks:
        if not (block.start <= chosen.start and chosen.end <= block.end):
            continue
        inside = gain[block.end] - gain[block.start]
        if inside > _NEARLY_ALL * gain[-1]:
            is_dense = inside > _LEAST_DENSE * (size[block.end] - size[block.start])
            return block if is_dense and block.element.tag not in _WHOLE_TAGS else None
    return None


def _widened(page: Layout, weights: Weights, chosen: Block) -> Block:
    """Take in lists and tables that stand beside a short text in a block which holds nothing else."""
    if weights.gain[chosen.end] - weights.gain[chosen.start] >= _LONG_ENOUGH:
        return chosen
    widest = chosen
    for block in page.blocks:
        if not (block.start <= chosen.start and chosen.end <= block.end):
            continue
        if block.end - block.start == chosen.end - chosen.start:
            continue
        added = [*range(block.start, chosen.start), *range(chosen.end, block.end)]
        if block.element.tag in _WHOLE_TAGS or not _is_list(page, weights, added):
            break
        if sum(page.lines[index].size for index in added) > _LEAST_ADDED:
            widest = block
    return widest


def _is_list(page: Layout, weights: Weights, added: list[int]) -> bool:
    lines = [page.lines[index] for index in added]
    size = sum(line.size for line in lines)
    linked = sum(line.linked for line in lines)
    return linked <= _MOST_LINKED * size and not any(
        line.is_hidden
        or is_boilerplate(line)
        or index in weights.is_other
        or index in weights.is_around
        for index, line in zip(added, lines, strict=True)
    )


def _named_around(page: Layout, chosen: Block) -> Block | None:
    """Find a block that is named as the text and holds many times what was chosen in it, as pages of tables do."""
    unlinked = list(accumulate((line.size - line.linked for line in page.lines), initial=0))
    least = _MANY_TIMES * (unlinked[chosen.end] - unlinked[chosen.start])
    for block in page.blocks:
        if (
            block.start <= chosen.start
            and chosen.end <= block.end
            and block.element is not chosen.element
            and block.element.tag not in _WHOLE_TAGS
            and unlinked[block.end] - unlinked[block.start] > least
            and _TEXT_BLOCK.search(block.label)
        ):
            return block
    return None


def _first_post(page: Layout, weights: Weights, chosen: Block) -> Block:
    """Take the opening post where a page repeats the block: the others are answers or older posts."""
    if not chosen.element.get("class"):
        return chosen
    twins = [block for block in page.blocks if block.path == chosen.path]
    for block in sorted(twins, key=lambda twin: twin.start):
        if block.start >= chosen.start:
            break
        if weights.gain[block.end] - weights.gain[block.start] <= _LEAST_POST:
            continue
        if any(_is_date(line) for line in page.lines[block.end : chosen.start]):
            return block
    return chosen


def _is_date(line: TextLine) -> bool:
    return line.size <= _LONGEST_DATE and bool(_DATE.search(line.text))
