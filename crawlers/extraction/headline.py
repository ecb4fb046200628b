"""The headline of a page as it is shown, without the name of its site."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crawlers.extraction.line_weights import heads_other_stories
from crawlers.extraction.linked_data import linked_data
from crawlers.extraction.page import SPACES, Page, inner_text
from crawlers.extraction.people import is_person
from crawlers.extraction.surroundings import Span, first_paragraph
from crawlers.extraction.visible_lines import Line, visible_lines

LONGEST = 150
_META = ("og:title", "articletitle", "twitter:title", "citation_title", "dc.title", "headline")
_MARKUP = re.compile(r"<[^<>]{1,80}>")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202e\ufeff\ue000-\uf8ff]")
_SEPARATOR = re.compile(
    r"\s*(?:[_|｜丨<＜]|--+|——(?=[^—]{2,12}$)|\s[-–—]+\s|[-–—](?=[^-–—]{2,30}$))\s*"
)
_SITE = re.compile(
    r"(?:网|网站|新闻|频道|日报|晚报|晨报|时报|商报|早报|在线|博客|论坛|门户|中心|财经|资讯|专栏|首页|官网|"
    r"官方网站|头条|百科|专区|医院|大学|学院|政府|委员会|社区|客户端|贴吧|知乎|豆瓣|微博|搜狐|科技|娱乐|体育|"
    r"\.(?:com|cn|net|org)|news|blog|CSDN博客|bilibili|哔哩哔哩|公众平台)[^，。]{0,12}$",
    re.IGNORECASE,
)
_ONLY_SITE = re.compile(
    r"(?:网|网站|日报|晚报|在线|论坛|博客|频道|社区|首页|官网|主页|总工会|公司|集团|局|厅|协会|学会|联合会|政府|委员会|大学|学院|医院)$"
)
_TITLE_LABEL = re.compile(
    r"title|tit\b|headline|biaoti|\bbt\b|subject|activity-name", re.IGNORECASE
)
_LESSER_LABEL = re.compile(
    r"sub-?title|crumb|nav|menu|hot|rank|recommend|related|list", re.IGNORECASE
)
_NO_HEADLINE = re.compile(
    r"^(?:[（(]?原标题|(?:来源|作者|编辑|记者|文)\s?[:：|｜丨/]|发信[人站]|责编|责任编辑|当前位置|您的位置|分享(?:到|至|[:：]|$)|扫一扫|字[号体]|点赞|打印|正文$|首页)|[>＞»›].*[>＞»›]|[>＞]\s*(?:正文)?$"
    r"|^\W*$|^\S{1,6}[:：]\s?\d+$|^[\d\-/:年月日 .]+$|https?://"
)
_BYLINE = re.compile(r"(?:19|20)\d\d\s?[-年/.]\s?\d|来源|作者|发表于|记者")
_DATED = re.compile(r"(?:19|20)\d\d[-年/.]\d{1,2}[-月/.]\d|^https?:")
_CALLED = re.compile(
    r"^(?:主\s*题|标\s*题|题\s*目|文章标题|帖子主题|贴子主题|正在阅读|当前文章)\s?[:：]\s*(?=\S)"
)
_ORNAMENT = re.compile(r"^[*·•■●◆★☆►▶※]+\s*")
_CUT = re.compile(r"(?:\.{3}|…)+$")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟＂「」『』‘’'′`´", '"'))
_SHORT = 8
LONGEST_SITE = 16
_SITE_SHARE = 0.15
_LONG_BEGINNING = 12
_LEAST_AGREED = 3.0
_LEAST_ALONE = 0.5
_SURE_ALONE = 4.5
_FARTHEST_ALONE = 25
_LONGEST_LINE = 300
_HAN = re.compile(r"[\u3400-\u9fff]")
MOST_LINES = 3000


@dataclass(frozen=True, slots=True)
class Headline:
    """``index`` is the line that shows it, None when no line does."""

    text: str
    index: int | None


@dataclass(frozen=True, slots=True)
class _Claim:
    """A title that the page gives outside of its visible text; ``part`` is it without the site's name."""

    text: str
    key: str
    part: str
    part_key: str
    is_cut: bool
    is_site: bool


def page_title(page: Page) -> str:
    """Name a page of any kind; an article's headline is better found with its text (`headline`)."""
    return headline(page, visible_lines(page.tree), Span(0, 0)).text


def headline(page: Page, lines: Sequence[Line], text: Span) -> Headline:
    """Choose the line that most looks like the headline, by what the page claims and where it stands."""
    claims = list(_claims(page))
    told = next((claim for claim in claims if _is_telling(claim)), claims[0] if claims else None)
    start = first_paragraph(lines, text) if text.end else None
    best, best_score, is_agreed = None, -1.0, False
    for index, line in enumerate(lines[:MOST_LINES]):
        shown = _clean(line.text) if len(line.text) <= _LONGEST_LINE else ""
        if not 1 < len(shown) <= LONGEST or _NO_HEADLINE.search(shown):
            continue
        agreement, spelled = _agreement(shown, lines[index + 1 : index + 2], claims)
        if not agreement and not _may_stand_alone(shown, line, index, start):
            continue
        score = agreement + _standing(line, spelled) + _nearness(index, start)
        score += _setting(lines, index)
        score += 1.5 * (_CALLED.match(line.text) is not None)
        if score > max(best_score, _LEAST_AGREED if agreement else _LEAST_ALONE):
            best, best_score, is_agreed = Headline(spelled, index), score, bool(agreement)
    if best is None or (not is_agreed and best_score < _SURE_ALONE and _is_telling(told)):
        return Headline(told.part if told else "", None)
    return best


