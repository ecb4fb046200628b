"""Recorded pages, for drills and tests: read through the same parsing as the type they were recorded for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import yaml

from core.errors import CrawlError, ExtractionError, InvalidOptionsError
from core.options import FieldKind, FieldSpec, Options, parse_options
from crawlers.canonical_url import canonical_url
from crawlers.parsing.recordings import name_fault
from crawlers.source import FetchedPage, Harvest, PageRequest, SourceProfile, SourceType
from crawlers.source_types import SOURCE_TYPES

MOST_AT_ONCE = 50
SHIFT = "shift_s"
_REPLAYABLE = (
    ("list_page", "列表页与文章"), ("feed", "订阅源"), ("sitemap", "网站地图与文章"), ("forum", "论坛"),
    ("message_board", "网上留言板"), ("trending_list", "热榜"), ("json_api", "JSON 接口"),
)  # fmt: skip
# Their documents lie behind links; those of the other types are on the source's own page.
_LINKING = frozenset({"list_page", "sitemap", "forum", "message_board"})
_AUTOMATIC, _ENTRY, _LINKED = "", "entry", "linked"


class Replay:
    name = "replay"
    label = "录制回放（演练与测试）"
    needs_url = True
    revisits_links = False
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            "file", "录制文件", required=True, maximum=200,
            help="数据文件夹下 replay 文件夹里的 WARC 文件、zip 文件，或装着网页的文件夹的名字；也可以从浏览器上传。"
            "回放不访问网络；网址填录制的那个网站的网址。",
        ),
        FieldSpec("as_type", "按哪种信源读", FieldKind.CHOICE, default="list_page",
                  choices=_REPLAYABLE),
        FieldSpec(
            "type_options", "那种信源的选项", FieldKind.MULTILINE, maximum=4000,
            help="一行一个，如 post_selector: .post",
        ),
        FieldSpec(
            "pages_are", "录制的是什么网页", FieldKind.CHOICE,
            choices=((_ENTRY, "信源自己的页（列表、订阅源、榜单）"), (_LINKED, "链接打开的页（文章、帖子、留言）")),
            help="不选时：网址与信源相同的是前一种，其余按信源类型判断。",
        ),
        FieldSpec("at_once", "每次回放几页", FieldKind.NUMBER, default=10, minimum=1,
                  maximum=MOST_AT_ONCE),
        FieldSpec("shifts_times", "时间移到现在", FieldKind.BOOLEAN, default=False,
                  help="勾选后，第一页的录制时间当作开始回放的时间，其余依次顺延；不勾选时保留原来的时间。"),
    )  # fmt: skip

    def faults(self, options: Options) -> dict[str, str]:
        faults: dict[str, str] = {}
        fault = name_fault(str(options.get("file") or ""))
        if fault is not None:
            faults["file"] = fault
        try:
            _target(options)
        except InvalidOptionsError as error:
            faults["type_options"] = str(error)
        return faults

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        # The pages come from a file, one after the other; there is nothing to ask a site for.
        del source
        return ()

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        try:
            source_type, options = _target(source.options)
        except InvalidOptionsError as error:
            raise ExtractionError(str(error)) from error
        recorded = replace(page, cursor={}, first_url=page.url)
        played = replace(source, kind=source_type.name, options=options, cursor={})
        is_linked = _is_linked(page, source)
        try:
            harvest = (source_type.parse_linked if is_linked else source_type.parse)(
                recorded, played
            )
        except CrawlError as error:
            raise ExtractionError(f"{page.url}：{error}") from error
        return _without_network(harvest, _shift(page))

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        del page, source
        return Harvest()


def _target(options: Options) -> tuple[SourceType, Options]:
    """Give the type that reads the pages and its options; raises InvalidOptionsError."""
    kind = str(options.get("as_type") or "list_page")
    if kind not in dict(_REPLAYABLE):
        raise InvalidOptionsError({"as_type": f"不能按「{kind}」回放。"})
    try:
        raw: object = yaml.safe_load(str(options.get("type_options") or "")) or {}
    except (yaml.YAMLError, RecursionError, ValueError):
        raw = None
    if not isinstance(raw, Mapping):
        raise InvalidOptionsError({"type_options": "选项应一行一个，写成“名称: 值”。"})
    source_type = SOURCE_TYPES.load(kind)()
    parsed = parse_options(source_type.options, {str(name): value for name, value in raw.items()})
    faults = source_type.faults(parsed)
    if faults:
        raise InvalidOptionsError(dict(faults))
    return source_type, parsed


def _is_linked(page: FetchedPage, source: SourceProfile) -> bool:
    kind = str(source.options.get("pages_are") or _AUTOMATIC)
    if kind:
        return kind == _LINKED
    is_own = canonical_url(page.url) == canonical_url(source.url)
    return not is_own and source.options.get("as_type") in _LINKING


def _shift(page: FetchedPage) -> dt.timedelta:
    seconds = page.cursor.get(SHIFT)
    return dt.timedelta(seconds=seconds if isinstance(seconds, (int, float)) else 0)


def _without_network(harvest: Harvest, shift: dt.timedelta) -> Harvest:
    """Keep what the page itself held: its links would lead to the site as it is today."""
    documents = tuple(
        replace(
            document,
            published_at=document.published_at and document.published_at + shift,
            answered_at=document.answered_at and document.answered_at + shift,
        )
        for document in harvest.documents
    )
    return Harvest(documents=documents, is_thread=harvest.is_thread, is_ranking=harvest.is_ranking)
