"""RSS, Atom and JSON Feed."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping

import feedparser
import lxml.html
from lxml import etree

from core.errors import ExtractionError
from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.article import extract
from crawlers.extraction.encoding import decoded
from crawlers.extraction.page import absolute_url
from crawlers.extraction.published_time import read_time
from crawlers.intake import CollectedDocument
from crawlers.source import FetchedPage, Harvest, PageLink, PageRequest, SourceProfile
from crawlers.source_types.linked_article import article_harvest

MOST_ENTRIES = 500
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,500}(?:\[[^\]]{0,20000}\])?\s*>", re.IGNORECASE)
_ACCEPT = "application/feed+json, application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"


class Feed:
    name = "feed"
    label = "订阅源（RSS、Atom、JSON Feed）"
    needs_url = True
    revisits_links = False
    options = (
        FieldSpec(
            "follow_links",
            "打开每条的链接采集全文",
            FieldKind.BOOLEAN,
            default=False,
            help="订阅源里只有摘要时勾选。",
        ),
    )

    def faults(self, options: Options) -> dict[str, str]:
        del options
        return {}

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (PageRequest(source.url, {"Accept": _ACCEPT}),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        documents = tuple(self._entries(page))
        if not source.options.get("follow_links"):
            return Harvest(documents=documents)
        links = tuple(
            PageLink(entry.url, entry.title, entry.published_at, entry.author)
            for entry in documents
            if entry.url.startswith("http")
        )
        return Harvest(links=links)

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del source
        article = extract(page.body, page.url, now=page.fetched_at, content_type=page.content_type)
        return article_harvest(article)

    def _entries(self, page: FetchedPage) -> Iterator[CollectedDocument]:
        text, _ = decoded(page.body, page.content_type)
        if text.lstrip().startswith("{"):
            yield from _json_entries(text, page)
        else:
            yield from _xml_entries(text, page)


def _xml_entries(text: str, page: FetchedPage) -> Iterator[CollectedDocument]:
    # Without a document type there are no entities to expand.
    plain = _DOCTYPE.sub("", _XML_DECLARATION.sub("", text))
    if "<!ENTITY" in plain.upper():
        raise ExtractionError("订阅源中定义了实体，为安全起见没有读取。")
    feed = feedparser.parse(
        plain.encode(errors="replace"), response_headers={"content-type": "text/xml; charset=utf-8"}
    )
    if not feed.version:
        raise ExtractionError("这个地址返回的不是 RSS、Atom 或 JSON Feed。")
    outlet = plain_text(str(feed.feed.get("title", "")))
    for entry in feed.entries[:MOST_ENTRIES]:
        contents = [str(part.get("value", "")) for part in entry.get("content", [])]
        summary = str(entry.get("summary", ""))
        body = max([*contents, summary], key=len)
        url = absolute_url(page.url, str(entry.get("link", "")))
        identifier = str(entry.get("id", ""))
        title, text = plain_text(str(entry.get("title", ""))), plain_text(body)
        if not title and not text:
            continue
        source_title = entry.get("source", {}).get("title") if entry.get("source") else None
        yield CollectedDocument(
            title=title,
            text=text,
            url=url or page.url,
            anchor=None if url else identifier or title,
            published_at=_entry_time(entry, page.fetched_at),
            author=str(entry.get("author", "")) or None,
            outlet=str(source_title or outlet) or None,
            kind="article",
        )


def _entry_time(entry: Mapping[str, object], now: dt.datetime) -> dt.datetime | None:
    for name in ("published", "updated", "created"):
        found = read_time(str(entry.get(name) or ""), now)
        if found is not None:
            return found
    return None


def _json_entries(text: str, page: FetchedPage) -> Iterator[CollectedDocument]:
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExtractionError("订阅源的 JSON 不完整，没有读取。") from error
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(items, list):
        raise ExtractionError("这个地址返回的 JSON 不是 JSON Feed：没有 items。")
    for item in items[:MOST_ENTRIES]:
        if not isinstance(item, dict):
            continue
        body = str(item.get("content_text") or "") or plain_text(
            str(item.get("content_html") or item.get("summary") or "")
        )
        url = absolute_url(page.url, str(item.get("url") or item.get("external_url") or ""))
        title = str(item.get("title") or "").strip()
        if not title and not body:
            continue
        yield CollectedDocument(
            title=title,
            text=body,
            url=url or page.url,
            anchor=None if url else str(item.get("id") or title),
            published_at=read_time(str(item.get("date_published") or ""), page.fetched_at),
            author=_json_author(item),
            outlet=str(data.get("title") or "") or None,
            kind="article",
        )


def _json_author(item: Mapping[str, object]) -> str | None:
    authors = item.get("authors")
    first: object = authors[0] if isinstance(authors, list) and authors else item.get("author")
    return str(first.get("name") or "") or None if isinstance(first, dict) else None


def plain_text(markup: str) -> str:
    """Turn a piece of HTML into text, one paragraph a line."""
    if "<" not in markup and "&" not in markup:
        return markup.strip()
    try:
        fragment = lxml.html.fragment_fromstring(markup, create_parent="div")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return markup.strip()
    for element in fragment.iter("p", "br", "div", "li"):
        element.tail = "\n" + (element.tail or "")
    lines = "".join(str(part) for part in fragment.itertext()).split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())
