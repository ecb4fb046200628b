"""The opening post of a page that shows a thread: posts repeat one block, each with its own time."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from crawlers.extraction.layout import Block, Layout
from crawlers.extraction.line_weights import STAMP, Weights

_LONGEST_STAMP = 80
_LEAST_POST = 20
_LEAST_COVERED = 0.7
_LEAST_STAMPED = 0.8
_POST_TAGS = frozenset({"article", "dd", "div", "li", "section", "table", "td"})


def opening_post(page: Layout, weights: Weights, chosen: Block) -> Block | None:
    """Return the first post below a block, or None when the block is no thread."""
    stamps = [
        index
        for index in range(chosen.start, chosen.end)
        if page.lines[index].size <= _LONGEST_STAMP and STAMP.search(page.lines[index].text)
    ]
    if len(stamps) < 2:  # noqa: PLR2004 (one post is no thread)
        return None
    whole = weights.gain[chosen.end] - weights.gain[chosen.start]
    best: list[Block] = []
    for posts in _repeated(page, chosen):
        covered = sum(weights.gain[post.end] - weights.gain[post.start] for post in posts)
        if covered < _LEAST_COVERED * whole or not _are_stamped(posts, stamps, chosen.end):
            continue
        if not best or _length(posts) < _length(best):
            best = posts
    for post in best:
        if weights.gain[post.end] - weights.gain[post.start] >= _LEAST_POST:
            return post
    return None


def _repeated(page: Layout, chosen: Block) -> list[list[Block]]:
    """Group the blocks below the chosen one that stand side by side under the same names."""
    groups: dict[int, list[Block]] = defaultdict(list)
    for block in page.blocks:
        if (
            chosen.start <= block.start < block.end <= chosen.end
            and block.element.tag in _POST_TAGS
        ):
            groups[block.path].append(block)
    return [
        sorted(group, key=lambda post: post.start) for group in groups.values() if len(group) > 1
    ]


def _are_stamped(posts: list[Block], stamps: list[int], end: int) -> bool:
    """Tell whether most posts have a time, in themselves or before the next one begins."""
    limits = [*(post.start for post in posts), end]
    stamped = sum(
        any(start <= stamp < until for stamp in stamps) for start, until in pairwise(limits)
    )
    return stamped >= _LEAST_STAMPED * len(posts)


def _length(posts: list[Block]) -> int:
    return sum(post.end - post.start for post in posts)
