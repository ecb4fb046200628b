"""What the fields of a JSON item mean: the paths that a person has mapped, as a document."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import quote

from core.options import FieldSpec, Options
from crawlers.extraction.page import absolute_url
from crawlers.extraction.published_time import read_time
from crawlers.intake import CollectedDocument
from crawlers.parsing.counts import first_number
from crawlers.parsing.json_paths import path_faults, text_at
from crawlers.parsing.markup_text import plain_text
from crawlers.source import FetchedPage

ID_PLACEHOLDER = "{id}"
_ITEM = FieldSpec(
    "items", "条目所在的路径（JMESPath）", maximum=200,
    help="如 data.list；不填时自动寻找 items、data、list 等名下的列表。",
)  # fmt: skip
_URL_TEMPLATE = FieldSpec(
    "url_template", "没有链接时的地址模板", maximum=500,
    help="用 {id} 代表编号，如 https://www.example.com/detail?id={id}",
)  # fmt: skip
MESSAGE_FIELDS: tuple[FieldSpec, ...] = (
    _ITEM,
    FieldSpec("id_field", "编号的路径", default="id", maximum=200),
    FieldSpec("title_field", "标题的路径", default="title", maximum=200),
    FieldSpec("text_field", "正文的路径", default="content || text || summary", maximum=200,
              help="内容是网页片段时，自动取其中的文字。"),
    FieldSpec("url_field", "链接的路径", default="url || link", maximum=200),
    _URL_TEMPLATE,
    FieldSpec("time_field", "发布时间的路径", default="published_at || pubtime || time || date",
              maximum=200, help="日期、时间戳（秒或毫秒）都能读。"),
)  # fmt: skip
ARTICLE_FIELDS: tuple[FieldSpec, ...] = (
    *MESSAGE_FIELDS,
    FieldSpec("author_field", "作者的路径", maximum=200, help="只保存加密后的标记，不保存姓名。"),
    FieldSpec("outlet_field", "媒体名称的路径", maximum=200),
    FieldSpec("views_field", "阅读数的路径", maximum=200),
    FieldSpec("comments_field", "评论数的路径", maximum=200),
    FieldSpec("reposts_field", "转发数的路径", maximum=200),
    FieldSpec("likes_field", "点赞数的路径", maximum=200),
)  # fmt: skip


def mapping_faults(options: Options, specs: tuple[FieldSpec, ...]) -> dict[str, str]:
    return path_faults(options, [spec.name for spec in specs if spec.name != _URL_TEMPLATE.name])


@dataclass(frozen=True, slots=True)
class MappedItem:
    """One item of an answer, read through the mapping."""

    item: object
    options: Options
    page: FetchedPage

    def text(self, name: str) -> str:
        return text_at(self.options.get(name), self.item)

    def markup(self, name: str) -> str:
        return plain_text(self.text(name))

    def count(self, name: str) -> int | None:
        return first_number(self.text(name))

    def time(self, name: str) -> dt.datetime | None:
        return read_time(self.text(name)[:100], self.page.fetched_at)

    @property
    def id(self) -> str:
        return self.text("id_field")

    def filled(self, template: str) -> str | None:
        """Put the item's number into a template of addresses; None without one."""
        if not template or (ID_PLACEHOLDER in template and not self.id):
            return None
        return absolute_url(
            self.page.url, template.replace(ID_PLACEHOLDER, quote(self.id, safe=""))
        )

    def document(self, kind: str) -> CollectedDocument | None:
        """Give the item as a document; None where it holds no text at all."""
        title, text = self.markup("title_field").replace("\n", " "), self.markup("text_field")
        if not title and not text:
            return None
        link = self.text("url_field")
        url = absolute_url(self.page.url, link) if link else None
        url = url or self.filled(str(self.options.get("url_template") or ""))
        return CollectedDocument(
            title=title, text=text, url=url or self.page.first_url or self.page.url,
            anchor=None if url else quote(self.id or title)[:200],
            published_at=self.time("time_field"), author=self.text("author_field") or None,
            outlet=self.text("outlet_field") or None, kind=kind,
            views=self.count("views_field"), comments=self.count("comments_field"),
            reposts=self.count("reposts_field"), likes=self.count("likes_field"),
        )  # fmt: skip
