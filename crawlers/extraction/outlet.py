"""Which outlet an article stands in, and which it was taken from (来源：)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawlers.extraction.linked_data import linked_data_names
from crawlers.extraction.page import Page, inner_text
from crawlers.extraction.surroundings import Surroundings

_SOURCE = re.compile(
    r"(?:信息|稿件|文章|新闻|本文)?(?<![料片据材金入])(?:[来來]\s{0,2}源(?:于|自)?|稿\s?源|转\s?自|转载自|摘\s?自|出\s?处|原\s?载|来\s?自)\s{0,2}[:：|｜丨︱│/／]?\s{0,3}"
    r"\[?\s?(?P<name>[《「“]?[^\s:：，。；|｜;（）()【】\[\]<>]{2,24}(?:\s?[-－—]\s?《[^》]{2,20}》)?)"
)
_AFTER_DATE = re.compile(
    r"\d{1,2}:\d\d(?::\d\d)?\s{1,3}(?P<name>[\u3400-\u9fff]{2,10}(?:报|网|社|新闻|周刊|杂志|电视台|客户端|财经|在线))(?=$|\s)"
)
_BEFORE_DATE = re.compile(
    r"^(?P<name>[\u3400-\u9fff]{2,10}(?:报|网|社|新闻|周刊|杂志|电视台|客户端|在线))\s{1,3}(?:19|20)\d\d[-/.年]\d"
)
_CITED = re.compile(
    r"[（(]\s?据(?P<name>[\u3400-\u9fff《》]{2,14}(?:报|网|社|新闻|周刊|客户端|在线)》?)[）)]$"
)
_LABEL_ALONE = re.compile(r"^(?:信息|稿件|文章|本文)?[来來]\s{0,2}源\s?[:：]?$")
_END = re.compile(
    r"(?:作者|记者|责任编辑|责编|编辑|发布|时间|日期|[大中小]?字号|字体|浏览|点击|阅读|举报|分享|打印|(?:19|20)\d\d|\d{1,2}[-:]\d\d).*$"
)
_NEEDS_COLON = re.compile(r"^[^:：|｜丨︱│/／]*$")
_PARTS = re.compile(r"\s?[-－—–]{1,2}\s?(?=《?[\u3400-\u9fff])")
LONGEST_TITLE = 500
_MARKS = str.maketrans("", "", "《》「」“”\"' \u3000\xa0")
_SITE_NAME = re.compile(
    r"(?:网|在线|新闻|日报|晚报|晨报|时报|商报|早报|频道|论坛|博客|社区|客户端|订阅|财经|报|传媒|医院|大学|学会|协会|政府|[A-Za-z]{3,})$"
)
_DOMAIN = re.compile(r"\s?[(（][\w.-]{3,30}[)）]$")
_OFFICIAL = re.compile(r"(?:官方网站|官网|官方)$")
_TITLE_PARTS = re.compile(r"\s*(?:[_|｜丨]|--+|——|\s[-–—]\s|[-–—](?=[^-–—]{2,30}$))\s*")
_AGENCY = re.compile(r"(?:通讯社|通訊社|新社|华社|華社|电台|電台|日报|日報|晚报|晚報)(?:$|-)")
_HAN = re.compile(r"[\u3400-\u9fff]")
_HOSTS = {
    "people.com.cn": "人民网", "news.cn": "新华网", "xinhuanet.com": "新华网", "163.com": "网易", "sina.com.cn": "新浪",
    "sina.cn": "新浪", "sohu.com": "搜狐", "qq.com": "腾讯", "ifeng.com": "凤凰网", "thepaper.cn": "澎湃新闻", "gmw.cn": "光明网",
    "cctv.com": "央视网", "cnr.cn": "央广网", "chinanews.com.cn": "中国新闻网", "chinanews.com": "中国新闻网", "youth.cn": "中国青年网",
    "workercn.cn": "中工网", "acftu.org": "中华全国总工会", "huanqiu.com": "环球网", "guancha.cn": "观察者网", "caijing.com.cn": "财经网",
    "southcn.com": "南方网", "bjnews.com.cn": "新京报", "stcn.com": "证券时报网", "hexun.com": "和讯网", "china.com.cn": "中国网",
}  # fmt: skip
_NOT_A_SOURCE = re.compile(
    r"^(?:互联网|网络|转载文章|转载|本站|本站原创|原创|未知|不详|网友|作者|综合|\d+)$|[，。！？]|^(?:的|于|为)"
)
_PORTAL = re.compile(r"新浪|搜狐|网易|腾讯|凤凰|澎湃|和讯|央视|新华|中新")
_PLATFORM = re.compile(r"^(?:微信公众平台|Weixin Official Accounts Platform|Yahoo.*|百家号)$")


def outlet(around: Surroundings, headline: str) -> str | None:
    """Name the site that shows the article; None when the page does not say whose it is."""
    page = around.page
    for name in (
        page.meta.get("og:site_name", ""),
        _name_in_title(page, headline),
        _name_of_host(page),
    ):
        if name and not _PLATFORM.match(name):
            return name
    return None


def original_source(around: Surroundings, outlet: str | None) -> str | None:
    """Name whom a reprint was taken from; None when that is the outlet itself."""
    return next(
        (name for name in _sources(around) if outlet is None or not _same(name, outlet)), None
    )


def named_source(text: str) -> str | None:
    """Give the first source that a line of facts names."""
    return next(_in_line(text), None)


def _sources(around: Surroundings) -> Iterator[str]:
    head = around.head
    for place, line in enumerate(head):
        if len(line.text) > 200:  # noqa: PLR2004 (a line of facts is shorter)
            continue
        yield from _in_line(line.text)
        if (
            _LABEL_ALONE.match(line.text)
            and place + 1 < len(head)
            and (name := _clean(head[place + 1].text))
        ):
            yield name
    if name := _clean(
        re.sub(
            r"^来源[:：]",
            "",
            around.page.meta.get("contentsource")
            or around.page.meta.get("articlesource")
            or around.page.meta.get("source")
            or around.page.meta.get("mediaid")
            or "",
        )
    ):
        yield name
    yield from (name for name in linked_data_names(around.page, "author") if _AGENCY.search(name))
    for line in (*around.closing[-2:], *around.tail[:6]):
        if len(line.text) <= 60:  # noqa: PLR2004 (as above)
            yield from _in_line(line.text)


def _in_line(text: str) -> Iterator[str]:
    for pattern in (_AFTER_DATE, _BEFORE_DATE, _CITED):
        beside = pattern.search(text)
        if beside is not None and (name := _clean(beside["name"])):
            yield name
    for found in _SOURCE.finditer(text):
        whole = found[0]
        # Without a colon only a line's beginning names a source: 本文来源于国家统计局.
        if _NEEDS_COLON.match(whole) and (found.start() > 1 or whole.startswith("来自")):
            continue
        # A site may set its own name before or behind the first source's.
        for part in reversed(_PARTS.split(found["name"])):
            if (name := _clean(part)) and (whole[:2] != "来自" or _SITE_NAME.search(name)):
                yield name


def _clean(text: str) -> str | None:
    name = _END.sub("", text).translate(_MARKS).strip("|｜-—：:、.·•")
    name = name.removeprefix("综合").removeprefix("微信公众号")
    return name if 2 <= len(name) <= 24 and not _NOT_A_SOURCE.search(name) else None  # noqa: PLR2004 (names of outlets)


def _name_in_title(page: Page, headline: str) -> str | None:
    """Take the last part of a page's title: most often the name of its site."""
    whole = next((inner_text(element) for element in page.tree.iter("title")), "")[:LONGEST_TITLE]
    if not whole or whole == headline:
        return None
    rest = whole.partition(headline)[2] if headline and headline in whole else whole
    parts = [part for part in _TITLE_PARTS.split(rest) if part]
    parts.sort(key=lambda part: _HAN.search(part) is not None)
    for part in reversed(parts):
        name = _OFFICIAL.sub("", _DOMAIN.sub("", part.strip()))
        if len(parts) == 1 and 3 <= len(name) <= 12:  # noqa: PLR2004 (all that follows the headline)
            return name
        if 2 <= len(name) <= 20 and _SITE_NAME.search(name) and "." not in name:  # noqa: PLR2004 (names of sites)
            return name
    return None


def _name_of_host(page: Page) -> str | None:
    host = page.url.split("//")[-1].split("/")[0].split(":")[0].lower()
    for known, name in _HOSTS.items():
        if host == known or host.endswith("." + known):
            return name
    return None


def _same(one: str, other: str) -> bool:
    """Tell an outlet and its own channels from two outlets."""
    portal = _PORTAL.match(one)
    return one in other or other in one or (portal is not None and other.startswith(portal[0]))
