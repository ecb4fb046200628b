"""The time of publication: every place that may name it is asked, and most agreement wins."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from crawlers.extraction.linked_data import linked_data
from crawlers.extraction.page import Page, inner_text
from crawlers.extraction.published_time import read_moment, time_in_url
from crawlers.extraction.spelled_time import Moment, moments
from crawlers.extraction.surroundings import Surroundings
from crawlers.extraction.visible_lines import Line

EARLIEST = dt.datetime(1995, 1, 1, tzinfo=dt.UTC)
"""The web is hardly older; what claims to be is a default value."""
_AHEAD = dt.timedelta(days=1)
_FRESH = dt.timedelta(days=7)
_META = re.compile(
    r"(?:article[:_]|og:|news:|bytedance:|weibo:\s?article:|apub:)?(?:published_time|publish(?:ed)?[-_]?(?:date|time)|pub[-_]?date|"
    r"pub[-_]?time|release_?date|create[-_]?(?:at|d|_?time|date)|date_?published|time)|"
    r"date|dc\.date(?:\.issued)?|dcterms\.(?:issued|created|date)|citation_(?:online_)?(?:publication_)?date|"
    r"prism\.publicationdate|publication_date|sailthru\.date|parsely-pub-date|firstpublishedtime",
    re.IGNORECASE,
)
_ANY_SCRIPT = re.compile(
    r"""["']?\b[A-Za-z_]{0,20}(?:time|date)["']?\s?[:=]\s?["'](?P<value>(?:19|20)\d\d-\d{1,2}-\d{1,2}[ T]\d\d:\d\d(?::\d\d)?)["']""",
    re.IGNORECASE,
)
_META_LATER = re.compile(
    r"(?:.{0,20}:\s?)?(?:dateupdate|updated?(?:_?time|_at)?|modified_time|last-?modified)",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"""["']?\b(?:pub(?:lish)?_?(?:ed)?_?(?:time|date)|ptime|n?pubtime|pagepubtime|create_?(?:d_?at|_?time)|news_?time|ntime|"""
    r"""post_?time|ct|ctime|date_?published|release_?time|publish_?at)["']?\s?[:=]\s?["']?"""
    r"""(?P<value>\d{4}[-/年]\d{1,2}[-/月]\d{1,2}[^"'<>,;]{0,20}|1\d{9}(?:\d{3})?(?!\d))""",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"(?:更新|修改|编辑于|编辑时间|最后|修订|更正|截至|截止|有效期|成立|成文|发文|建立|注册|印发|施行|活动|举办|举行|会议|考试|报名|比赛|演出|开始|结束|生效|出生)(?:时间|日期)?[^\d]{0,8}$"
)
_PUBLISHED = re.compile(
    r"(?:发布|发表|发稿|刊发|出版|时间|日期|张贴|上传|发贴|发帖|来源|推送|于|posted|on|@)[^\d]{0,12}$",
    re.IGNORECASE,
)
_POSTED = re.compile(r"发表|发布|张贴|发[帖贴信]|提交|posted|本[帖贴]|由.{1,20}于", re.IGNORECASE)
_NO_TIMES = re.compile(r"©|copyright|版权所有|ICP备|许可证", re.IGNORECASE)
_NOT_THIS = re.compile(r"上一篇|下一篇|相关|推荐阅读|[·•]\s?\S{8}")
_RANGE = re.compile(r"\s?(?:[-－—–~至到]|起至)\s?\d")
_UPDATED_AFTER = re.compile(r"\s?(?:更新|修改|最后编辑)")
_DATED_BEFORE = re.compile(r"\d{1,2}:\d\d|\d日")
_TIME_TAGS = ("time", "span", "a", "em", "abbr", "i", "small")
_MOST_TIMES = 200
_MOST_NODES = 20_000
_YEAR_FIRST = re.compile(r"\s*(?:19|20)\d\d\s?[-/.年]\s?\d")
_ISSUE = re.compile(r"^[^\d]{0,12}(?:第?\d{1,3}\s?版|星期)")
_SENTENCE = re.compile(r"[，。]")
_TIME_LABEL = re.compile(r"time|date|pub|info|source|meta", re.IGNORECASE)
_ENOUGH = 2.0
_REPEATED = 0.1
_LONGEST_LINE = 160
_LONGEST_DATELINE = 40
_LONGEST_AROUND_RELATIVE = 24
_LONGEST_LABEL = 8
_MOST_LINKED = 0.4


