"""A board where people write to an office: each message with its state, and the official reply beside it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

from lxml.html import HtmlElement

from core.errors import ExtractionError
from core.options import FieldKind, FieldSpec, Options
from crawlers.extraction.headline import page_title
from crawlers.extraction.page import absolute_url, inner_text, read_page
from crawlers.extraction.published_time import read_time
from crawlers.intake import AnswerState, CollectedDocument, document_url
from crawlers.parsing.field_mapping import MESSAGE_FIELDS, MappedItem, mapping_faults
from crawlers.parsing.following_pages import PAGE_OPTIONS, PLACEHOLDER, page_faults
from crawlers.parsing.json_paths import found_at, json_data, list_at, path_faults
from crawlers.parsing.page_selectors import select, selected_text, selector_faults
from crawlers.source import FetchedPage, Harvest, PageLink, PageRequest, SourceProfile
from crawlers.source_keys import KEY_OPTIONS
from crawlers.source_types.list_page import list_harvest

MOST_ITEMS = 200
MOST_REPLIES = 20
REPLY_ANCHOR = "reply"
REPLIED_WORDS = ["已回复", "已答复", "已办结", "办结", "已解决", "已回应", "回复办理", "replied"]
PENDING_WORDS = [
    "待办",
    "待回复",
    "未回复",
    "未答复",
    "办理中",
    "处理中",
    "已受理",
    "待受理",
    "转办",
    "待办结",
    "未办结",
    "未解决",
]
_NO_REPLY = re.compile(
    r"(?:暂无|尚未|还没有|还未|未|等待|无)(?:官方|单位|部门)?(?:回复|答复|办理|处理|反馈)?(?:内容|意见|结果)?[。.…]{0,6}|[-—/\s]{1,10}"
)
_PAGE, _JSON = "page", "json"
_INTERFACE, _WORDS = "留言板是 JSON 接口时", "办理状态的字样"
_PATHS = ("state_field", "reply_text_field", "reply_time_field", "reply_outlet_field", "detail")
_SELECTORS = (
    "link_selector", "title_selector", "text_selector", "time_selector", "state_selector",
    "reply_selector", "reply_text_selector", "reply_time_selector", "reply_outlet_selector",
)  # fmt: skip


class MessageBoard:
    name = "message_board"
    label = "网上留言板（留言与官方回复）"
    needs_url = True
    revisits_links = True
    options: tuple[FieldSpec, ...] = (
        FieldSpec(
            "format", "留言板的形式", FieldKind.CHOICE, default=_PAGE,
            choices=((_PAGE, "网页"), (_JSON, "JSON 接口")),
        ),
        FieldSpec("link_selector", "网页：留言链接的选择器", maximum=300, help="不填时自动识别列表。"),
        FieldSpec("title_selector", "网页：留言标题的选择器", maximum=300, help="不填时取网页标题。"),
        FieldSpec("text_selector", "网页：留言正文的选择器", maximum=300),
        FieldSpec("time_selector", "网页：留言时间的选择器", maximum=300),
        FieldSpec("state_selector", "网页：办理状态的选择器", maximum=300),
        FieldSpec("reply_selector", "网页：官方回复的选择器", maximum=300, help="整块回复，如 .reply"),
        FieldSpec("reply_text_selector", "网页：回复正文的选择器", maximum=300,
                  help="在官方回复之内；不填时取整块的文字。"),
        FieldSpec("reply_time_selector", "网页：回复时间的选择器", maximum=300),
        FieldSpec("reply_outlet_selector", "网页：回复单位的选择器", maximum=300),
        FieldSpec("same_site", "只采集同一网站的链接", FieldKind.BOOLEAN, default=True),
        FieldSpec("limit", "每页最多采集的留言数", FieldKind.NUMBER, default=100, minimum=1,
                  maximum=1000),
        *(replace(spec, group=_INTERFACE) for spec in MESSAGE_FIELDS),
        FieldSpec("state_field", "办理状态的路径", default="state || status", maximum=200,
                  group=_INTERFACE),
        FieldSpec("reply_text_field", "回复正文的路径", default="reply.content || reply", maximum=200,
                  group=_INTERFACE),
        FieldSpec("reply_time_field", "回复时间的路径", default="reply.time", maximum=200,
                  group=_INTERFACE),
        FieldSpec("reply_outlet_field", "回复单位的路径", default="reply.organization", maximum=200,
                  group=_INTERFACE),
        FieldSpec("detail_url", "单条留言的地址模板", maximum=500, group=_INTERFACE,
                  help="用 {id} 代表编号；填了就逐条打开，待办的会隔一段时间再看有没有回复。"),
        FieldSpec("detail", "单条留言所在的路径", default="data || @", maximum=200, group=_INTERFACE),
        FieldSpec("replied_words", "表示“已回复”的字样", FieldKind.LIST, default=REPLIED_WORDS, group=_WORDS),
        FieldSpec("pending_words", "表示“待办”的字样", FieldKind.LIST, default=PENDING_WORDS, group=_WORDS,
                  help="两种字样都没有时，看页面上有没有官方回复。"),
        *PAGE_OPTIONS,
        *KEY_OPTIONS,
    )  # fmt: skip

    def faults(self, options: Options) -> dict[str, str]:
        return {
            **selector_faults(options, _SELECTORS),
            **mapping_faults(options, MESSAGE_FIELDS),
            **path_faults(options, _PATHS),
            **page_faults(options),
            **_missing(options),
        }

    def requests(self, source: SourceProfile) -> tuple[PageRequest, ...]:
        headers = {"Accept": "application/json"} if _is_json(source) else {}
        return (PageRequest(source.url, headers),)

    def parse(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        return _json_list(page, source) if _is_json(source) else list_harvest(page, source)

    def parse_linked(self, page: FetchedPage, source: SourceProfile) -> Harvest:
        message = _from_json(page, source) if _is_json(source) else _from_page(page, source)
        return Harvest(
            documents=message.documents(), is_thread=True, awaits_reply=not message.is_replied
        )


@dataclass(frozen=True, slots=True)
class _Message:
    opening: CollectedDocument
    reply: CollectedDocument | None
    is_replied: bool

    def documents(self) -> tuple[CollectedDocument, ...]:
        state = AnswerState.REPLIED if self.is_replied else AnswerState.PENDING
        answered_at = self.reply.published_at if self.reply else None
        opening = replace(self.opening, answer_state=state, answered_at=answered_at)
        return (opening,) if self.reply is None else (opening, self.reply)


def _missing(options: Options) -> dict[str, str]:
    if options.get("format") == _PAGE and not options.get("text_selector"):
        return {"text_selector": "留言板是网页时，请填写留言正文的选择器。"}
    return {}


def _is_json(source: SourceProfile) -> bool:
    return source.options.get("format") == _JSON


def _is_replied(state: str, has_reply: bool, source: SourceProfile) -> bool:  # noqa: FBT001 (one of two findings)
    """Believe a reply that is there before any word about it."""
    if has_reply:
        return True
    state = "".join(state.split())

    def says(option: str) -> bool:
        words = source.options.get(option)
        return any(word in state for word in words) if isinstance(words, list) else False

    return says("replied_words") and not says("pending_words")


def _reply(
    opening: CollectedDocument, text: str, time: dt.datetime | None, outlet: str
) -> CollectedDocument | None:
    if not text or _NO_REPLY.fullmatch(text):
        return None
    anchor = f"{opening.anchor}-{REPLY_ANCHOR}" if opening.anchor else REPLY_ANCHOR
    return CollectedDocument(
        title="", text=text, url=opening.url, anchor=anchor, published_at=time, kind="official_reply",
        outlet=outlet or None, thread_url=document_url(opening),
    )  # fmt: skip


def _json_list(page: FetchedPage, source: SourceProfile) -> Harvest:
    data = json_data(page.body, page.content_type)
    items = list_at(source.options.get("items"), data)
    template = str(source.options.get("detail_url") or "")
    documents: list[CollectedDocument] = []
    links: list[PageLink] = []
    for item in items[:MOST_ITEMS]:
        mapped = MappedItem(item, source.options, page)
        detail = mapped.filled(template)
        if detail is not None:
            title = mapped.markup("title_field").replace("\n", " ")
            links.append(PageLink(detail, title or None, mapped.time("time_field")))
            continue
        message = _mapped(mapped, source)
        if message is not None:
            documents.extend(message.documents())
    return Harvest(
        documents=tuple(documents), links=tuple(links), follow=_json_follow(page, source)
    )


def _json_follow(page: FetchedPage, source: SourceProfile) -> tuple[PageRequest, ...]:
    number, options = page.number, source.options
    limit, second = options.get("pages"), options.get("second_page")
    template = str(options.get("page_url") or "")
    if not template or number >= (limit if isinstance(limit, int) else 1):
        return ()
    wanted = (second if isinstance(second, int) else 2) + number - 1
    url = absolute_url(page.url, template.replace(PLACEHOLDER, str(wanted)))
    headers = {"Accept": "application/json"}
    return () if url is None else (PageRequest(url, headers, number=number + 1, only_if_new=True),)


def _mapped(mapped: MappedItem, source: SourceProfile) -> _Message | None:
    opening = mapped.document("post")
    if opening is None:
        return None
    reply = _reply(
        opening, mapped.markup("reply_text_field"), mapped.time("reply_time_field"),
        mapped.text("reply_outlet_field"),
    )  # fmt: skip
    is_replied = _is_replied(mapped.text("state_field"), reply is not None, source)
    return _Message(opening, reply, is_replied)


def _from_json(page: FetchedPage, source: SourceProfile) -> _Message:
    data = found_at(
        str(source.options.get("detail") or "@"), json_data(page.body, page.content_type)
    )
    if isinstance(data, list):
        data = data[0] if data else None
    message = _mapped(MappedItem(data, source.options, page), source)
    if message is None:
        raise ExtractionError("返回的数据里没有留言的标题和正文，接口可能改版了。")
    return message


def _from_page(page: FetchedPage, source: SourceProfile) -> _Message:
    tree = read_page(page.body, page.url, page.content_type)

    def part(option: str, root: HtmlElement = tree.tree) -> str:
        return selected_text(root, source.options.get(option))

    selector = str(source.options.get("reply_selector") or "")
    replies = select(tree.tree, selector) if selector else []
    text = part("text_selector")
    if not text:
        raise ExtractionError(
            f"选择器「{source.options.get('text_selector')}」没有选中留言正文，网站可能改版了。"
        )
    opening = CollectedDocument(
        title=part("title_selector").replace("\n", " ") or page_title(tree), text=text, url=page.url,
        published_at=read_time(part("time_selector"), page.fetched_at),
    )  # fmt: skip
    reply = None
    for element in replies[:MOST_REPLIES]:
        # Where a part of the block is asked for, the rest of it is no reply.
        has_part = bool(source.options.get("reply_text_selector"))
        said = part("reply_text_selector", element) if has_part else inner_text(element)
        reply = reply or _reply(
            opening, said, read_time(part("reply_time_selector", element), page.fetched_at),
            part("reply_outlet_selector", element),
        )  # fmt: skip
    return _Message(opening, reply, _is_replied(part("state_selector"), reply is not None, source))
