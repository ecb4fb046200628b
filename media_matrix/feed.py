"""Our own mobile feed: JSON Feed 1.1 and RSS 2.0 of one account, withdrawn articles included."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.clock import SHANGHAI, to_rfc3339
from core.database.models.media import Account, FeedItem

NEWEST = 50
JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A rendered feed with what a conditional request needs; ``last_modified`` is aware UTC."""

    body: bytes
    content_type: str
    etag: str
    last_modified: dt.datetime


def feed_url(public_url: str, handle: str, *, kind: str = "json") -> str:
    return f"{public_url.rstrip('/')}/feed/{handle}.{kind}"


def item_url(public_url: str, handle: str, key: str) -> str:
    return f"{public_url.rstrip('/')}/feed/{handle}/{key}"


def json_feed(session: Session, handle: str, *, public_url: str) -> FeedDocument | None:
    """Render JSON Feed 1.1; None when there is no such feed account."""
    account = _account(session, handle)
    if account is None:
        return None
    items = _newest(session, account)
    document = {
        "version": JSON_FEED_VERSION,
        "title": account.name,
        "home_page_url": public_url,
        "feed_url": feed_url(public_url, handle),
        "language": "zh-CN",
        "authors": [{"name": account.name}],
        "items": [_json_item(item, handle, public_url) for item in items],
    }
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return _document(body, "application/feed+json; charset=utf-8", account, items)


def rss_feed(session: Session, handle: str, *, public_url: str) -> FeedDocument | None:
    """Render RSS 2.0, without the withdrawn articles; None when there is no such feed account."""
    account = _account(session, handle)
    if account is None:
        return None
    items = _newest(session, account)
    ET.register_namespace("atom", _ATOM)
    root = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(root, "channel")
    for name, text in (
        ("title", account.name),
        ("link", public_url),
        ("description", f"{account.name}移动端资讯"),
        ("language", "zh-cn"),
    ):
        ET.SubElement(channel, name).text = text
    ET.SubElement(
        channel,
        f"{{{_ATOM}}}link",
        {
            "href": feed_url(public_url, handle, kind="xml"),
            "rel": "self",
            "type": "application/rss+xml",
        },
    )
    for item in items:
        if item.withdrawn_at is None:
            _add_rss_item(channel, item, handle, public_url)
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return _document(body, "application/rss+xml; charset=utf-8", account, items)


def find_item(session: Session, handle: str, key: str) -> FeedItem | None:
    return session.scalars(
        select(FeedItem)
        .join(Account, Account.id == FeedItem.account_id)
        .where(Account.channel == "feed", Account.handle == handle, FeedItem.key == key)
    ).one_or_none()


def count_read(session: Session, item_id: int) -> None:
    """Count one opening of an article; nothing about the reader is kept."""
    session.execute(
        update(FeedItem)
        .where(FeedItem.id == item_id, FeedItem.withdrawn_at.is_(None))
        .values(reads=FeedItem.reads + 1)
        .execution_options(synchronize_session=False)
    )


def _account(session: Session, handle: str) -> Account | None:
    return session.scalars(
        select(Account).where(Account.channel == "feed", Account.handle == handle)
    ).one_or_none()


def _newest(session: Session, account: Account) -> list[FeedItem]:
    return list(
        session.scalars(
            select(FeedItem)
            .where(FeedItem.account_id == account.id)
            .order_by(FeedItem.published_at.desc(), FeedItem.id.desc())
            .limit(NEWEST)
        )
    )


def _json_item(item: FeedItem, handle: str, public_url: str) -> dict[str, object]:
    entry: dict[str, object] = {
        "id": item.key,
        "url": item_url(public_url, handle, item.key),
        "title": item.title,
        "date_published": to_rfc3339(item.published_at),
        "date_modified": to_rfc3339(item.modified_at),
    }
    if item.withdrawn_at is not None:
        # Clients that know the extension drop the article; the others lose its text.
        return {**entry, "content_text": "本文已撤回。", "_union": {"withdrawn": True}}
    if item.summary:
        entry["summary"] = item.summary
    return {**entry, "content_html": item.content_html, "_union": {"withdrawn": False}}


def _add_rss_item(channel: ET.Element, item: FeedItem, handle: str, public_url: str) -> None:
    element = ET.SubElement(channel, "item")
    ET.SubElement(element, "title").text = item.title
    ET.SubElement(element, "link").text = item_url(public_url, handle, item.key)
    ET.SubElement(element, "guid", {"isPermaLink": "false"}).text = item.key
    ET.SubElement(element, "pubDate").text = format_datetime(item.published_at.astimezone(SHANGHAI))
    ET.SubElement(element, "description").text = item.summary or item.content_html


def _document(
    body: bytes, content_type: str, account: Account, items: list[FeedItem]
) -> FeedDocument:
    modified = max((item.modified_at for item in items), default=account.created_at)
    return FeedDocument(
        body=body,
        content_type=content_type,
        etag='"' + hashlib.sha256(body).hexdigest()[:32] + '"',
        last_modified=modified,
    )
