"""A sitemap: lists of addresses with their times, news sitemaps and indexes of sitemaps, plain or in gzip."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import etree

from core.errors import CrawlError, ExtractionError
from core.options import FieldKind, FieldSpec, Options
from core.outbound.decompression import bounded_body
from crawlers.extraction.article import extract
from crawlers.extraction.encoding import decoded
from crawlers.extraction.page import absolute_url
from crawlers.extraction.published_time import read_time
from crawlers.parsing.following_pages import is_same_site
from crawlers.source import Cursor, FetchedPage, Harvest, PageLink, PageRequest, SourceProfile
from crawlers.source_types.linked_article import REVISIT, article_harvest

LARGEST_SITEMAP = 20_000_000
MOST_URLS = 50_000
MOST_CHILDREN = 2000
MOST_REMEMBERED = 500
DEEPEST = 3
MOST_IN_A_VISIT = 48
LONGEST_VALUE = 2000
_GZIP = b"\x1f\x8b"
_SITEMAP_LINE = re.compile(
    r"^[ \t]{0,20}sitemap[ \t]{0,20}:[ \t]{0,20}(\S{1,2000})", re.IGNORECASE | re.MULTILINE
)
_NAMES = frozenset({"loc", "lastmod"})
# Images and videos carry titles too; only those of the news extension name the page.
_NEWS_NAMES = frozenset({"publication_date", "title", "name"})
_READ_LISTS = "read"


class Sitemap:
    name = "sitemap"
    label = "网站地图（sitemap）"
    needs_url = True
    revisits_links = False
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            "days", "只采集最近几天的网页", FieldKind.NUMBER, default=7, minimum=0, maximum=3650,
            help="按网站地图里的修改或发布时间；0 表示不限。",
        ),
        FieldSpec(
            "undated", "没有时间的网页也采集", FieldKind.BOOLEAN, default=False,
            help="有的网站地图不写时间：不勾选时这些网页都不采集。",
        ),
        FieldSpec(
            "include", "网址里要有的字样", FieldKind.LIST,
            help="如 /news/，有其中一个即可；不填时不限。多个用逗号分开。",
        ),
        FieldSpec("exclude", "网址里不能有的字样", FieldKind.LIST, help="如 /english/、/video/。"),
        FieldSpec(
            "children", "索引里每次最多打开几份地图", FieldKind.NUMBER, default=10, minimum=1,
            maximum=24, help="从最近有改动的开始；没有改动的不再打开。",
        ),
        FieldSpec(
            "limit", "每份地图最多采集的网页数", FieldKind.NUMBER, default=500, minimum=1,
            maximum=2000, help="从最新的开始。",
        ),
        FieldSpec(
            "from_robots", "从 robots.txt 找网站地图", FieldKind.BOOLEAN, default=False,
            help="勾选后网址填网站首页即可。",
        ),
        REVISIT,
    )  # fmt: skip

    def faults(self, options: Options) -> dict[str, str]:
        del options
        return {}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        if source.options.get("from_robots"):
            return (PageRequest(urljoin(source.url, "/robots.txt")),)
        return (PageRequest(source.url),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        body = _unpacked(page.body)
        wanted = _Wanted(source.options, page.fetched_at)
        if b"<" not in body[:2000]:
            return _plain(body, page, wanted)
        root, entries = _entries(body)
        if root == "sitemapindex":
            return _index(entries, page, wanted)
        if root != "urlset":
            raise ExtractionError("这个地址返回的不是网站地图（urlset 或 sitemapindex）。")
        return Harvest(links=wanted.links(entries, page))

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del source
        return article_harvest(
            extract(page.body, page.url, now=page.fetched_at, content_type=page.content_type)
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    """A page, or in an index a further sitemap, as the sitemap describes it."""

    url: str
    changed_at: str = ""
    published_at: str = ""
    title: str = ""
    outlet: str = ""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which entries the options ask for."""

    options: Options
    now: dt.datetime

    def links(self, entries: list[_Entry], page: FetchedPage) -> tuple[PageLink, ...]:
        found: list[tuple[dt.datetime, PageLink]] = []
        for entry in entries:
            url = absolute_url(page.url, entry.url)
            published = read_time(entry.published_at, self.now)
            time = published or read_time(entry.changed_at, self.now)
            if url is None or not self.is_named(url) or not self.is_recent(time):
                continue
            if not is_same_site(urlsplit(url).hostname or "", urlsplit(page.url).hostname or ""):
                continue
            link = PageLink(url, entry.title or None, published, outlet=entry.outlet or None)
            found.append((time or dt.datetime.min.replace(tzinfo=dt.UTC), link))
        found.sort(key=lambda pair: pair[0], reverse=True)
        return tuple(link for _, link in found[: self.number("limit", 500)])

    def is_recent(self, time: dt.datetime | None) -> bool:
        days = self.number("days", 7)
        if time is None:
            return bool(self.options.get("undated"))
        return not days or time >= self.now - dt.timedelta(days=days)

    def is_named(self, url: str) -> bool:
        include, exclude = self._words("include"), self._words("exclude")
        return (not include or any(word in url for word in include)) and not any(
            word in url for word in exclude
        )

    def number(self, name: str, default: int) -> int:
        value = self.options.get(name)
        return value if isinstance(value, int) else default

    def _words(self, name: str) -> list[str]:
        value = self.options.get(name)
        return value if isinstance(value, list) else []


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    try:
        return bounded_body([body], encoding="gzip", max_bytes=LARGEST_SITEMAP)
    except CrawlError as error:
        raise ExtractionError("网站地图解压后过大或已损坏，没有读取。") from error


