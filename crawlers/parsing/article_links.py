"""Which links of a page lead to its articles: the blocks of headline-like links that weigh most."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from core.clock import SHANGHAI
from crawlers.canonical_url import canonical_url
from crawlers.extraction.page import Page, inner_text, links
from crawlers.extraction.published_time import read_time

SHORTEST_HEADLINE = 6
LONGEST_HEADLINE = 120
LONGEST_ENTRY = 400
LONGEST_LABEL = 200
LONGEST_TEXT = 2000
MOST_PARTS = 100
FEWEST_LINKS = 3
# A dated entry is worth more than one without: menus and link exchanges carry no dates.
DATED_WEIGHT = 3
LIGHTEST_SHARE = 1 / 3
_ARTICLE_PATH = re.compile(
    r"\d{4,}|/\d{4}[-/]?\d{2}|\.s?html?$|[?&](?:id|tid|aid|nid|articleid|newsid)=|"
    r"/(?:a|p|t|post|news|article|detail|content|info|view|show)s?[/_.?-]",
    re.IGNORECASE,
)
_SIDE = re.compile(
    r"(?:^|[\s_-])(?:nav|menu|header|footer|foot|breadcrumb|crumbs?|sidebar|aside|friend|links?-?box|"
    r"copyright|login|topbar|pager|pagination|related|recommend|hot)(?:$|[\s_-])",
    re.IGNORECASE,
)
_SIDE_TAGS = frozenset({"nav", "header", "footer", "aside"})
_POSITIONAL = re.compile(r"\b(?:odd|even|first|last|cur|current|active|on|alt|clearfix)\b|\d+")
_MONTH_AND_DAY = re.compile(
    r"(?<![\d.])(?P<month>1[0-2]|0?[1-9])[-/月.](?P<day>3[01]|[12]\d|0?[1-9])日?(?![\d.])"
)
_DAY_FIRST = re.compile(
    r"(?<!\d)(?P<day>3[01]|[12]\d|0?[1-9])日?\s{1,3}(?P<year>20\d\d)[-/.年](?P<month>1[0-2]|0?[1-9])(?![\d])"
)
_DAY_LAST = re.compile(
    r"(?<!\d)(?P<year>20\d\d)[-/.年](?P<month>1[0-2]|0?[1-9])月?\s{1,3}(?P<day>3[01]|[12]\d|0?[1-9])(?![\d:：])"
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "strong", "dt")
_ROOTS = frozenset({"body", "html"})
_HIGHEST = 5
_CUT_SHORT = re.compile(r"(?:…|\.{2,6})$")


@dataclass(frozen=True, slots=True)
class ArticleLink:
    """A link with the headline and the time that stand with it on the list."""

    url: str
    title: str
    published_at: dt.datetime | None
    place: str
    is_aside: bool = False


def article_links(page: Page, now: dt.datetime) -> list[ArticleLink]:
    """Find the lists of articles of a page, in its order; empty when it holds none."""
    found = [
        link
        for link in _one_per_address(_read(page, now))
        if len(link.title) >= SHORTEST_HEADLINE and _ARTICLE_PATH.search(_path(link.url))
    ]
    return _heaviest([link for link in found if not link.is_aside]) or _heaviest(found)


def chosen_links(page: Page, chosen: Sequence[HtmlElement], now: dt.datetime) -> list[ArticleLink]:
    """Read the links among and below chosen elements, in the page's order, whatever they look like."""
    wanted: set[HtmlElement] = set()
    for element in chosen:
        wanted.update(element.iter("a"))
    return _one_per_address(_read(page, now, wanted))


def _read(
    page: Page, now: dt.datetime, wanted: set[HtmlElement] | None = None
) -> list[ArticleLink]:
    everything = list(links(page, page.tree))
    entries = _Entries(everything)
    return [
        ArticleLink(
            url=url,
            title=headline(anchor),
            published_at=entries.time_beside(anchor, now),
            place=_place(anchor),
            is_aside=wanted is None and _is_aside(anchor),
        )
        for anchor, url in everything
        if wanted is None or anchor in wanted
    ]


def _one_per_address(found: Sequence[ArticleLink]) -> list[ArticleLink]:
    """Join the picture, the headline and the "read more" of one entry: the longest headline names it."""
    joined: dict[str, ArticleLink] = {}
    for link in found:
        key = canonical_url(link.url)
        known = joined.get(key)
        if known is None:
            joined[key] = link
        elif len(link.title) > len(known.title):
            time = link.published_at or known.published_at
            joined[key] = replace(link, url=known.url, published_at=time)
    return list(joined.values())


