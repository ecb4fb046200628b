"""How much each line of a page speaks for being part of an article, in characters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from core.matching_text import matching_text
from crawlers.extraction.layout import Block, Layout, TextLine
from crawlers.extraction.page_titles import is_headline

# Some write a space where others write a comma.
SENTENCE = re.compile(
    r"[。！？；，、!?]|[,.;](?=\s|[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff]{6})\s(?=[\u4e00-\u9fff]{4})"
)
_BOILERPLATE = re.compile(
    r"版权所有|版权声明|免责声明|责任编辑|责编[:：]|icp备|icp证|公网安备|copyright|all rights reserved"
    r"|相关阅读|推荐阅读|延伸阅读|分享到|分享至|扫一扫|发表评论|转载请注明|未经授权|许可证"
    r"|打开app|下载app|阅读原文|返回搜狐|特别声明|查看原图|(?:不得|严禁|禁止)(?:擅自)?转载|非经授权|(?:不代表|不表明).{0,12}(?:观点|立场)|文明上网|隐私权规范|(?:地址|邮编|传真)[:：].{0,40}(?:电话|传真|邮编|邮箱)[:：]"
)
# A last paragraph may end with these without a break.
_ENDING = re.compile(
    r"(?<=[。！？”…」）)])\W{0,4}(?:责任编辑|责编|返回搜狐|阅读原文|打开app|下载app|查看原图).{0,24}$"
)
_LEAST_BEFORE_ENDING = 15
# These words stand in running text too, so only a very short line is told by them.
_BUTTON = re.compile(
    r"[上下]一[篇页]|二维码|点击查看|登录|注册|举报|客服|联系我们|关于我们|网友评论|跟帖|声明[:：]|客户端"
    r"|播报|^\[?编辑\]?$|^广告|纠错|收藏|相关(?:新闻|日志|链接|文章)|内文相关|^图集$|^\+?\d$|正在加载|自动播放|^tags?[:：]|跟贴"
)
# How often a page was read, passed on and spoken of, one number after the other.
_COUNTS = re.compile(
    r"(?:[\W_]{0,6}(?:阅读|浏览|点击|转发|评论|点赞|赞|收藏|分享|在看|回复|跟帖|播放)(?:[量数]|次数|人数)?[\W_]{0,3}\d[\d,.]{0,11}[万亿]?\+?[次人条个]?){1,8}\W{0,6}"
)
_FORMER_HEADLINE = re.compile(r"[（(\[【]?原标题\s?[:：]")
_AROUND = re.compile(
    r"comment|footer|(?:^|[-_ ])foot|sidebar|relat|recommend|share|copyright|crumb|(?:^|[-_ ])nav"
    r"|menu|reply|pinglun|banner|disclaim|statement|hotnews|(?:^|[-_ ])rank"
    r"|(?:^|[-_ ])ad(?:s|v|vert)?(?:$|[-_ ])|toolbar|tooltip|basic-?info|lemma-?catalog|references?-?list|lemma-?reference|popup|dialog|modal|login|qrcode"
    r"|keyword|(?:^|[-_ ])tags?(?:$|[-_ ])",
    re.IGNORECASE,
)
_AROUND_TAGS = frozenset({"aside", "footer", "nav"})
_WHOLE_TAGS = frozenset({"body", "html"})
# A heading of what follows an article. The stronger half never heads an article itself.
_OTHER_STORIES = (
    r"(?:相关|延伸|推荐|更多|精彩)(?:阅读|新闻|报道|链接|文章|推荐|资讯|专题|信息|内容|搜索|图片)"
    r"|猜你喜欢|你可能(?:还|也)?(?:想看|喜欢|感兴趣).{0,6}|[为给][你您]推荐|其他人[也都]在看|大家(?:都|还|也)在看"
    r"|[热最][门点新](?:推荐|文章|新闻|评论|阅读|排行|点击|专题|资讯|发布|更新)|(?:新闻|点击|阅读|热度)排行.?"
    r"|(?:网友|全部|精彩|用户|文章|最新|热门)(?:评论|留言|跟帖|回复)|评论(?:列表|区)|友情链接|(?:阅读)?[上下]一篇"
    r"|发表评论|我来说两句|频道(?:推荐|精选)|编辑推荐|今日(?:热点|推荐|要闻)|作者其他文章|24小时热[闻点榜]"
)
_OTHER = re.compile(rf"[\s\W]*(?:{_OTHER_STORIES})[\s\W]*(?:\d+条?)?[\s\W]*")
_MAYBE_OTHER = re.compile(
    r"[\s\W]*(?:推荐|更多|评论|留言|回复|分享(?:到|至|让更多人看到)?|热门|热点|最新|标签|关键词)[\s\W]*(?:\d+条?)?[\s\W]*"
)
_LONGEST_HEADING = 18
_LONGEST_BOILERPLATE = 80
_LONGEST_BUTTON = 20
_SHORT_LINE = 10
_LONG_LINE = 40
_CHARACTERS_A_MARK = 25
_LEAST_BEFORE = 60
# What surrounds an article is never the greater part of a page.
_LARGEST_SURROUNDING = 0.4
_LARGEST_OTHER = 0.6
# Other stories are linked; most of a page without links is its article, whatever stands above it.
_LARGEST_UNLINKED = 0.5
_LEAST_LINKED = 0.1
_MOSTLY = 0.5
_FEW_LINES = 20
_LEAST_PARAGRAPH = 20
_STORY_TAGS = frozenset({"article", "dd", "div", "dl", "li", "section", "table", "td", "tr"})
_LEAST_STORIES = 3
_MOST = 0.8
_TIMES_A_COMMENT = 2
STAMP = re.compile(
    r"\d{1,2}\s?[-/.月]\s?\d{1,2}日?\s{0,3}\d{1,2}:\d\d|\d\s?(?:分钟|小时|天)前|[昨前今]天\s?\d|\d\s?楼"
)
_LONGEST_STAMP = 60


@dataclass(frozen=True, slots=True)
class Weights:
    """``running`` counts running text; ``loose`` also takes lists and tables, half; both are sums up to a line."""

    running: list[float] = field(repr=False)
    loose: list[float] = field(repr=False)
    gain: list[float] = field(repr=False)
    """The positive part of ``running``, before anything is known to surround the article."""
    is_other: frozenset[int] = field(repr=False)
    """Lines below a heading such as 相关阅读."""
    is_around: frozenset[int] = field(repr=False)
    """Lines of blocks whose names say that they are no text: comments, sharing, advertising."""


def running_weight(line: TextLine) -> float:
    """Give the characters of running text; negative for links, stock phrases and lone words."""
    if line.linked >= 0.5 * line.size:
        return -line.size
    if is_boilerplate(line):
        return -line.size - _SHORT_LINE
    if _FORMER_HEADLINE.match(line.text):
        return 0.0
    marks = len(SENTENCE.findall(line.text))
    if marks == 0:
        return (0.3 if line.size >= _LONG_LINE and not line.linked else -0.5) * line.size
    if line.size < _SHORT_LINE:
        return 0.3 * line.size
    return min(line.size, _CHARACTERS_A_MARK * marks) - 2 * line.linked


def _loose_weight(line: TextLine) -> float:
    if line.linked < 0.3 * line.size and not is_boilerplate(line):
        return 0.5 * line.size
    return -line.size


def is_boilerplate(line: TextLine) -> bool:
    if line.size >= _LONGEST_BOILERPLATE:
        return False
    text = matching_text(line.text)
    ending = _ENDING.search(text)
    if ending is not None and ending.start() > _LEAST_BEFORE_ENDING:
        text = text[: ending.start()]
    return bool(
        _BOILERPLATE.search(text)
        or (line.size <= _LONGEST_BUTTON and _BUTTON.search(text))
        or _COUNTS.fullmatch(text)
    )


def weights(page: Layout, titles: Sequence[str] = ()) -> Weights:
    """Weigh the lines; hidden ones and those that only surround an article count against a block.

    ``titles`` are what the page calls itself, bare.
    """
    lines = page.lines
    running = [0.0 if line.is_hidden else running_weight(line) for line in lines]
    loose = [0.0 if line.is_hidden else _loose_weight(line) for line in lines]
    gain = _sums([max(weight, 0.0) for weight in running])
    size = _sums([float(line.size) for line in lines])
    others = _other_stories(page, gain, titles) | _lists_of_stories(page, gain)
    for index in others:
        running[index] = loose[index] = -lines[index].size
    around: set[int] = set()
    for block in reversed(page.blocks):
        # What stands in a block that surrounds has been counted with it.
        if block.start == block.end or {block.start, block.end - 1} <= around:
            continue
        if not _surrounds(block.element.tag, block.label):
            continue
        inside = gain[block.end] - gain[block.start]
        length = size[block.end] - size[block.start]
        if inside < _LARGEST_SURROUNDING * gain[-1] and length < _LARGEST_SURROUNDING * size[-1]:
            around.update(range(block.start, block.end))
    for index in around:
        against = -0.5 * lines[index].size
        running[index] = min(running[index], against)
        loose[index] = min(loose[index], against)
    return Weights(_sums(running), _sums(loose), gain, frozenset(others), frozenset(around))


def _surrounds(tag: str, label: str) -> bool:
    return tag in _AROUND_TAGS or (tag not in _WHOLE_TAGS and bool(_AROUND.search(label)))


def _other_stories(page: Layout, gain: list[float], titles: Sequence[str]) -> set[int]:
    """Find the lines of blocks that begin with a heading such as 相关阅读, unless the headline stands in them."""
    shown = [index for index, line in enumerate(page.lines) if is_headline(line.text, titles)]
    ends: dict[int, list[int]] = defaultdict(list)
    for block in page.blocks:
        ends[block.start].append(block.end)
    size = _sums([float(line.size) for line in page.lines])
    linked = _sums([float(line.linked) for line in page.lines])
    found: set[int] = set()
    listed = 0.0
    for index, line in enumerate(page.lines):
        if (
            index in found
            or line.size > _LONGEST_HEADING
            or max(ends[index], default=0) < index + 2
        ):
            continue
        heading = matching_text(line.text)
        is_other = bool(_OTHER.fullmatch(heading))
        if not is_other and not _MAYBE_OTHER.fullmatch(heading):
            continue
        told = gain[index] - listed
        before = max((gain[index] - gain[headline] for headline in shown), default=told)
        end = _end_of_stories(index, ends[index], before, sums=(gain, size, linked))
        if any(index < headline < end for headline in shown):
            continue
        is_below = bool(shown) and before > (_LEAST_PARAGRAPH if is_other else _LEAST_BEFORE)
        inside, links = size[end] - size[index], linked[end] - linked[index]
        is_most = inside - links > _LARGEST_UNLINKED * (size[-1] - linked[-1])
        if is_most and links < _LEAST_LINKED * inside and not is_below:
            continue
        below = gain[end] - gain[index]
        is_told = is_other and (
            gain[index] > _LEAST_BEFORE or (shown and before > _LEAST_PARAGRAPH)
        )
        if below < _LARGEST_OTHER * gain[-1] or is_told:
            found.update(range(index, end))
            listed += below
    return found


def _end_of_stories(
    start: int, ends: list[int], before: float, *, sums: tuple[list[float], ...]
) -> int:
    """Find the widest block below a heading, but for the article that a box of stories may open.

    ``before`` is the running text above: what follows a box at the top of an article is the greater part of it.
    """
    gain, size, linked = sums
    inner, *outer = sorted(ends)
    for end in outer:
        links = linked[inner] - linked[start]
        if inner > start + 1 and links > _MOSTLY * (size[inner] - size[start + 1]):
            behind = next(
                (
                    line
                    for line in range(inner, min(end, inner + _FEW_LINES))
                    if size[line + 1] - size[line] > _SHORT_LINE
                ),
                end,
            )
            is_text = behind < end and gain[behind + 1] - gain[behind] > _LEAST_PARAGRAPH
            if is_text and gain[end] - gain[inner] > before:
                break
        inner = end
    return inner


def heads_other_stories(text: str) -> bool:
    """Tell a heading such as 相关阅读 from a headline."""
    return len(text) <= _LONGEST_HEADING and bool(_OTHER.fullmatch(matching_text(text)))


def _lists_of_stories(page: Layout, gain: list[float]) -> set[int]:
    """Find stories and comments told one after the other: blocks that repeat, each with a linked headline or a time.

    They are no part of the article as long as there is text elsewhere; what stands before comments is the article.
    """
    groups: dict[int, list[Block]] = defaultdict(list)
    for block in page.blocks:
        if block.end - block.start > 1 and block.element.tag in _STORY_TAGS:
            groups[block.path].append(block)
    found: set[int] = set()
    for stories in groups.values():
        if len(stories) < _LEAST_STORIES:
            continue
        inside = sum(gain[story.end] - gain[story.start] for story in stories)
        headed = sum(_has_linked_headline(page, story) for story in stories)
        stamped = sum(_has_stamp(page, story) for story in stories)
        before = gain[min(story.start for story in stories)]
        mean = inside / len(stories)
        is_other = headed >= _MOST * len(stories) and gain[-1] - inside > max(_LEAST_BEFORE, mean)
        is_longer = before > max(_LEAST_BEFORE, _TIMES_A_COMMENT * mean)
        is_comment = stamped >= _MOST * len(stories) and is_longer
        if is_other or is_comment:
            for story in stories:
                found.update(range(story.start, story.end))
    return found


def _has_linked_headline(page: Layout, story: Block) -> bool:
    return any(
        line.size >= _SHORT_LINE and line.linked >= 0.8 * line.size
        for line in page.lines[story.start : min(story.start + 2, story.end)]
    )


def _has_stamp(page: Layout, story: Block) -> bool:
    return any(
        line.size <= _LONGEST_STAMP and STAMP.search(line.text)
        for line in page.lines[story.start : min(story.start + 12, story.end)]
    )


def _sums(values: list[float]) -> list[float]:
    return list(accumulate(values, initial=0.0))


def single(sums: list[float]) -> list[float]:
    """Give back the weight of each line."""
    return [after - before for before, after in pairwise(sums)]
