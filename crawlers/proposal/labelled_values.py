"""Values that a page names: 留言内容, 办理状态, 答复单位 in a cell, a term or a heading, and the value beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice

from lxml.html import HtmlElement

from crawlers.proposal.element_selectors import selector_after, selector_within

MOST_ELEMENTS = 20_000
MOST_TRIED = 3
MOST_PIECES = 8
LONGEST_LABEL = 12
LONGEST_SHORT_VALUE = 60
_TAGS = ("td", "th", "dt", "span", "label", "b", "strong", "em", "i", "p", "div", "h2", "h3", "h4",
         "h5", "li")  # fmt: skip
_WRAPPING = " \t\r\n\u3000\xa0:：【】[]"


class Meaning(StrEnum):
    TEXT = "text"
    TIME = "time"
    STATE = "state"
    REPLY = "reply"
    REPLY_TIME = "reply_time"
    REPLY_OUTLET = "reply_outlet"


_ABOUT = "来信|留言|信件|诉求|问题|咨询|投诉|建议|工单|反映|事项|求助|提问|写信|主要"
_OFFICIAL = "官方|单位|部门|承办单位|办理|处理|回复|答复|反馈|办结|受理"
_LABELS = {
    Meaning.REPLY_TIME: re.compile(r"(?:回复|答复|办结|办理|反馈|处理|回应)(?:时间|日期)"),
    Meaning.REPLY_OUTLET: re.compile(
        r"(?:回复|答复|办理|承办|处理|受理|责任|主办|回应)(?:单位|部门|机构)"
    ),
    Meaning.STATE: re.compile(
        r"(?:办理|处理|当前|回复|答复|信件|诉求|工单|受理|留言)?(?:状态|进度)"
    ),
    Meaning.REPLY: re.compile(
        rf"(?:{_OFFICIAL})?(?:回复|答复|反馈|办理|处理|回应)(?:内容|意见|结果|情况|信息|正文)|(?:官方|单位|部门)(?:回复|答复|回应)|回复|答复"
    ),
    Meaning.TEXT: re.compile(rf"(?:{_ABOUT})(?:的)?(?:内容|正文|描述|详情|情况)|内容|正文"),
    Meaning.TIME: re.compile(rf"(?:{_ABOUT}|提交|发布|登记)(?:时间|日期)|时间|日期"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelledValue:
    selector: str
    element: HtmlElement


def labelled_values(
    tree: HtmlElement, lengths: Mapping[HtmlElement, int]
) -> dict[Meaning, LabelledValue]:
    """Find the first value of each meaning, with a selector that goes by its label where it has no name.

    ``lengths`` are those of crawlers.proposal.text_lengths for the tree.
    """
    found: dict[Meaning, LabelledValue] = {}
    tried: Counter[Meaning] = Counter()
    for label, words in _labels(tree):
        meaning = next((one for one in _LABELS if _LABELS[one].fullmatch(words)), None)
        if meaning is None or meaning in found or tried[meaning] >= MOST_TRIED:
            continue
        tried[meaning] += 1
        value = _value(tree, label, words, fits=partial(_fits, meaning, lengths))
        if value is not None:
            found[meaning] = value
    return found


def _labels(tree: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    for element in islice(tree.iter(*_TAGS), MOST_ELEMENTS):
        if len(element) > 1:
            continue
        own = "".join(str(piece) for piece in islice(element.itertext(), 3))
        words = own.strip(_WRAPPING)
        if 2 <= len(words) <= LONGEST_LABEL:  # noqa: PLR2004 (the shortest is 回复)
            yield element, words


def _value(
    tree: HtmlElement, label: HtmlElement, words: str, *, fits: Callable[[HtmlElement], bool]
) -> LabelledValue | None:
    """Take what stands behind the label, or behind its cell or heading."""
    for named in (label, label.getparent()):
        # An element that holds more than the label is not its cell.
        if named is None or not _says_only(named, words):
            continue
        value = next((one for one in named.itersiblings() if isinstance(one.tag, str)), None)
        if value is None or not fits(value):
            continue
        selector = selector_within(tree, value) if value.get("class") or value.get("id") else None
        selector = selector or selector_after(tree, named, words, value)
        if selector is not None:
            return LabelledValue(selector, value)
    return None


def _says_only(element: HtmlElement, words: str) -> bool:
    pieces = "".join(str(piece) for piece in islice(element.itertext(), MOST_PIECES))
    return pieces.strip(_WRAPPING) == words


def _fits(meaning: Meaning, lengths: Mapping[HtmlElement, int], value: HtmlElement) -> bool:
    length = lengths.get(value, 0)
    if meaning in {Meaning.TEXT, Meaning.REPLY}:
        return length >= LONGEST_LABEL
    return 0 < length <= LONGEST_SHORT_VALUE