@dataclass(frozen=True, slots=True)
class _Found:
    moment: Moment
    weight: float
    is_shown: bool = False


def page_time(around: Surroundings, now: dt.datetime) -> Moment | None:
    """Give the day that most of the places agree on, as exactly as the best of them says it.

    None when the page names no time. Times in the future and before 1995 are passed over.
    """
    found = [
        each
        for each in (*_declared(around.page, now), *_shown(around, now), *_in_url(around.page.url))
        if EARLIEST <= each.moment.at <= now + _AHEAD
    ]
    if not any(each.weight >= _ENOUGH and not each.moment.is_relative for each in found):
        scripted = [
            each for each in _in_scripts(around.page, now) if each.moment.at <= now + _AHEAD
        ]
        if scripted and all(each.moment.at < now - _FRESH for each in scripted):
            # A page kept for long: 昨天 was said of another day than the present one.
            found = [each for each in found if not each.moment.is_relative]
        found += scripted
    if not found:
        found = list(islice(_in_scripts(around.page, now, _ANY_SCRIPT), 1))
    sure = [each for each in found if not each.moment.is_yearless]
    found = [_with_year(each, sure) for each in found]
    if not found:
        return None
    totals: dict[dt.date, float] = {}
    for each in sorted(found, key=lambda each: -each.weight):
        # Lines that repeat a day, as programmes do, add little to the first that names it.
        share = 1.0 if each.moment.day not in totals or not each.is_shown else _REPEATED
        totals[each.moment.day] = totals.get(each.moment.day, 0.0) + share * each.weight
    day = max(totals, key=lambda day: totals[day])
    of_day = [each for each in found if each.moment.day == day]
    return max(of_day, key=lambda each: (not each.moment.is_day_only, each.weight)).moment


def _declared(page: Page, now: dt.datetime) -> Iterator[_Found]:
    for name, content in page.meta.items():
        weight = 2.6 if _META.fullmatch(name) else 0.4 if _META_LATER.fullmatch(name) else 0.0
        if weight and (moment := read_moment(content[:60], now)) and not moment.is_yearless:
            yield _Found(moment, weight)
    for key, weight in (
        ("datePublished", 2.8),
        ("pubDate", 2.8),
        ("uploadDate", 1.5),
        ("dateCreated", 1.5),
    ):
        for value in list(linked_data(page, key))[:1]:
            if moment := read_moment(value[:60], now):
                yield _Found(moment, weight)
    for element in list(page.tree.iter("time"))[:3]:
        if moment := read_moment((element.get("datetime") or "")[:60], now):
            yield _Found(moment, 1.0)


def _shown(around: Surroundings, now: dt.datetime) -> Iterator[_Found]:
    """Read the lines about the headline; the nearer a line stands to it the more it counts."""
    head = around.head
    place = head.index(around.lines[around.headline]) if around.headline is not None else 0
    exact: dict[str, Moment] | None = None
    for index, line in enumerate(head):
        distance = index - place if index >= place else (place - index) * 1.5
        label = head[index - 1].text if index else ""
        for each in _in_line(line, 3.2 - 0.12 * distance, now, label=label):
            if each.moment.is_relative or each.moment.is_yearless:
                exact = _exact_times(around.page, now) if exact is None else exact
                yield _exactly(each, line.text, exact)
            else:
                yield each
    yield from _over_lines(head[place + 1 : place + 6], now)
    for line in around.closing:
        yield from _at_the_end(line, now)
    posted = (
        each
        for line in around.within
        if _POSTED.search(line.text)
        for each in _in_line(line, 1.9, now)
        if not each.moment.is_relative
    )
    yield from islice(posted, 1)
    for index, line in enumerate(around.tail):
        for each in _in_line(line, 1.6 - 0.1 * index, now):
            if _PUBLISHED.search(line.text[: each.moment.start]) or index == 0:
                yield each


def _exact_times(page: Page, now: dt.datetime) -> dict[str, Moment]:
    """Find what is shown as 昨天 08:30 and says when that was in an attribute."""
    found: dict[str, Moment] = {}
    for element in islice(page.tree.iter(*_TIME_TAGS), _MOST_NODES):
        value = element.get("datetime") or element.get("title") or ""
        if not _YEAR_FIRST.match(value) or len(found) >= _MOST_TIMES:
            continue
        moment = read_moment(value[:40], now)
        if moment is not None and not moment.is_relative:
            found.setdefault(inner_text(element)[:40], moment)
    return found