def _plain(body: bytes, page: FetchedPage, wanted: _Wanted) -> Harvest:
    """Read robots.txt for the sitemaps it names, or a sitemap that is one address a line."""
    text, _ = decoded(body, page.content_type)
    if urlsplit(page.url).path == "/robots.txt":
        named = [_Entry(found[1]) for found in _SITEMAP_LINE.finditer(text)]
        if not named:
            raise ExtractionError("robots.txt 里没有写网站地图的地址。")
        return _index(named, page, wanted)
    entries = [_Entry(line.strip()) for line in text.splitlines()[:MOST_URLS] if line.strip()]
    links = wanted.links([entry for entry in entries if "://" in entry.url], page)
    if not any("://" in entry.url for entry in entries):
        raise ExtractionError("这个地址返回的不是网站地图（urlset 或 sitemapindex）。")
    return Harvest(links=links)


def _entries(body: bytes) -> tuple[str, list[_Entry]]:
    """Give the name of the root and its entries; a sitemap that is cut off gives what is there."""
    if b"<!ENTITY" in body[:100_000].upper():
        raise ExtractionError("网站地图中定义了实体，为安全起见没有读取。")
    entries: list[_Entry] = []
    root = ""
    try:
        for name, fields in _elements(body):
            if fields is None:
                root = name
            elif fields.get("loc"):
                entries.append(_entry(fields))
                if len(entries) >= MOST_URLS:
                    break
    except etree.XMLSyntaxError as error:
        if not entries:
            raise ExtractionError(
                "这个地址返回的不是网站地图（urlset 或 sitemapindex）。"
            ) from error
    return root, entries


def _elements(body: bytes) -> Iterator[tuple[str, Mapping[str, str] | None]]:
    """Give the root's name first, with None; then each entry with its fields by their local names."""
    reading = etree.iterparse(
        io.BytesIO(body.lstrip()), events=("start", "end"), resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    fields: dict[str, str] = {}
    is_first = True
    for event, element in reading:
        tag = etree.QName(element) if isinstance(element.tag, str) else None
        name = "" if tag is None else tag.localname
        is_news = tag is not None and "news" in (tag.namespace or "")
        if event == "start":
            if is_first:
                yield name, None
                is_first = False
            continue
        if name in _NAMES or (is_news and name in _NEWS_NAMES):
            fields.setdefault(name, (element.text or "").strip()[:LONGEST_VALUE])
        elif name in {"url", "sitemap"}:
            yield name, fields
            fields = {}
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _entry(fields: Mapping[str, str]) -> _Entry:
    return _Entry(
        fields["loc"], fields.get("lastmod", ""), fields.get("publication_date", ""),
        fields.get("title", ""), fields.get("name", ""),
    )  # fmt: skip


def _index(entries: list[_Entry], page: FetchedPage, wanted: _Wanted) -> Harvest:
    """Follow the sitemaps that have changed since they were last read, the most recent first."""
    read = _read_lists(page.cursor)
    children: list[tuple[str, str]] = []
    for entry in entries[:MOST_CHILDREN]:
        url = absolute_url(page.url, entry.url)
        time = read_time(entry.changed_at, page.fetched_at)
        is_old = time is not None and not wanted.is_recent(time)
        if url is None or is_old or (entry.changed_at and read.get(url) == entry.changed_at):
            continue
        if is_same_site(urlsplit(url).hostname or "", urlsplit(page.url).hostname or ""):
            children.append((entry.changed_at, url))
    if page.number >= DEEPEST:
        raise ExtractionError(f"网站地图的索引套了 {DEEPEST} 层以上，没有再往下读。")
    children.sort(key=lambda child: child[0], reverse=True)
    chosen = children[: _room(wanted.number("children", 10), page.number)]
    remembered = {**read, **{url: changed for changed, url in chosen if changed}}
    if len(chosen) < len(children):
        # The rest of an index within an index is reached only if it is opened again.
        remembered.pop(page.url, None)
    return Harvest(
        follow=tuple(PageRequest(url, number=page.number + 1) for _, url in chosen),
        cursor={_READ_LISTS: dict(list(remembered.items())[-MOST_REMEMBERED:])},
    )


def _room(children: int, depth: int) -> int:
    """Leave room for the sitemaps of every index of an index within what one visit may fetch."""
    return children if depth == 1 else max(1, MOST_IN_A_VISIT // children - 1)


def _read_lists(cursor: Cursor) -> dict[str, str]:
    read = cursor.get(_READ_LISTS)
    return {str(url): str(time) for url, time in read.items()} if isinstance(read, dict) else {}
