"""A public JSON interface: items mapped by JMESPath, page by page, from where the last visit ended."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.article import extract
from crawlers.extraction.published_time import read_time
from crawlers.intake import CollectedDocument
from crawlers.parsing.field_mapping import ARTICLE_FIELDS, MappedItem, mapping_faults
from crawlers.parsing.json_paths import json_data, list_at, path_faults, text_at
from crawlers.source import Cursor, FetchedPage, Harvest, PageLink, PageRequest, SourceProfile
from crawlers.source_keys import KEY_OPTIONS
from crawlers.source_types.linked_article import article_harvest

MOST_ITEMS = 500
MOST_PAGES = 20
LONGEST_NUMBER = 20
_ACCEPT = {"Accept": "application/json"}
_PAGING = "分页与续采"
_NEXT, _SINCE, _LAST_ID = "next", "since", "last_id"
_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


class JSONAPI:
    name = "json_api"
    label = "JSON 接口"
    needs_url = True
    revisits_links = False
    options: tuple[FieldSpec, ...] = (
        *ARTICLE_FIELDS,
        FieldSpec("follow_links", "打开每条的链接采集全文", FieldKind.BOOLEAN, default=False),
        FieldSpec(
            "body", "用 POST 发送的 JSON", FieldKind.MULTILINE, maximum=4000,
            help="不填时用 GET。网址和这里都可以用：{page} 页码，{offset} 起始位置，{cursor} 游标，"
            "{since} 上次见到的最新时间，{last_id} 上次见到的最大编号。",
        ),
        FieldSpec("pages", "每次最多取几页", FieldKind.NUMBER, group=_PAGING, default=1, minimum=1,
                  maximum=MOST_PAGES, help="网址或 JSON 里有 {page}、{offset} 或 {cursor} 时有用。"),
        FieldSpec("first_page", "第一页的页码", FieldKind.NUMBER, group=_PAGING, default=1, minimum=0, maximum=1),
        FieldSpec("page_size", "每页的条数", FieldKind.NUMBER, group=_PAGING, default=20, minimum=1, maximum=500,
                  help="用来算 {offset}；一页少于这个数就不再往下取。"),
        FieldSpec("cursor_path", "下一页游标的路径", group=_PAGING, maximum=200, help="如 data.next_cursor"),
        FieldSpec("keeps_cursor", "下次采集接着上次的游标", FieldKind.BOOLEAN, group=_PAGING, default=False,
                  help="接口从旧到新排列时勾选；从新到旧时不要勾选。"),
        FieldSpec(
            "since_form", "{since} 的写法", FieldKind.CHOICE, default="iso", group=_PAGING,
            choices=(("iso", "日期时间（UTC）"), ("s", "时间戳（秒）"), ("ms", "时间戳（毫秒）")),
        ),
        *KEY_OPTIONS,
    )  # fmt: skip

    def faults(self, options: Options) -> dict[str, str]:
        faults = mapping_faults(options, ARTICLE_FIELDS)
        if options.get("cursor_path"):
            faults |= path_faults(options, ["cursor_path"])
        return faults

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        return (_request(source, 1, source.cursor),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        data = json_data(page.body, page.content_type)
        items = list_at(source.options.get("items"), data)
        mapped = [MappedItem(item, source.options, page) for item in items[:MOST_ITEMS]]
        documents = tuple(
            document for item in mapped if (document := item.document("article")) is not None
        )
        cursor = _cursor(data, mapped, documents, page, source)
        follow = _follow(source, page, cursor, len(items))
        if source.options.get("follow_links"):
            links = tuple(_link(document) for document in documents if document.anchor is None)
            return Harvest(links=links, follow=follow, cursor=cursor)
        return Harvest(documents=documents, follow=follow, cursor=cursor)

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del source
        return article_harvest(
            extract(page.body, page.url, now=page.fetched_at, content_type=page.content_type)
        )


def _link(document: CollectedDocument) -> PageLink:
    return PageLink(document.url, document.title, document.published_at, document.author,
                    document.outlet)  # fmt: skip


def _request(source: SourceProfile, number: int, cursor: Cursor) -> PageRequest:
    """Fill the placeholders of the address and the body for the ``number``-th page."""
    first, size = source.options.get("first_page"), source.options.get("page_size")
    since = read_time(str(cursor.get(_SINCE) or ""), _EPOCH) or _EPOCH
    is_first_of_visit = number == 1 and not source.options.get("keeps_cursor")
    values = {
        "{page}": str((first if isinstance(first, int) else 1) + number - 1),
        "{offset}": str((number - 1) * (size if isinstance(size, int) else 20)),
        "{cursor}": "" if is_first_of_visit else str(cursor.get(_NEXT) or ""),
        "{since}": _moment(since, str(source.options.get("since_form") or "iso")),
        "{last_id}": str(cursor.get(_LAST_ID) or "0"),
    }
    url, body = source.url, str(source.options.get("body") or "")
    for placeholder, value in values.items():
        url = url.replace(placeholder, quote(value, safe=""))
        body = body.replace(placeholder, _in_json(value))
    headers = {**_ACCEPT, "Content-Type": "application/json"} if body else _ACCEPT
    return PageRequest(url, headers, body=body.encode() if body else None, number=number,
                       only_if_new=number > 1 and not source.options.get("keeps_cursor"))  # fmt: skip


def _in_json(value: str) -> str:
    """Keep a value from the other side inside the string that it is put into."""
    return "".join(character for character in value if character not in '"\\' and character >= " ")


def _moment(time: dt.datetime, form: str) -> str:
    seconds = int(time.timestamp())
    if form == "iso":
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(seconds * 1000 if form == "ms" else seconds)


def _cursor(
    data: object,
    items: list[MappedItem],
    documents: tuple[CollectedDocument, ...],
    page: FetchedPage,
    source: SourceProfile,
) -> dict[str, object]:
    """Carry the newest time and the largest number on, and where the next page begins."""
    cursor = dict(page.cursor)
    times = [document.published_at for document in documents if document.published_at is not None]
    # A time in the future would hide everything that is published until then.
    known_id = str(cursor.get(_LAST_ID) or "")
    newest = max((time for time in times if time <= page.fetched_at), default=None)
    known = read_time(str(cursor.get(_SINCE) or ""), _EPOCH)
    if newest is not None and (known is None or newest > known):
        cursor[_SINCE] = newest.isoformat()
    numbers = [int(text) for text in (*(item.id for item in items), known_id) if _is_number(text)]
    if numbers:
        cursor[_LAST_ID] = str(max(numbers))
    following = text_at(source.options.get("cursor_path"), data)[:1000]
    if following or not source.options.get("keeps_cursor"):
        cursor[_NEXT] = following
    return cursor


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def _follow(
    source: SourceProfile, page: FetchedPage, cursor: Cursor, count: int
) -> tuple[PageRequest, ...]:
    limit = source.options.get("pages")
    if page.number >= (limit if isinstance(limit, int) else 1) or count == 0:
        return ()
    template = source.url + str(source.options.get("body") or "")
    if "{cursor}" in template:
        is_same = cursor.get(_NEXT) == page.cursor.get(_NEXT)
        return (
            ()
            if not cursor.get(_NEXT) or is_same
            else (_request(source, page.number + 1, {**source.cursor, _NEXT: cursor[_NEXT]}),)
        )
    size = source.options.get("page_size")
    if ("{page}" in template or "{offset}" in template) and count >= (
        size if isinstance(size, int) else 1
    ):
        return (_request(source, page.number + 1, source.cursor),)
    return ()
