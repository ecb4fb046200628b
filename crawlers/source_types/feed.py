"""RSS, Atom and JSON Feed, as found in the wild."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import feedparser

from core.errors import ExtractionError
from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.article import extract
from crawlers.extraction.encoding import decoded
from crawlers.extraction.page import absolute_url
from crawlers.extraction.published_time import read_time
from crawlers.intake import CollectedDocument
from crawlers.parsing.json_paths import json_data
from crawlers.parsing.markup_text import plain_text
from crawlers.source import FetchedPage, Harvest, PageLink, PageRequest, SourceProfile
from crawlers.source_keys import KEY_OPTIONS
from crawlers.source_types.linked_article import REVISIT, article_harvest

MOST_ENTRIES = 500
# What is shorter is taken for a summary when only summaries are to be followed.
SHORTEST_FULL_TEXT = 300
LONGEST_ANCHOR = 120
_ROOT = re.compile(r"<(?:rss|feed|rdf|channel|(?:atom|rdf|a):(?:feed|rdf))\b", re.IGNORECASE)
_MARKUP_DECLARATION = re.compile(r"<!(?!\[CDATA\[|--)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CUT_SHORT = re.compile(
    r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|阅读全文|查看全文|查看原文|详细内容)\W{0,5}$"
)
_ACCEPT = "application/feed+json, application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"


class Feed:
    name = "feed"
    label = "订阅源（RSS、Atom、JSON Feed）"
    needs_url = True
    revisits_links = False
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            "follow_links",
            "打开每条的链接采集全文",
            FieldKind.BOOLEAN,
            default=False,
            help="订阅源里只有摘要时勾选。",
        ),
        FieldSpec(
            "follow_summaries",
            "只打开内容不全的条目",
            FieldKind.BOOLEAN,
            default=False,
            help="订阅源里有的条目是全文、有的是摘要时勾选：短于 300 字或以省略号结尾的才打开链接。",
        ),
        FieldSpec(
            "limit",
            "每次最多采集的条目数",
            FieldKind.NUMBER,
            default=200,
            minimum=1,
            maximum=MOST_ENTRIES,
        ),
        REVISIT,
        *KEY_OPTIONS,
    )

    def faults(self, options: Options) -> dict[str, str]:
        del options
        return {}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (PageRequest(source.url, {"Accept": _ACCEPT}),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        limit = source.options.get("limit")
        entries = feed_entries(page)[: limit if isinstance(limit, int) else MOST_ENTRIES]
        follows_all = bool(source.options.get("follow_links"))
        follows_some = bool(source.options.get("follow_summaries"))
        documents: list[CollectedDocument] = []
        links: list[PageLink] = []
        for entry in entries:
            is_followed = follows_all or (follows_some and _is_summary(entry.text))
            if is_followed and entry.anchor is None:
                links.append(
                    PageLink(entry.url, entry.title, entry.published_at, entry.author, entry.outlet)
                )
            elif not follows_all:
                documents.append(entry)
        return Harvest(documents=tuple(documents), links=tuple(links))

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del source
        article = extract(page.body, page.url, now=page.fetched_at, content_type=page.content_type)
        return article_harvest(article)


def feed_entries(page: FetchedPage) -> list[CollectedDocument]:
    """Read the entries of a feed in its order; raises ExtractionError for what is none.

    A feed that was cut off gives what is there.
    """
    text = decoded(page.body, page.content_type)[0].lstrip("\ufeff \t\r\n")
    is_json = text.startswith("{")
    return list(_json_entries(page) if is_json else _xml_entries(text, page))


def is_feed(text: str) -> bool:
    return _ROOT.search(text[:2000]) is not None


def _xml_entries(text: str, page: FetchedPage) -> Iterator[CollectedDocument]:
    # Before the root there is nothing to read: a declaration that lies, garbage, or a document type, without
    # which there are no entities to expand.
    root = _ROOT.search(text)
    if root is None:
        raise ExtractionError("这个地址返回的不是 RSS、Atom 或 JSON Feed。")
    plain = _CONTROL.sub("", text[root.start() :])
    if _MARKUP_DECLARATION.search(plain) and "<!ENTITY" in plain.upper():
        raise ExtractionError("订阅源中定义了实体，为安全起见没有读取。")
    feed = feedparser.parse(
        plain.encode(errors="replace"), response_headers={"content-type": "text/xml; charset=utf-8"}
    )
    if not feed.version and not feed.entries:
        raise ExtractionError("这个地址返回的不是 RSS、Atom 或 JSON Feed。")
    outlet = plain_text(_text(feed.feed.get("title")))
    for entry in feed.entries[:MOST_ENTRIES]:
        document = _xml_document(entry, outlet, page)
        if document is not None:
            yield document


def _xml_document(
    entry: Mapping[str, object], outlet: str, page: FetchedPage
) -> CollectedDocument | None:
    contents = entry.get("content")
    parts = [
        _text(part.get("value"))
        for part in (contents if isinstance(contents, list) else [])
        if isinstance(part, Mapping)
    ]
    body = plain_text(max([*parts, _text(entry.get("summary"))], key=len))
    title = plain_text(_text(entry.get("title"))).replace("\n", " ")
    if not title and not body:
        return None
    origin = entry.get("source")
    source_title = origin.get("title") if isinstance(origin, Mapping) else None
    link, identifier = _text(entry.get("link")), _text(entry.get("id"))
    if entry.get("guidislink") and link == identifier and not link.startswith("http"):
        # A number that nobody marked as being no address.
        link = ""
    url, anchor = _address(page, link, identifier or title)
    return CollectedDocument(
        title=title,
        text=body,
        url=url,
        anchor=anchor,
        published_at=_entry_time(entry, page.fetched_at),
        author=_text(entry.get("author")) or None,
        outlet=_text(source_title) or outlet or None,
        kind="article",
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _address(page: FetchedPage, link: str, identifier: str) -> tuple[str, str | None]:
    """Give an entry's address, or that of the feed with an anchor that tells the entries apart."""
    url = absolute_url(page.url, link) if link else None
    if url is not None and url != page.url:
        return url, None
    anchor = quote(identifier)
    if len(anchor) > LONGEST_ANCHOR:
        anchor = hashlib.sha256(identifier.encode(errors="replace")).hexdigest()[:32]
    return page.url, anchor


