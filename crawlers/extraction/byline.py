"""Who wrote an article: byline, reporters, signature, account; the editor when nobody else is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from crawlers.extraction.accounts import PLACEHOLDER, accounts, members, owners, posters
from crawlers.extraction.linked_data import linked_data_names
from crawlers.extraction.page import inner_text
from crawlers.extraction.people import is_person, people
from crawlers.extraction.reporters import final_names, reporters
from crawlers.extraction.surroundings import Surroundings, short_lines
from crawlers.extraction.visible_lines import Line

_AUTHOR = re.compile(
    r"(?<![原他些该位与])(?:作\s{0,4}者|撰\s?文|执\s?笔|撰\s?稿(?:人)?|文字|采写|采编|笔者|楼主|发帖人|编剧|译者|编译)\s{0,3}[:：/／|｜丨︱│┃∣]\s{0,3}(?P<name>[^\n]{1,60})"
    r"|(?:^|[\s（(【\[|丨>])文(?:\s?[、/／&]?\s?图(?:片)?)?\s{0,2}[:：/／|｜丨︱│┃∣]\s{0,2}(?P<text>[^\n]{1,40})"
)
_AUTHOR_SPACED = re.compile(r"^(?:作\s{0,4}者|撰文|文字|采写|文)\s{1,4}(?P<name>[^\n：:]{2,30})$")
_NAMES_ALONE = re.compile(
    r"(?P<mark>[□■◎●○▲△◆◇★☆▪·*]?)\s{0,3}(?P<names>[\u3400-\u9fff·]{1,6}(?:[\s、，]{1,3}[\u3400-\u9fff·]{1,6}){0,4})"
)
_DATE_BEFORE = re.compile(
    r"^.{0,16}?(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s?\d\d:\d\d(?::\d\d)?)?\s{1,3}(?=[^\s\d])"
)
_HAN = re.compile(r"[\u3400-\u9fff·]+")
# 快讯／王小满; 王小满（河湾大学教授）; 王小满 文/摄
_DESK_BEFORE = re.compile(r"^[\u3400-\u9fff]{2,6}[／/](?=[\u3400-\u9fff]{2,4}$)")
_BESIDES = re.compile(
    r"\s{0,3}(?:[（(][^（）()]{0,24}[）)]|[／/]?\s?文(?:\s?[/／、]?\s?(?:图|摄影?))?|[—－-]{1,2}"
    r"|(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s?\d\d:\d\d(?::\d\d)?)?)\s{0,3}$"
)
_SYSTEM = re.compile(
    r"作者\s?[:：]?\s?(?P<name>[\u3400-\u9fff·]{2,12}?)\s?[，,]?\s?(?:[系为是]|(?="
    r"(?:中国|中央|国家|全国|北京|上海|天津|重庆|南京|清华|复旦|浙江|武汉|中山|厦门|华[东南中北]|[东西][南北])))"
    r"[\u3400-\u9fff]{4,}"
)
_BRACKETED = re.compile(r"[（(\[【](?P<inside>[^（）()\[\]【】]{3,60})[）)\]】]\W{0,2}$")
_LONGEST_NAME = 30
_NAMED_LINES = 6
_SUPPLIER = re.compile(
    r"(?:供\s?稿(?:人|单位)?|撰写|整理)\s{0,3}[:：/]\s{0,3}(?P<name>[^\n]{1,40})"
)
_EDITOR = re.compile(
    r"(?:[责責]\s?任\s?[编編]\s?[辑輯]|[责責]\s?[编編]|[编編]\s?[辑輯]|编\s?审|编\s?校|值班编辑|整理)(?:\s{0,3}(?P<mark>[:：/／|｜丨︱│┃∣])\s{0,3}|\s{1,3})(?P<name>[^\n]{1,40})"
)
_OTHER_ROLE = re.compile(r"\s(?:记者|記者|作者|通讯员|校对|审核|复审|终审|监制|摄影|来源)")
_NO_EDITOR = re.compile(
    r"^[A-Za-z]{0,3}\d+$|^(?:news|editor)$|管理员|删除|修改|回复|评论|上传|词条|摘要|资料"
)
_EDITOR_IN_CHARGE = re.compile(
    r"[责責]\s?任?\s?[编編]\s?[辑輯]?\s{0,3}(?P<mark>[:：])\s{0,3}(?P<name>[^\n]{1,40})"
)
_STOP = re.compile(
    r"[\s|｜]{0,3}(?:(?:文章|信息|稿件|新闻)?来\s?源|文章录入|录入|译者|翻译|原文|链接|审核|审稿|[初终]审|校对|监制|提交|回复|更新|修改|图\s?[/／:：]|摄影|责任?编|编辑|发布|发表|时间|日期|阅读|浏览|点击|评论|字号|字体|出处|出版|（|\(|\[|【|］|\]|】|）|\)|20\d\d|19\d\d|[:：])"
)
_OFFICE = re.compile(
    r"[\u3400-\u9fff（）]{4,30}(?:政府|委员会|局|厅|部|院|会|公司|办公室|办公厅|中心|工会|大学|学院|协会|联合会|支队|法院|检察院|处|站|所)"
)
_OFFICE_IN_BRACKETS = re.compile(
    r"[（(](?:供稿[:：])?(?P<office>" + _OFFICE.pattern + r")(?:供稿)?[）)]$"
)
_DATE_ALONE = re.compile(
    r"^\D{0,4}\d{4}\s?[年.-]\s?\d{1,2}\s?[月.-]\s?\d{1,2}\s?日?\D{0,20}$|^[二〇零一三四五六七八九十年月日\s]{8,14}$"
)
_META = (
    "citation_authors",
    "citation_author",
    "dc.creator",
    "author",
    "article:author",
    "byline",
    "og:author",
)
_MOST_MARKED = 3
_LONGEST_LINE = 120
_LONGEST_PEN_NAME = 8


def author(around: Surroundings) -> str | None:
    """Join several authors by a space; a person who wrote goes before an account, an editor comes last."""
    for find in _FINDERS:
        names = list(dict.fromkeys(name for name in find(around) if name))
        if names:
            return " ".join(names)
    return None


def _labelled(around: Surroundings) -> list[str]:
    """Systems that know no author put the editor in his place: then anybody else who is named goes first."""
    put: list[str] = []
    for line in (
        *short_lines(around.head),
        *short_lines(around.closing),
        *short_lines(around.tail),
    ):
        names = _labelled_in(line)
        if names and set(names).issubset(_edited_by(_EDITOR_IN_CHARGE, line)):
            put = put or names
        elif names:
            return names
    for line in (*around.closing, *around.tail[:2]):
        if names := _labelled_at_the_end(line.text):
            return names
    for line, following in pairwise(around.head):
        if (
            re.fullmatch(r"作\s{0,4}者\s?[:：]?", line.text)
            and len(following.text) <= _LONGEST_NAME
            and not following.text.endswith(("：", ":"))
        ):
            names = _named(following.text)
            if names and not re.search(r"\d{4}", following.text):
                return names
    return [] if reporters(around) or final_names(around) else put


def _labelled_in(line: Line) -> list[str]:
    if names := _described(line.text):
        return names
    for found in _AUTHOR.finditer(line.text):
        if _is_apart(line, found.start()) and (names := _named(found["name"] or found["text"])):
            return names
    spaced = _AUTHOR_SPACED.search(line.text)
    return people(spaced["name"]) if spaced is not None else []


def _labelled_at_the_end(text: str) -> list[str]:
    """Read the brackets that close a paragraph of any length."""
    found = _BRACKETED.search(text[-_LONGEST_LINE:])
    if found is None:
        return []
    label = _AUTHOR.search(found["inside"])
    return _described(found["inside"]) or (_named(label["name"] or label["text"]) if label else [])


def _described(text: str) -> list[str]:
    """Read 作者王小满系河湾大学教授, at times without any word between name and office."""
    found = _SYSTEM.search(text[-_LONGEST_LINE:])
    return [found["name"]] if found is not None and is_person(found["name"]) else []


def _is_apart(line: Line, start: int) -> bool:
    """Tell a byline, alone or among other facts, from a mention within a sentence."""
    return start < _LONGEST_LINE and not re.search(r"[，。；]\S{6}", line.text[:start])


def _named(text: str) -> list[str]:
    """Read what follows 作者：, which may be people, a pen name or an office."""
    cut = _STOP.split(text.strip(), maxsplit=1)[0].strip(" 　，,。;；、|·")
    names = people(cut)
    if names:
        return names
    tokens = re.split(r"[、&＆，,；;|｜丨]|\s{2,}", cut)
    if " " in tokens[0] and not re.fullmatch(r"[A-Za-z .'-]+", tokens[0]):
        tokens = [*tokens[0].split(" "), *tokens[1:]]
    named = [token.strip() for token in tokens]
    if _OFFICE.fullmatch(named[0]) and (staff := [name for name in named if is_person(name)]):
        return staff
    named = [name for name in named if 1 < len(name) <= 30 and not PLACEHOLDER.match(name)]  # noqa: PLR2004 (pen names)
    return named[:4] if all(len(name) <= _LONGEST_PEN_NAME for name in named) else named[:1]


def _declared(around: Surroundings) -> list[str]:
    names = [around.page.meta[name][:_LONGEST_LINE] for name in _META if name in around.page.meta]
    names += linked_data_names(around.page, "author")
    marked = around.page.tree.xpath("//*[@itemprop='author' or @rel='author']")[:_MOST_MARKED]
    names += [inner_text(element)[:_LONGEST_LINE] for element in marked]
    edited = set(_editors(around))
    for name in names:
        given = people(name)
        if given and not edited.intersection(given):
            return given
    return []


def _named_line(around: Surroundings) -> list[str]:
    """Take a line between headline and text that holds nothing but names."""
    if around.headline is None:
        return []
    for line in around.lines[around.headline + 1 : around.first][:_NAMED_LINES]:
        bare = _BESIDES.sub("", _DATE_BEFORE.sub("", line.text[:_LONGEST_LINE])).lstrip("—－- ")
        found = _NAMES_ALONE.fullmatch(_DESK_BEFORE.sub("", bare))
        if found is None or line.is_link or line.heading:
            continue
        names = people(found["names"])
        is_sure = bool(found["mark"]) or len(names) > 1 or len(line.text) > 2  # noqa: PLR2004 (also a word)
        if is_sure and sum(map(len, names)) == len("".join(_HAN.findall(found["names"]))):
            return names
    return []


def _suppliers(around: Surroundings) -> list[str]:
    for line in (*short_lines(around.closing), *short_lines(around.tail[:6]), *around.head):
        found = _SUPPLIER.search(line.text) if len(line.text) <= _LONGEST_LINE else None
        if found is not None and (names := _named(found["name"])):
            return names
    return []


def _signatures(around: Surroundings) -> list[str]:
    """Find the office that signs a notice above the date at the end, or in brackets after the last sentence."""
    closing = around.closing
    for index, line in enumerate(closing):
        if _OFFICE.fullmatch(line.text) and (
            index == len(closing) - 1 or _DATE_ALONE.search(closing[index + 1].text)
        ):
            return [line.text]
    for line in closing[-1:]:
        found = _OFFICE_IN_BRACKETS.search(line.text[-40:])
        if found is not None:
            return [found["office"]]
    return []


def _editors(around: Surroundings) -> list[str]:
    for line in (*around.tail, *reversed(around.closing), *around.head):
        if names := _edited_by(_EDITOR, line):
            return names
    for line in around.below:
        if names := _edited_by(_EDITOR_IN_CHARGE, line):
            return names
    return []


def _edited_by(pattern: re.Pattern[str], line: Line) -> list[str]:
    for found in pattern.finditer(line.text[-_LONGEST_LINE:]):
        told = _OTHER_ROLE.split(found["name"], maxsplit=1)[0]
        names = people(told) or (_pen_name(told) if found["mark"] else [])
        if names:
            return names
    return []


def _pen_name(text: str) -> list[str]:
    token = re.split(r"[\s|，,。）)\]】_]", text.strip(" :：]】)）"))[0]
    if (
        1 < len(token) <= _LONGEST_PEN_NAME
        and not PLACEHOLDER.match(token)
        and re.fullmatch(r"[\u3400-\u9fffA-Za-z0-9]+", token)
        and not _NO_EDITOR.search(token)
    ):
        return [token]
    return []


def _declared_editors(around: Surroundings) -> list[str]:
    for name in _META:
        value = around.page.meta.get(name, "")[:_LONGEST_LINE].strip()
        if people(value):
            return people(value)
    return []


_FINDERS: tuple[Callable[[Surroundings], list[str]], ...] = (
    _labelled,
    reporters,
    final_names,
    _named_line,
    _declared,
    posters,
    members,
    accounts,
    owners,
    _suppliers,
    _signatures,
    _editors,
    _declared_editors,
)
