"""Whether a web page is a hot list, and by which selectors its items, ranks and heat are read.

A hot list is a run of like elements, each with a headline, whose ranks count upwards or whose heat only falls. A list
of articles with numbers of readers beside them does neither.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from lxml.html import HtmlElement

from core.errors import ExtractionError
from crawlers.extraction.page import inner_text
from crawlers.parsing.counts import first_number
from crawlers.parsing.page_selectors import select
from crawlers.proposal.element_selectors import selector_within, stable_classes
from crawlers.proposal.text_lengths import is_too_large

FEWEST_ITEMS, MOST_ITEMS = 5, 200
MOST_ELEMENTS = 20_000
MOST_GROUPS = 40
MOST_LEAVES = 40
LEAST_SHARE = 0.7
SHORTEST_TITLE = 4
LEAST_HEAT = 100
_RANK = re.compile(r"(?:NO\.?\s?|第|TOP\s?)?(\d{1,3})(?:名|位|[.、])?", re.IGNORECASE)
_HEAT = re.compile(
    r"(?:热度|指数|热度值|搜索量|阅读|讨论)?[:：]?\s?\d[\d,]{0,15}(?:\.\d{1,3})?\s?[万亿wW]?\s?(?:热度|人气|次|阅读|讨论|条|人)?"
)
_NO_HEAT = re.compile(r"20\d\d|\d{1,2}")


@dataclass(frozen=True, slots=True)
class RankingMarks:
    """Options of a hot list, and of how many items they speak."""

    count: int
    has_heat: bool
    options: dict[str, object] = field(default_factory=dict)


def ranking_marks(tree: HtmlElement) -> RankingMarks | None:
    """Find the longest hot list of a page; None where there is none, or the page is very large."""
    if is_too_large(tree):
        return None
    found = (_marks(tree, items) for items in islice(_groups(tree), MOST_GROUPS))
    return max((one for one in found if one), key=lambda one: one.count, default=None)


def _groups(tree: HtmlElement) -> Iterator[list[HtmlElement]]:
    """Give runs of like children, tables and lists as well as boxes."""
    for parent in islice(tree.iter("ol", "ul", "tbody", "table", "div", "section"), MOST_ELEMENTS):
        alike: dict[tuple[str, str], list[HtmlElement]] = defaultdict(list)
        for child in islice(parent, MOST_ITEMS):
            if isinstance(child.tag, str) and child.tag not in {"a", "script", "style", "p"}:
                names = stable_classes(child)
                alike[child.tag, names[0] if names else ""].append(child)
        for items in alike.values():
            linked = [item for item in items if _title(item) is not None]
            if len(linked) >= FEWEST_ITEMS:
                yield linked


def _title(item: HtmlElement) -> HtmlElement | None:
    """Give the link with the longest words."""
    anchors = [
        anchor
        for anchor in islice(item.iter("a"), MOST_LEAVES)
        if len("".join(str(text) for text in islice(anchor.itertext(), MOST_LEAVES)).strip())
        >= SHORTEST_TITLE
    ]
    return max(anchors, key=lambda anchor: len(inner_text(anchor)), default=None)


def _marks(tree: HtmlElement, items: Sequence[HtmlElement]) -> RankingMarks | None:
    ranks = [_leaf(item, _is_rank) for item in items]
    heats = [_leaf(item, _is_heat) for item in items]
    has_ranks, has_heat = _counts_upwards(ranks), _only_falls(heats)
    if not (has_ranks or has_heat):
        return None
    item_selector = _item_selector(tree, items)
    if item_selector is None:
        return None
    options: dict[str, object] = {"format": "page", "item_selector": item_selector}
    titles = [_title(item) for item in items]
    is_first = sum(title is next(item.iter("a"), None) for title, item in zip(titles, items, strict=True))  # fmt: skip
    if is_first < len(items) * LEAST_SHARE:
        options["title_selector"] = _agreed(items, titles)
    if has_ranks:
        options["rank_selector"] = _agreed(items, ranks)
    if _share(heats) >= LEAST_SHARE:
        options["heat_selector"] = _agreed(items, heats)
    options = {name: value for name, value in options.items() if value}
    return RankingMarks(len(items), "heat_selector" in options, options)


def _leaf(item: HtmlElement, fits: Callable[[str], bool]) -> HtmlElement | None:
    for element in islice(item.iter(), MOST_LEAVES):
        if isinstance(element.tag, str) and len(element) == 0 and fits((element.text or "").strip()):  # fmt: skip
            return element
    return None


def _is_rank(text: str) -> bool:
    return bool(_RANK.fullmatch(text))


def _is_heat(text: str) -> bool:
    if not _HEAT.fullmatch(text) or _NO_HEAT.fullmatch(text):
        return False
    return (first_number(text) or 0) >= LEAST_HEAT


def _share(found: Sequence[HtmlElement | None]) -> float:
    return sum(one is not None for one in found) / len(found)


def _counts_upwards(ranks: Sequence[HtmlElement | None]) -> bool:
    """Tell whether each rank is the one before it and one more; pinned entries have none."""
    numbers = [int(found[1]) for one in ranks if one is not None
               and (found := _RANK.fullmatch((one.text or "").strip()))]  # fmt: skip
    steps = sum(after == before + 1 for before, after in pairwise(numbers))
    is_numbered = bool(numbers) and numbers[0] <= 1
    return is_numbered and steps >= max(FEWEST_ITEMS - 1, (len(ranks) - 1) * LEAST_SHARE)


def _only_falls(heats: Sequence[HtmlElement | None]) -> bool:
    numbers = [first_number(one.text or "") or 0 for one in heats if one is not None]
    falls = sum(after <= before for before, after in pairwise(numbers))
    is_falling = (
        len(numbers) >= FEWEST_ITEMS and falls >= (len(numbers) - 1) * (1 + LEAST_SHARE) / 2
    )
    return is_falling and _share(heats) >= LEAST_SHARE and numbers[0] > numbers[-1]


def _agreed(items: Sequence[HtmlElement], parts: Sequence[HtmlElement | None]) -> str | None:
    """Give the selector that most items have for a part."""
    found = Counter(
        selector
        for item, part in zip(items, parts, strict=True)
        if part is not None and (selector := selector_within(item, part)) is not None
    )
    best = found.most_common(1)
    return best[0][0] if best and best[0][1] >= len(items) * LEAST_SHARE else None


def _item_selector(tree: HtmlElement, items: Sequence[HtmlElement]) -> str | None:
    parent, tag = items[0].getparent(), items[0].tag
    own = [f".{name}" for name in stable_classes(items[0])]
    candidates = [*own, *(f"{tag}{name}" for name in own)]
    if parent is not None:
        place = selector_within(tree, parent)
        candidates += [f"{place} > {tag}{name}" for name in (*own, "") if place]
    return next((one for one in candidates if _selects(tree, one, items)), None)


def _selects(tree: HtmlElement, selector: str, items: Sequence[HtmlElement]) -> bool:
    """Accept what finds all items and little else: a head row or an advertisement is passed over later."""
    try:
        found = select(tree, selector)
    except ExtractionError:
        return False
    return set(items) <= set(found) and len(found) <= len(items) + FEWEST_ITEMS