def _may_stand_alone(shown: str, line: Line, index: int, start: int | None) -> bool:
    """Spare the lines that no claim speaks for and that stand far from the text."""
    if is_person(shown) or heads_other_stories(shown):
        return False
    is_near = start is not None and start - _FARTHEST_ALONE < index <= start + 1
    return (is_near or line.heading > 0) and _DATED.search(shown) is None


def _is_telling(claim: _Claim | None) -> bool:
    """Tell a claim that names an article from one that only names its site or column."""
    return (
        claim is not None
        and len(_HAN.findall(claim.part)) >= _SHORT
        and not _SITE.search(claim.part)
    )


def _claims(page: Page) -> Iterator[_Claim]:
    given = [inner_text(element) for element in page.tree.xpath("//head//title|//title[1]")][:1]
    given += [page.meta[name] for name in _META if name in page.meta]
    given += list(linked_data(page, "headline"))[:1]
    for text in given:
        clean = _clean(text[:_LONGEST_LINE])
        if clean:
            part = _without_site(clean)
            is_cut = _CUT.search(clean) is not None or _CUT.search(part) is not None
            is_site = (
                part == clean
                and len(clean) <= LONGEST_SITE
                and _ONLY_SITE.search(clean) is not None
            )
            begun = _CUT.sub("", part if is_cut else clean)
            yield _Claim(clean, _key(begun), part, _key(part), is_cut, is_site)


def _agreement(
    shown: str, following: Sequence[Line], claims: Sequence[_Claim]
) -> tuple[float, str]:
    """Say how well a line agrees with what is claimed, and which of the two is spelled better.

    A headline may go over two lines; together they must agree better than the first alone.
    """
    best, spelled = 0.0, shown
    key = _key(shown)
    for claim in claims:
        found = _agreement_with(claim, key, shown)
        if claim.is_site:
            found = (found[0] * _SITE_SHARE, found[1])
        if found[0] > best:
            best, spelled = found
        if following and key in claim.key and key != claim.key:
            after = _clean(following[0].text[:LONGEST])
            spaced = f"{shown} {after}"
            for joined in (spaced, shown + after) if spaced in claim.text else (shown + after,):
                found = _agreement_with(claim, _key(joined), joined)
                if after and found[0] > best:
                    best, spelled = found
    return best * min(1.0, (len(_key(spelled)) + 2) / (_SHORT + 2)), spelled


def _agreement_with(claim: _Claim, key: str, shown: str) -> tuple[float, str]:
    longer = min(len(key), 40) / 20
    if not key or not claim.key:
        return 0.0, shown
    if key == claim.key:
        return 6 + longer, shown
    if claim.is_cut and key.startswith(claim.key):
        return 5 + longer, shown
    if key in claim.key:
        return (4 if _begins(claim.key, key) else 1.5) + longer, shown
    if claim.part_key in key and len(claim.part_key) > max(_SHORT, 0.5 * len(key)):
        return 3.5 + longer, claim.part
    return 0.0, shown


def _begins(claim: str, key: str) -> bool:
    """Count a short beginning only when the claim goes on with a separator."""
    return claim.startswith(key) and (len(key) > _LONG_BEGINNING or claim[len(key)] in "_|-—–丨")


def _standing(line: Line, shown: str) -> float:
    """Say how much a line looks like a headline by its markup."""
    score = {0: 0.0, 1: 3.0, 2: 2.0}.get(line.heading, 1.5)
    if _TITLE_LABEL.search(line.label.rpartition(" ")[2]):
        score += 1.5
    elif _LESSER_LABEL.search(line.label):
        score -= 1
    elif _TITLE_LABEL.search(line.label):
        score += 1
    if line.is_link:
        score -= 0.7
    if shown.startswith(("—", "－－", "--")):
        score -= 2
    if len(shown) > 70 or shown.endswith(("。", ".")):  # noqa: PLR2004 (headlines are shorter)
        score -= 3
    return score


def _setting(lines: Sequence[Line], index: int) -> float:
    """Judge by the neighbours: a byline follows a headline, and links stand among links in menus."""
    before = lines[index - 1] if index else None
    score = 0.8 * any(_BYLINE.search(after.text) for after in lines[index + 1 : index + 3])
    if before is not None and before.is_link and lines[index].is_link:
        score -= 1.5
    if before is not None and _DATED.search(before.text):
        score -= 0.8
    return score


def _nearness(index: int, start: int | None) -> float:
    """Give most to the line right before the first paragraph; bylines and tools may stand between."""
    if start is None:
        return 0.0
    distance = start - index
    if distance > 0:
        return max(0.0, 2.2 - 0.2 * distance)
    return -1.5 if distance else -0.5


def _without_site(title: str) -> str:
    parts = _SEPARATOR.split(title)
    while len(parts) > 1 and (_SITE.search(parts[-1]) or len(parts[-1]) <= 6):  # noqa: PLR2004 (a column)
        parts.pop()
    kept = title[: title.find(parts[-1]) + len(parts[-1])] if parts else title
    return kept.strip() or title


def _clean(text: str) -> str:
    text = html.unescape(html.unescape(text)) if "&" in text else text
    text = _INVISIBLE.sub("", _MARKUP.sub("", text))
    return _CALLED.sub("", _ORNAMENT.sub("", SPACES.sub(" ", text.replace("\n", " ")).strip()))


def _key(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES)
    return "".join(folded.split()).lower()
