"""The kept answers that a document was read from, and fetching its page once more when they are gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, aliased

from core import claims
from core.database.models.collecting import (
    Document,
    FrontierURL,
    RawResponse,
    Source,
    SourceState,
)
from core.database.models.operations import Queue
from crawlers.evidence.raw_responses import RawPage
from crawlers.source_types import SOURCE_TYPES

MOST_PAGES = 50
MOST_BYTES = 20_000_000
SHORTEST_NAME = 4
PATIENCE = dt.timedelta(hours=6)
LOOK_AGAIN = dt.timedelta(minutes=5)
FILE_IMPORT = "file_import"


@dataclass(frozen=True, slots=True)
class Refetch:
    """``failure`` says why the page does not come; None while it may still."""

    failure: str | None = None


def first_pages(session: Session, document: Document) -> Sequence[RawResponse]:
    """Give the answers of the visit that brought the document, in the order of their fetching.

    A visit stores all it brought at one moment, and its answers are kept with one of these documents.
    """
    sibling = aliased(Document)
    return session.scalars(
        select(RawResponse)
        .join(sibling, sibling.id == RawResponse.document_id)
        .where(
            sibling.source_id == document.source_id,
            sibling.ingested_at == document.ingested_at,
            RawResponse.fetched_at <= document.ingested_at,
        )
        .order_by(RawResponse.id)
        .limit(MOST_PAGES)
    ).all()


def later_pages(session: Session, document: Document, since: dt.datetime) -> Sequence[RawResponse]:
    """Give what was fetched for evidence of this document after it was asked for."""
    return session.scalars(
        select(RawResponse)
        .where(RawResponse.document_id == document.id, RawResponse.fetched_at >= since)
        .order_by(RawResponse.id)
        .limit(MOST_PAGES)
    ).all()


def pages_holding(answers: Iterable[RawPage], url: str) -> list[RawPage]:
    """Of several pages give those that name the document, else all, within ``MOST_BYTES``.

    A list of many pages names its items by address; other people's pages are no evidence of this one.
    """
    # Cut by hand: the address of an imported document need not be one that can be taken apart.
    name = url.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2].encode()
    kept: list[RawPage] = []
    naming: list[RawPage] = []
    size = 0
    for answer in answers:
        size += len(answer.body)
        if kept and size > MOST_BYTES:
            break
        kept.append(answer)
        if len(name) >= SHORTEST_NAME and name in answer.body:
            naming.append(answer)
    return naming if len(kept) > 1 and naming else kept


def start_refetch(session: Session, document: Document, now: dt.datetime) -> Refetch:
    """Make the document's page due: the crawlers fetch it, with all their manners."""
    source = session.get_one(Source, document.source_id)
    if source.kind == FILE_IMPORT or source.kind not in SOURCE_TYPES.names():
        return Refetch("来自文件导入，没有抓取过网页")
    if source.state != SourceState.ACTIVE.value:
        return Refetch("数据源已暂停，没有重新抓取")
    # Without validators the site answers with the page, not with "not modified".
    started = session.scalar(
        update(FrontierURL)
        .where(FrontierURL.source_id == source.id, FrontierURL.url.in_(page_urls(document)))
        .values(
            due_at=now, dead_at=None, attempt=0, etag=None, last_modified=None, last_error=None,
            # A visit under way was asked before we were: it loses its claim to the next.
            lease_until=None, claim_epoch=FrontierURL.claim_epoch + 1,
        )
        .returning(FrontierURL.id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if started is None:
        return Refetch("它来自列表或接口，没有单独的网页可以重新抓取")
    claims.notify(session, "source")
    return Refetch()


def refetch_state(
    session: Session, document: Document, since: dt.datetime, now: dt.datetime
) -> Refetch:
    """Tell whether the page may still come."""
    row = session.scalar(
        select(FrontierURL).where(
            FrontierURL.source_id == document.source_id, FrontierURL.url.in_(page_urls(document))
        )
    )
    if row is None:
        return Refetch("它的网页已不在抓取名单里")
    if row.dead_at is not None:
        return Refetch(f"重新抓取没有成功：{row.last_error or '原因不明'}")
    if row.fetched_at is not None and row.fetched_at >= since:
        return Refetch("重新抓取到的网页里没有正文")
    if now - since > PATIENCE:
        hours = round(PATIENCE.total_seconds() / 3600)
        return Refetch(f"{hours} 小时内没有重新抓到：{row.last_error or '还没有轮到'}")
    return Refetch()


@dataclass(frozen=True, slots=True)
class Awaited:
    """A document whose page is fetched once more for its evidence."""

    document_id: int
    source_id: int
    url: str

    def is_on(self, page: tuple[int, str]) -> bool:
        """Tell whether the page, (source id, url), holds the document, a reply of its thread too."""
        source_id, url = page
        return self.source_id == source_id and (self.url == url or self.url.startswith(f"{url}#"))


def awaited_pages(session: Session, source_ids: Collection[int]) -> tuple[Awaited, ...]:
    rows = session.execute(
        _AWAITED, {"source_ids": list(source_ids), "queue": Queue.EVIDENCE.value}
    )
    return tuple(Awaited(*row) for row in rows)


# Written out, because every commit of visits asks it, and there is hardly ever an answer.
_AWAITED = text(
    "SELECT document.id, document.source_id, document.canonical_url FROM work_item"
    " JOIN document ON document.id = work_item.subject_id"
    " WHERE work_item.queue = :queue AND work_item.dead_at IS NULL"
    " AND work_item.payload ->> 'refetch_at' IS NOT NULL"
    " AND document.source_id = any(:source_ids)"
)


def page_urls(document: Document) -> tuple[str, ...]:
    """Give the addresses the document's page may have: a reply's own address is its page's with an anchor."""
    return tuple({document.canonical_url, document.canonical_url.rpartition("#")[0]} - {""})