def _exactly(each: _Found, text: str, exact: dict[str, Moment]) -> _Found:
    spelled = text[each.moment.start : each.moment.end].strip()
    known = next((exact[shown] for shown in exact if spelled in shown and shown in text), None)
    return replace(each, moment=known) if known else each


def _in_line(line: Line, weight: float, now: dt.datetime, *, label: str = "") -> Iterator[_Found]:
    """Weigh the times of a line; ``label`` is the line above, which may say what a time alone is."""
    text = line.text
    if len(text) > _LONGEST_LINE or _NO_TIMES.search(text) or weight <= 0:
        return
    for moment in moments(text, now):
        before, after = text[: moment.start], text[moment.end :]
        if not before.strip() and len(label) <= _LONGEST_LABEL:
            before = label
        if _NOT_THIS.search(before):
            continue
        if moment.is_relative and len(before) + len(after) > _LONGEST_AROUND_RELATIVE:
            continue
        share = _share(before, after, is_labelled=_TIME_LABEL.search(line.label) is not None)
        if line.heading or line.linked > _MOST_LINKED * len(text):
            share *= 0.4
        if moment.is_relative or moment.is_yearless:
            share *= 0.6
        if moment.is_day_only:
            share *= 0.9
        yield _Found(moment, weight * share, is_shown=True)


def _share(before: str, after: str, *, is_labelled: bool) -> float:
    """Judge a time by the words about it."""
    is_second = _UPDATED_AFTER.match(after) and _DATED_BEFORE.search(before)
    if is_second or _LATER.search(before) or _RANGE.match(after):
        return 0.25
    # A day within a sentence is what the text tells about.
    is_told = len(before) + len(after) > _LONGEST_DATELINE and not is_labelled
    if is_told and not before.rstrip().endswith((":", "：")) and _SENTENCE.search(before + after):
        return 0.15
    if _PUBLISHED.search(before):
        return 1.2
    return 0.15 if is_told else 1.0


def _over_lines(lines: Sequence[Line], now: dt.datetime) -> Iterator[_Found]:
    """Read year, day and clock where a page sets each in a line of its own."""
    text = " ".join(line.text for line in lines if len(line.text) <= 16)  # noqa: PLR2004 (parts of a date)
    over = [moment for moment in moments(text, now) if not moment.is_relative]
    if not over:
        return
    alone = {
        (moment.day, moment.is_day_only)
        for line in lines
        for moment in moments(line.text[:_LONGEST_LINE], now)
        if not moment.is_yearless
    }
    for moment in over:
        if (moment.day, moment.is_day_only) not in alone:
            yield _Found(moment, 1.0 if moment.is_day_only else 2.7)


def _at_the_end(line: Line, now: dt.datetime) -> Iterator[_Found]:
    """Read a date that closes the text: a signature's, or the printed issue's."""
    if len(line.text) > _LONGEST_DATELINE:
        return
    for moment in moments(line.text, now):
        before, after = line.text[: moment.start], line.text[moment.end :]
        if _PUBLISHED.search(before):
            yield _Found(moment, 2.0, is_shown=True)
        elif not after.strip() or _ISSUE.search(after):
            yield _Found(moment, 1.0)


def _in_url(url: str) -> Iterator[_Found]:
    at = time_in_url(url)
    if at is not None:
        yield _Found(Moment(at, is_day_only=True), 1.8)


def _in_scripts(
    page: Page, now: dt.datetime, pattern: re.Pattern[str] = _SCRIPT
) -> Iterator[_Found]:
    """Variables of the page's own scripts; those of recommended articles come later in the source."""
    weight = 1.2
    for found in pattern.finditer(page.source):
        moment = read_moment(found["value"], now)
        if moment is not None:
            yield _Found(moment, weight)
            weight *= 0.5
            if weight < 0.1:  # noqa: PLR2004 (too far down to tell anything)
                return


def _with_year(each: _Found, sure: list[_Found]) -> _Found:
    """Take the year of a yearless day from a whole date of the same day, or of the page's latest one."""
    moment = each.moment
    if not moment.is_yearless:
        return each
    for other in sure:
        if (other.moment.day.month, other.moment.day.day) == (moment.day.month, moment.day.day):
            try:
                return replace(each, moment=_moved(moment, other.moment.day.year))
            except ValueError:
                return each
    return each


def _moved(moment: Moment, year: int) -> Moment:
    return Moment(moment.at.replace(year=year), is_day_only=moment.is_day_only)
