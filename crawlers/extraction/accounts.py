"""Accounts that publish: who opened a thread, owns a blog, or runs an account on a platform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from crawlers.extraction.linked_data import linked_data_names
from crawlers.extraction.page import inner_text
from crawlers.extraction.surroundings import Surroundings, short_lines

LONGEST_ACCOUNT = 24
PLACEHOLDER = re.compile(
    r"^(?:未知|佚名|匿名|不详|无|暂无|网络|互联网|本站|本网|本报|本刊|本报综合|综合报道|整理|原创|小编|编辑部?|(?:系统|超级|网站)?管理员|admin(?:istrator)?|editor|news|root|guest|未填|转载|综合|null|none|undefined|n/a|-+|\d+)$",
    re.IGNORECASE,
)
_DATE = r"(?:19|20)\d\d\s?[-/.年]"
_LATELY = r"[今昨前]天|刚刚|\d{1,2}\s?(?:秒|分钟|小时|天)前|半小时前|\d{1,2}-\d{1,2}\s\d\d:\d\d"
_POSTERS = (
    re.compile(r"(?:发\s?[信帖贴表]\s?人|发[帖贴]者|[发上][布传][者人]|投稿人|楼\s?主|博\s?主|贴主|发言人昵称)\s?[:：]\s{0,3}(?P<name>[^\s(（，。|]{2,24})"),
    re.compile(r"由\s{0,2}(?P<name>[^\s，。、]{1,20}?)\s{0,2}(?:于\s?(?=" + _DATE + r")|(?:张贴|发表|发布|发帖|发贴)[^，。]{0,8}(?=@|\d{1,2}:\d\d|" + _DATE + r"))"),
    re.compile(r"^(?!posted)(?P<name>[^\s，。：:]{2,24})\s{0,3}(?:发表于|发布于|发表在|提交于|写于|贴于|@)[:：\s]{0,3}(?:\d{1,2}:\d\d|" + _DATE + "|" + _LATELY + ")"),
    re.compile(r"^\[?\s{0,2}(?P<name>[^\s，。：:]{2,24})\s{0,3}\]?\s{0,2}于\s{0,3}" + _DATE + r".{4,20}(?:发布|发表|写道|编辑|[上发][贴帖]|提交)"),
    re.compile(r"(?:\d{2}:\d{2}(?::\d{2})?)\s{1,3}by\s{1,2}(?P<name>\S{2,20})", re.IGNORECASE),
    re.compile(r"posted\s?(?:@|on|at)\s{0,2}" + _DATE + r"[\d\-/.年月日: ]{4,20}\s{1,3}(?:by\s{1,2})?(?P<name>[^\s(（]{2,24})", re.IGNORECASE),
    re.compile(r"posted by:?\s{1,2}(?P<name>[^\s,]{2,24})", re.IGNORECASE),
)  # fmt: skip
_RANK = re.compile(
    r"^(?:新手上路|注册会员|[初中高]级会员|金牌会员|论坛元老|版主|超级版主|等级|级别|头衔|积分|经验|帖子|发帖|文章|威望)"
    r"(?:\s?[:：]?\s?\S{0,12})$"
)
_OWNED = re.compile(
    r"(?:^|[-_|－—:：\s])(?P<name>[^-_|－—:：\s的]{2,16})(?:的?(?:新浪|搜狐|网易)?(?:博客|BLOG|blog|Blog|博客空间|个人空间|专栏|日志|随笔)"
    r"(?=$|[-_|－—\s])|\s?[-_|]\s?(?:新浪博客|网易博客|搜狐博客|博客园|博客大巴|博客网|凤凰博报|百度空间)$)"
)
_DAY = re.compile(r"((?:19|20)\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})")
_BEFORE_DATE = re.compile(
    r"^(?P<name>[\u3400-\u9fffA-Za-z0-9_·-]{2,16})\s{1,3}(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}\s\d\d:\d\d(?::\d\d)?$"
)
_LONGEST_LINE = 120
_LONGEST_TITLE = 300
_OUTLET = re.compile(
    r"(?:网|报|社|新闻|电视台|在线|频道|客户端|杂志|周刊|时间|日期|发布|发表|更新|于)$"
)
_LABEL = re.compile(
    r"author|nick-?name|user-?name|js_name|poster|blogger|media-?(?:name|user)|source-?name|up-?name|profile_nickname|"
    r"\bpgc\b|account|account-?name|\bwriter\b",
    re.IGNORECASE,
)
_IN_SCRIPT = re.compile(
    r"""\b(?:nickname|nick_?name|author_?name|media_?name)["']?\s?[:=]\s?["'](?P<name>[^"'<>\\]{2,30})["']""",
    re.IGNORECASE,
)
_MEDIUM = re.compile(
    r"""\bmediaInfo["']?\s?:\s?\{[^{}]{0,200}?\bname["']?\s?:\s?["'](?P<name>[^"'<>\\]{2,30})["']"""
)
_PROFILE = re.compile(
    r"/(?:people|users?|u|members?|authors?|space|profile|home)/[^/?#]{1,60}/?(?:$|[?#])|[?&](?:uid|userid)=\d|space-uid-\d",
    re.IGNORECASE,
)
_LINES_BELOW = 12
_PLATFORM = re.compile(r"(?:网易|搜狐|头条|百家|企鹅|大风|大鱼|快传|一点|新浪|澎湃)号")
_SOURCE = re.compile(r"来源\s{0,2}[:：]\s{0,2}(?P<name>\S{2,20})")
_NO_NAME = re.compile(
    r"^(?:\W*|\d{0,3}[#楼]|楼主|沙发|板凳|地板|.*(?:推荐|文章|版$|博客$|阅读|浏览)|[本该此原]文|.*来源.*|.*(?:编辑|锁定|讨论|上传|词条).*|关注|登[录陆]|退出|注册|设置|消息|我的.{0,4}|会员(?:中心)?|通行证|用户名?|昵称|密码|游客|搜索|分享|举报|首页|作者|更多|企鹅号|网易|新浪|搜狐|腾讯网?|订阅|\+关注|原创|author|admin|管理员|来源.*|.*[:：])$",
    re.IGNORECASE,
)


