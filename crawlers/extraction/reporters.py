"""Reporters: named at the head, in brackets at the start of the text, or at its end."""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawlers.extraction.people import people
from crawlers.extraction.surroundings import Surroundings, short_lines
from crawlers.extraction.visible_lines import Line

_REPORTER = re.compile(
    r"(?:[记記]\s?者|通[讯訊][员員]|评论员|实习生|撰稿人|特约撰稿|特约作者)\s{0,3}[:：/／|｜丨︱│┃∣]?\s{0,3}(?P<names>[\u3400-\u9fff·•、，,\s\u3000（）()/和]{2,60})"
)
_REPORTER_BRACKETS = re.compile(
    r"[（(【\[](?P<inside>[^（）()【】\[\]]{0,60}(?:[记記]者|通[讯訊][员員])[^（）()【】\[\]]{1,60})[）)】\]]"
)
_DATELINE_NAMES = re.compile(
    r"^[^（(。]{2,40}(?:电|讯|消息)\s?[（(](?P<names>[^（）()]{2,30})[）)]"
)
_FINAL_BRACKETS = re.compile(
    r"[（(【\[](?P<names>[\u3400-\u9fff·、，,\s/：:]{2,40})[）)】\]]\s*[。]?$"
)
_PHOTO = re.compile(r"^\s*(?:/\s*)?(?:文/|文并|文、)?\s{0,2}(?:摄|图|供图|拍摄|绘|制图|影)")
_PHOTO_AFTER = re.compile(r"(?:摄|图|供图|拍摄|影|摄影报道|绘)\s*[）)]?\s*$")
_ROLES = re.compile(r"^(?:[编译文图作者撰整理采写供稿通讯员\s]{1,5}[:：/／])+")
_BETWEEN = re.compile(r"[、，,\s/]")
_LABEL = re.compile(r"^.{0,30}记者\s?[:：/／|｜丨]")
_MOST_BESIDES = 6
_LONGEST_SIGNATURE = 60
_OPENING = re.compile(
    r"\W{0,3}[^，。：:（(]{0,16}?(?:[记記]者|通讯员)\s?[\u3400-\u9fff、 　]{2,24}"
)
_PART = re.compile(r"(?=[记記]\s?者|通[讯訊][员員]|评论员|实习生|特约撰稿|特约作者)")
# 溫貴香台北21日電: agencies of Taiwan set the place and the day behind the name.
_PLACE_AND_DAY = re.compile(
    r"(?<=[\u3400-\u9fff]{2})[\u3400-\u9fff]{2}\d{1,2}日(?:專?[電电]|综合报道|綜合報導).*$"
)
_OTHERS = re.compile(r"\s(?:责?任?编辑|責?任?編輯|责编|責編|校对|审核|制图|统筹|策划|监制)")


def reporters(around: Surroundings) -> list[str]:
    """Look at the start of the text first: there agencies and papers name who reports."""
    for names in (
        *(_at_the_start(line.text) for line in around.opening),
        *(_of_short_line(line.text) for line in _short_ones(around)),
        *(_of_short_line(line.text) for line in around.tail[4:] if _LABEL.search(line.text)),
        *(_in_brackets(line.text[-80:]) for line in reversed(around.closing)),
        *(_without_brackets(line.text) for line in around.opening[:2]),
    ):
        if names:
            return names
    return []


def _short_ones(around: Surroundings) -> Iterable[Line]:
    return (
        line
        for lines in (around.head, around.closing, around.tail[:4])
        for line in short_lines(lines)
        if len(line.text) <= _LONGEST_SIGNATURE
    )


def _at_the_start(text: str) -> list[str]:
    dateline = _DATELINE_NAMES.search(text[:120])
    return _in_brackets(text[:200]) or (people(dateline["names"]) if dateline else [])


def _in_brackets(text: str) -> list[str]:
    found = _REPORTER_BRACKETS.search(text)
    return (
        []
        if found is None or _PHOTO_AFTER.search(found["inside"])
        else _all_reporters(found["inside"])
    )


def _of_short_line(text: str) -> list[str]:
    return [] if _PHOTO_AFTER.search(text) else _all_reporters(text)


def _without_brackets(text: str) -> list[str]:
    found = _OPENING.match(text)
    return _all_reporters(found[0]) if found else []


def _all_reporters(text: str) -> list[str]:
    names: list[str] = []
    for whole in _PART.split(_PLACE_AND_DAY.sub("", text)):
        part = _OTHERS.split(whole, maxsplit=1)[0]
        found = _REPORTER.match(part)
        if found is not None:
            rest = part[found.end() :]
            given = people(found["names"])
            if given and not _PHOTO.match(rest):
                names += given
    return names


def final_names(around: Surroundings) -> list[str]:
    """Find the names in brackets that close many articles of newspapers, at times on a line of their own."""
    for line in (*around.tail[:2], *reversed(around.closing)):
        if line.is_link:
            continue
        found = _FINAL_BRACKETS.search(line.text[-60:])
        if found is None or _PHOTO_AFTER.search(found["names"]) or "编辑" in found["names"]:
            continue
        inside = _ROLES.sub("", found["names"])
        names = people(inside)
        if names and sum(map(len, names)) >= len(_BETWEEN.sub("", inside)) - _MOST_BESIDES:
            return names
    return []
