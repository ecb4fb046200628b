"""What leaves with an export: which documents a request means, and their columns in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from core.documents import StoredDocument, known_sources, read_documents
from core.expression import Expression
from core.expression.fields import POLARITY_LABELS
from core.expression.names import LEVEL_LABELS
from core.search.base import DocumentSearch, SearchOrder
from core.table_file import Cell, Column
from webui.document_filters import DocumentFilters
from webui.document_view import language
from webui.formats import full_time
from webui.search_conditions import conditions
from webui.typed import whole_numbers
from webui.vocabulary import PLATFORM_LABELS, narrow_regions, topic_label

PAGE = 500
MOST_CHOSEN = 100
YES_NO = {True: "是", False: "否", None: None}

COLUMNS: tuple[Column, ...] = (
    Column("编号", 10),
    Column("标题", 40, wraps=True),
    Column("正文", 80, wraps=True),
    Column("平台", 10),
    Column("信源", 18),
    Column("信源级别", 12),
    Column("发布时间（北京时间）", 20),
    Column("采集时间（北京时间）", 20),
    Column("涉工", 8),
    Column("涉及本会", 10),
    Column("主题", 20),
    Column("情感", 8),
    Column("雇主", 24),
    Column("地区", 16),
    Column("触达", 10),
    Column("转发", 10),
    Column("评论", 10),
    Column("原文链接", 40),
    Column("内容指纹（SHA-256）", 20),
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What an export is of: a search, or documents chosen one by one; ``said`` are its conditions in words."""

    address: str
    said: tuple[str, ...]
    filters: DocumentFilters | None
    expression: Expression | None
    chosen: tuple[int, ...]

    def count(self, search: DocumentSearch, session: Session, now: dt.datetime) -> int:
        if self.filters is None:
            return len(read_documents(session, self.chosen))
        return search.count(self.filters.query(self.expression, now))

    def documents(
        self, search: DocumentSearch, session: Session, *, until: dt.datetime, most: int
    ) -> Iterator[StoredDocument]:
        """Yield at most ``most`` documents that were there at ``until``, in the order of the search."""
        left = most
        for page in self._pages(search, session, until):
            found = [one for one in page if one.ingested_at <= until and one.analysed_at]
            yield from found[:left]
            left -= len(found)
            if left <= 0:
                return

    def _pages(
        self, search: DocumentSearch, session: Session, until: dt.datetime
    ) -> Iterator[Sequence[StoredDocument]]:
        if self.filters is None:
            yield read_documents(session, self.chosen)
            return
        query = replace(self.filters.query(self.expression, until), limit=PAGE, cursor=None)
        if query.order is SearchOrder.RELEVANCE:
            # Only the first thousand have a rank, and a file is of all.
            query = replace(query, order=SearchOrder.NEWEST)
        while True:
            page = search.search(query)
            yield read_documents(session, page.ids)
            if page.cursor is None:
                return
            query = replace(query, cursor=page.cursor)


def selection(session: Session, address: str) -> Selection:
    """Read the address of a search or ``document=1&document=2``; raises ExpressionError."""
    args = MultiDict(parse_qsl(address))
    chosen = tuple(dict.fromkeys(whole_numbers(args.getlist("document"))))[:MOST_CHOSEN]
    if chosen:
        return Selection(address, (f"选中的 {len(chosen)} 条",), None, None, chosen)
    filters = replace(DocumentFilters.read(args), cursor="")
    expression = language().parse(filters.q) if filters.q else None
    sources = dict(known_sources(session)) if filters.source else {}
    said = tuple(one.text for one in conditions(filters, expression, sources))
    plain = filters.address("").removeprefix("?")
    return Selection(plain, said or ("全部信息",), filters, expression, ())


def cells(document: StoredDocument) -> tuple[Cell, ...]:
    """Give the columns of one document; what is unknown stays empty. No author is known to us."""
    return (
        document.id,
        document.title,
        document.text,
        PLATFORM_LABELS.get(document.platform, document.platform),
        document.source_name,
        LEVEL_LABELS.get(document.level, document.level),
        full_time(document.published_at),
        full_time(document.ingested_at),
        YES_NO[document.relevant],
        YES_NO[document.our_union],
        "、".join(map(topic_label, document.topics)),
        POLARITY_LABELS.get(document.polarity or "", document.polarity),
        "、".join(document.employers),
        "、".join(narrow_regions(document.regions)),
        document.views,
        document.reposts,
        document.comments,
        document.url,
        document.content_hash.hex(),
    )