def posters(around: Surroundings) -> list[str]:
    """Give who posted: forums and blogs say it in words beside the time."""
    days = {day for line in around.head for day in _days(line.text)}
    for place, lines in enumerate((around.head, around.within, around.tail[:6])):
        for line in short_lines(lines):
            # Where the head says when, a post of another day is a comment.
            if place and days and not days.intersection(_days(line.text)):
                continue
            if name := _poster(line.text):
                return [name]
    for line in around.head:
        before = _BEFORE_DATE.match(line.text)
        if (
            before is not None
            and not _OUTLET.search(before["name"])
            and _is_account(before["name"])
        ):
            return [before["name"]]
    return []


def _poster(text: str) -> str | None:
    if len(text) > _LONGEST_LINE:
        return None
    for pattern in _POSTERS:
        found = pattern.search(text)
        if found is not None and _is_account(name := found["name"].strip("【】[]()（）:：")):
            return name
    return None


def _days(text: str) -> set[tuple[int, ...]]:
    return {tuple(map(int, found)) for found in _DAY.findall(text[:_LONGEST_LINE])}


def members(around: Surroundings) -> list[str]:
    """Give the name above a member's rank: forums without classes set name, rank and count below each other."""
    lines = around.head
    for line, following in pairwise(lines):
        if _RANK.search(following.text) and _is_account(line.text) and not _RANK.search(line.text):
            return [line.text]
    return []


def owners(around: Surroundings) -> list[str]:
    """Give whose blog it is, by the name of the page."""
    for element in around.page.tree.iter("title"):
        found = _OWNED.search(inner_text(element)[:_LONGEST_TITLE])
        if found is not None and _is_account(found["name"]):
            return [found["name"]]
        break
    return []


def accounts(around: Surroundings) -> list[str]:
    """Give the account whose name the markup, the linked data or a script of the page marks as such."""
    name = next((name for name in _marked(around) if _is_account(name)), None)
    return [name] if name else []


def _marked(around: Surroundings) -> Iterator[str]:
    for line in around.head:
        for label, text in (*line.pieces, (line.label, line.text)):
            if _LABEL.search(label):
                yield text
    yield from linked_data_names(around.page, "author")
    yield from _profiled(around)
    site = around.page.meta.get("og:site_name", "")
    # A blog bears its owner's name, a paper its own.
    if (
        len(site) > 1
        and not _OUTLET.search(site)
        and around.page.meta.get("author", "").startswith(site)
    ):
        yield site
    if any(_PLATFORM.search(line.text) for line in around.head):
        yield from (found["name"] for line in around.head if (found := _SOURCE.search(line.text)))
    for pattern in (_IN_SCRIPT, _MEDIUM):
        found = pattern.search(around.page.source)
        if found is not None:
            yield found["name"]


def _profiled(around: Surroundings) -> Iterator[str]:
    """Give the names in the head that lead to the page of a person."""
    head = around.lines[around.headline + 1 :][:_LINES_BELOW] if around.headline is not None else []
    linked = [line.text for line in head if line.linked and len(line.text) <= _LONGEST_LINE]
    if not linked:
        return
    for anchor in around.page.tree.iter("a"):
        if _PROFILE.search(anchor.get("href") or ""):
            name = inner_text(anchor)
            if 1 < len(name) <= LONGEST_ACCOUNT and any(name in text for text in linked):
                yield name


def _is_account(text: str) -> bool:
    return (
        1 < len(text) <= LONGEST_ACCOUNT
        and not _NO_NAME.match(text)
        and not PLACEHOLDER.match(text)
        and not re.search(r"\d{4}-\d|[：:，。？！>]|\d\s?\S{1,2}前|\s\d+(?:\.\d)?[KkWw万]?$", text)
    )