def _entry_time(entry: Mapping[str, object], now: dt.datetime) -> dt.datetime | None:
    for name in ("published", "updated", "created"):
        found = read_time(_text(entry.get(name))[:100], now)
        if found is not None:
            return found
    return None


def _is_summary(text: str) -> bool:
    return len(text) < SHORTEST_FULL_TEXT or _CUT_SHORT.search(text[-30:]) is not None


def _json_entries(page: FetchedPage) -> Iterator[CollectedDocument]:
    try:
        data = json_data(page.body, page.content_type)
    except ExtractionError as error:
        raise ExtractionError("订阅源的 JSON 不完整，没有读取。") from error
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(items, list):
        raise ExtractionError("这个地址返回的 JSON 不是 JSON Feed：没有 items。")
    outlet = _text(data.get("title"))
    for item in items[:MOST_ENTRIES]:
        document = _json_document(item, outlet, page) if isinstance(item, dict) else None
        if document is not None:
            yield document


def _json_document(
    item: Mapping[str, object], outlet: str, page: FetchedPage
) -> CollectedDocument | None:
    body = _text(item.get("content_text")) or plain_text(
        _text(item.get("content_html")) or _text(item.get("summary"))
    )
    title = _text(item.get("title"))
    if not title and not body:
        return None
    identifier = item.get("id")
    link = _text(item.get("url")) or _text(item.get("external_url"))
    url, anchor = _address(page, link, str(identifier) if identifier else title)
    published = _text(item.get("date_published")) or _text(item.get("date_modified"))
    return CollectedDocument(
        title=title,
        text=body,
        url=url,
        anchor=anchor,
        published_at=read_time(published, page.fetched_at),
        author=_json_author(item),
        outlet=outlet or None,
        kind="article",
    )


def _json_author(item: Mapping[str, object]) -> str | None:
    authors = item.get("authors")
    first: object = authors[0] if isinstance(authors, list) and authors else item.get("author")
    return _text(first.get("name")) or None if isinstance(first, dict) else None