def headline(anchor: HtmlElement) -> str:
    """Name what a link leads to: its heading where it is a card, its whole title where the text is cut."""
    heading = next(
        (found for tag in _HEADINGS if (found := anchor.find(f".//{tag}")) is not None), None
    )
    text = _one_line(inner_text(anchor if heading is None else heading))
    whole = _one_line(anchor.get("title") or "")
    if not text:
        picture = anchor.find(".//img")
        return (whole or _one_line("" if picture is None else picture.get("alt") or ""))[
            :LONGEST_HEADLINE
        ]
    shown = _CUT_SHORT.sub("", text)
    if len(whole) > len(shown) and whole.startswith(shown[:SHORTEST_HEADLINE]):
        return whole[:LONGEST_HEADLINE]
    return text[:LONGEST_HEADLINE]


def _one_line(text: str) -> str:
    return " ".join(text[:LONGEST_TEXT].split())


class _Entries:
    """The element of each link that holds no link to anything else: its entry in the list."""

    def __init__(self, found: Sequence[tuple[HtmlElement, str]]) -> None:
        self._addresses: dict[HtmlElement, set[str]] = defaultdict(set)
        for anchor, url in found:
            element = anchor
            for _ in range(_HIGHEST):
                element = element.getparent()
                if element is None or element.tag in _ROOTS:
                    break
                self._addresses[element].add(url)

    def time_beside(self, anchor: HtmlElement, now: dt.datetime) -> dt.datetime | None:
        entry = anchor
        element = anchor.getparent()
        for _ in range(_HIGHEST):
            if element is None or len(self._addresses.get(element, ())) != 1:
                break
            entry, element = element, element.getparent()
        for marked in entry.iter("time"):
            if found := read_time(marked.get("datetime") or "", now):
                return found
        parts = itertools.islice(entry.itertext(), MOST_PARTS)
        own = {part for part in anchor.itertext() if isinstance(part, str)}
        text = _one_line(" ".join(part for part in parts if part not in own))
        return _time(text, now) if len(text) <= LONGEST_ENTRY else None


def _time(text: str, now: dt.datetime) -> dt.datetime | None:
    return read_time(text, now) or _split_day(text) or _day(text, now)


def _split_day(text: str) -> dt.datetime | None:
    """Read 20 2026-11 and 2026-11 20, as lists set the day apart."""
    found = _DAY_FIRST.search(text) or _DAY_LAST.search(text)
    return None if found is None else _midnight(int(found["year"]), found)


def _day(text: str, now: dt.datetime) -> dt.datetime | None:
    """Take the latest year in which a month and day are not in the future."""
    found = _MONTH_AND_DAY.search(text)
    if found is None:
        return None
    year = now.astimezone(SHANGHAI).year
    for candidate in (_midnight(year, found), _midnight(year - 1, found)):
        if candidate is not None and candidate <= now:
            return candidate
    return None


def _midnight(year: int, found: re.Match[str]) -> dt.datetime | None:
    try:
        day = dt.datetime(year, int(found["month"]), int(found["day"]), tzinfo=SHANGHAI)
    except ValueError:
        return None
    return day.astimezone(dt.UTC)


def _heaviest(found: Sequence[ArticleLink]) -> list[ArticleLink]:
    """Group links by the shape of their place; keep the heaviest groups."""
    groups: dict[str, list[ArticleLink]] = defaultdict(list)
    for link in found:
        groups[link.place].append(link)
    weights = {place: _weight(group) for place, group in groups.items()}
    heaviest = max(weights.values(), default=0)
    kept = {
        place
        for place, group in groups.items()
        if weights[place] >= LIGHTEST_SHARE * heaviest and len(group) >= FEWEST_LINKS
    }
    if not kept and groups:
        kept = {max(weights, key=lambda place: weights[place])}
    return [link for link in found if link.place in kept]


def _weight(group: Sequence[ArticleLink]) -> int:
    return sum(
        len(link.title) * (1 if link.published_at is None else DATED_WEIGHT) for link in group
    )


def _place(anchor: HtmlElement) -> str:
    """Name the tags and classes above a link, up to four levels, without what tells siblings apart."""
    names = []
    element = anchor.getparent()
    for _ in range(4):
        if element is None:
            break
        label = (element.get("class") or "")[:LONGEST_LABEL]
        classes = " ".join(_POSITIONAL.sub("", label).split())
        names.append(f"{element.tag}.{classes}")
        element = element.getparent()
    return "<".join(names)


def _is_aside(anchor: HtmlElement) -> bool:
    for element in anchor.iterancestors():
        if element.tag in _ROOTS:
            return False
        label = f"{element.get('class') or ''} {element.get('id') or ''}"[:LONGEST_LABEL]
        if element.tag in _SIDE_TAGS or _SIDE.search(label):
            return True
    return False


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
