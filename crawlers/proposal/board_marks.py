"""How a message, its state and its official reply are marked on a message board, found on its own messages.

Two ways are tried for each part, on up to three messages, those first whose entry on the list says that they were
answered: the label beside it (留言内容, 办理结果 …), and names that the makers of such boards give (``reply``,
``answer``, ``huifu`` …). Only marks that also fit the other messages are proposed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from lxml.html import HtmlElement

from core.errors import ExtractionError
from crawlers.extraction.page import Page, inner_text, links, read_page
from crawlers.extraction.published_time import read_time
from crawlers.parsing.page_selectors import select
from crawlers.proposal.element_selectors import selector_within
from crawlers.proposal.labelled_values import LabelledValue, Meaning, labelled_values
from crawlers.proposal.sampling import PATIENT_DELAY_S
from crawlers.proposal.site_visit import SiteVisit, VisitFailedError
from crawlers.proposal.text_lengths import is_too_large, text_lengths
from crawlers.source import FetchedPage, PageLink, SourceProfile
from crawlers.source_types.list_page import ListPage
from crawlers.source_types.message_board import PENDING_WORDS, REPLIED_WORDS

MOST_MESSAGES = 3
MOST_ELEMENTS = 20_000
MOST_SHORT, MOST_TRIED = 500, 10
SHORTEST_TEXT = 6
LONGEST_TIME, LONGEST_STATE, LONGEST_OUTLET = 40, 12, 30
# A reply is never nearly the whole page; a text within a text is the text when it holds nearly all of it.
MOST_SHARE, INNER_SHARE = 0.9, 0.8
LONGEST_ENTRY = 300
_REPLY_NAME = re.compile(
    r"(?:^|[-_])(?:reply|replies|answer|huifu|dafu|response|feedback|banli)|(?:reply|answer|Reply|Answer)(?:$|[-_A-Z])"
)
_TEXT_NAME = re.compile(
    r"(?:content|text|question|message|detail|body|zoom|desc|liuyan|neirong|nr|con)(?:$|[-_A-Z\d])|^(?:ask|msg)"
)
_OUTLET_NAME = re.compile(r"unit|dept|depart|organ|office|danwei|bumen|from", re.IGNORECASE)
_OUTLET_WORDS = re.compile(r"[\u4e00-\u9fff（）]{2,30}(?:局|厅|委|委员会|办|办公室|府|工会|总工会|中心|公司|街道|集团|部|处|站|镇|乡|区|院)")  # fmt: skip
_NOT_TEXT = frozenset({"script", "style", "noscript", "form", "input", "textarea", "select", "button",
                       "option", "head", "title", "nav"})  # fmt: skip


def board_options(visit: SiteVisit, page: FetchedPage) -> dict[str, object]:
    """Look at the first messages of a board; empty where no marks fit. Raises VisitFailedError."""
    most = MOST_MESSAGES
    if visit.robots(page.url).crawl_delay_s >= PATIENT_DELAY_S:
        most = 1
    messages = list(islice(_messages(visit, page), most))
    for message in messages:
        options = marks_of(message.tree, visit.now)
        if "reply_selector" in options and _fits_all(str(options["text_selector"]), messages):
            return {"format": "page", **options}
    return {}


def _messages(visit: SiteVisit, page: FetchedPage) -> Iterator[Page]:
    for link in _answered_first(page):
        try:
            found = visit.page(link.url)
            yield read_page(found.body, found.url, found.content_type)
        except (VisitFailedError, ExtractionError):
            continue


def _answered_first(page: FetchedPage) -> list[PageLink]:
    profile = SourceProfile(0, "", "list_page", page.url, {"same_site": True, "limit": 30})
    try:
        found = ListPage().parse(page, profile).links
        tree = read_page(page.body, page.url, page.content_type)
    except ExtractionError:
        return []
    entries = {url: _entry(anchor) for anchor, url in links(tree, tree.tree)}
    # The order of Python's sort keeps that of the page among equals.
    return sorted(found, key=lambda link: not _is_answered(entries.get(link.url, "")))


def _entry(anchor: HtmlElement) -> str:
    """Give the text of the row or card that a link stands in."""
    text = inner_text(anchor)
    for above in islice(anchor.iterancestors("tr", "li", "dl", "div", "article"), 3):
        wider = inner_text(above)
        if len(wider) > LONGEST_ENTRY:
            break
        text = wider
        if above.tag in {"tr", "li", "dl", "article"}:
            break
    return text


def _is_answered(text: str) -> bool:
    return any(word in text for word in REPLIED_WORDS) and not any(
        word in text for word in PENDING_WORDS
    )


def marks_of(tree: HtmlElement, now: dt.datetime) -> dict[str, object]:
    """Find the parts of one message as options of a message board; empty where it has no text of its own."""
    if is_too_large(tree):
        return {}
    lengths = text_lengths(tree)
    named = labelled_values(tree, lengths)
    reply = named[Meaning.REPLY].element if Meaning.REPLY in named else _named_reply(tree, lengths)
    outside = {
        meaning: value for meaning, value in named.items() if not _is_within(value.element, reply)
    }
    state = _selector(outside, Meaning.STATE) or _state(tree, reply)
    time = _selector(outside, Meaning.TIME) or _time_of(tree, now, outside_of=reply)
    beside = _first(tree, state, time)
    text = _selector(outside, Meaning.TEXT) or _named_text(tree, reply, beside, lengths)
    if text is None:
        return {}
    options: dict[str, object] = {
        "text_selector": text,
        "state_selector": state,
        "time_selector": time,
        **(_reply_marks(tree, reply, named, lengths, now) if reply is not None else {}),
    }
    return {name: value for name, value in options.items() if value}


def _reply_marks(
    tree: HtmlElement,
    reply: HtmlElement,
    named: dict[Meaning, LabelledValue],
    lengths: Mapping[HtmlElement, int],
    now: dt.datetime,
) -> dict[str, object]:
    beside = [named[one] for one in (Meaning.REPLY_TIME, Meaning.REPLY_OUTLET) if one in named]
    beside = [value for value in beside if not _is_within(value.element, reply)]
    whole = _common(reply, [value.element for value in beside]) if beside else reply
    selector = selector_within(tree, whole)
    if whole is not reply and Meaning.REPLY in named and selector is not None:
        # Text, time and office stand beside each other: what holds them all may hold the message too.
        return {
            "reply_selector": selector,
            "reply_text_selector": named[Meaning.REPLY].selector,
            "reply_time_selector": _selector(named, Meaning.REPLY_TIME),
            "reply_outlet_selector": _selector(named, Meaning.REPLY_OUTLET),
        }
    selector = named[Meaning.REPLY].selector if Meaning.REPLY in named else selector
    if selector is None:
        return {}
    time = _time_of(reply, now)
    outlet = _outlet_of(reply)
    return {
        "reply_selector": selector,
        "reply_text_selector": _text_of(reply, lengths, time, outlet) if time or outlet else None,
        "reply_time_selector": time,
        "reply_outlet_selector": outlet,
    }


def _selector(named: dict[Meaning, LabelledValue], meaning: Meaning) -> str | None:
    return named[meaning].selector if meaning in named else None


def _common(one: HtmlElement, others: Sequence[HtmlElement]) -> HtmlElement:
    """Give the innermost element that holds them all."""
    for above in one.iterancestors():
        if all(_is_within(other, above) for other in others):
            return above
    return one


def _is_within(element: HtmlElement, whole: HtmlElement | None) -> bool:
    return whole is not None and (element is whole or whole in element.iterancestors())


def _elements(root: HtmlElement) -> Iterator[HtmlElement]:
    for element in islice(root.iterdescendants(), MOST_ELEMENTS):
        if isinstance(element.tag, str) and element.tag not in _NOT_TEXT:
            yield element


def _named_reply(tree: HtmlElement, lengths: Mapping[HtmlElement, int]) -> HtmlElement | None:
    most = lengths[tree] * MOST_SHARE
    for element in _elements(tree):
        names = f"{element.get('class') or ''} {element.get('id') or ''}".split()
        if element.tag in {"body", "a"} or not any(_REPLY_NAME.search(name) for name in names):
            continue
        is_form = next(element.iter("textarea", "input"), None) is not None
        if not is_form and SHORTEST_TEXT <= lengths.get(element, 0) <= most:
            return element
    return None


def _named_text(
    tree: HtmlElement,
    reply: HtmlElement | None,
    beside: Sequence[HtmlElement],
    lengths: Mapping[HtmlElement, int],
) -> str | None:
    """Find the message by its name; a box that also holds its headline, state or time is not yet it."""
    found = [
        element
        for element in _elements(tree)
        if any(_TEXT_NAME.search(name) for name in (element.get("class") or "").split())
        and lengths.get(element, 0) >= SHORTEST_TEXT
        and not _is_within(element, reply)
        and not (reply is not None and _is_within(reply, element))
    ]
    found = [one for one in found if not _is_box(one, beside)] or found
    if not found:
        return None
    longest = max(found, key=lambda element: lengths[element])
    least = lengths[longest] * INNER_SHARE
    # An inner one that holds nearly all of an outer one is the text itself.
    within = [one for one in found if lengths[one] >= least and _is_within(one, longest)]
    return selector_within(tree, within[-1])


def _is_box(element: HtmlElement, beside: Sequence[HtmlElement]) -> bool:
    has_headline = next(element.iter("h1", "h2", "h3"), None) is not None
    return has_headline or any(_is_within(other, element) for other in beside)


def _first(root: HtmlElement, *selectors: str | None) -> list[HtmlElement]:
    return [found for one in selectors if one for found in select(root, one)[:1]]


def _state(tree: HtmlElement, reply: HtmlElement | None) -> str | None:
    for element in islice(_short(tree, LONGEST_STATE), MOST_SHORT):
        text = "".join(inner_text(element).split())
        if any(word in text for word in (*REPLIED_WORDS, *PENDING_WORDS)):
            return None if _is_within(element, reply) else selector_within(tree, element)
    return None


def _time_of(
    root: HtmlElement, now: dt.datetime, *, outside_of: HtmlElement | None = None
) -> str | None:
    times = (
        element
        for element in islice(_short(root, LONGEST_TIME), MOST_SHORT)
        if not _is_within(element, outside_of) and read_time(inner_text(element), now) is not None
    )
    named = (selector_within(root, element) for element in islice(times, MOST_TRIED))
    return next((selector for selector in named if selector is not None), None)


def _outlet_of(reply: HtmlElement) -> str | None:
    for element in islice(_short(reply, LONGEST_OUTLET), MOST_SHORT):
        text = inner_text(element)
        is_named = bool(_OUTLET_NAME.search(element.get("class") or ""))
        if is_named or _OUTLET_WORDS.fullmatch(text):
            return selector_within(reply, element)
    return None


def _text_of(
    reply: HtmlElement, lengths: Mapping[HtmlElement, int], *beside: str | None
) -> str | None:
    """Give the longest part of a reply that holds neither its time nor its office."""
    others = _first(reply, *beside)
    parts = [
        element
        for element in _elements(reply)
        if not any(_is_within(other, element) or _is_within(element, other) for other in others)
    ]
    longest = max(parts, key=lambda element: lengths.get(element, 0), default=None)
    if longest is None or lengths.get(longest, 0) < SHORTEST_TEXT:
        return None
    return selector_within(reply, longest)


def _short(root: HtmlElement, most: int) -> Iterator[HtmlElement]:
    """Give the elements without further elements whose text is short."""
    for element in _elements(root):
        if len(element) == 0 and element.text and 1 < len(element.text.strip()) <= most:
            yield element


def _fits_all(selector: str, messages: Sequence[Page]) -> bool:
    return all(
        any(inner_text(found) for found in select(message.tree, selector)) for message in messages
    )
