"""Which column of a file means what: proposed by name and content, corrected by a person, remembered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import InvalidOptionsError
from crawlers.extraction.published_time import read_time
from crawlers.parsing.counts import number

FIELDS: Mapping[str, str] = {
    "title": "标题", "text": "正文", "url": "网址", "published_at": "发布时间", "source": "来源",
    "author": "作者", "platform": "平台", "level": "层级", "views": "阅读量", "reposts": "转发量",
    "comments": "评论量", "likes": "点赞量",
}  # fmt: skip
ALIASES: Mapping[str, tuple[str, ...]] = {
    "title": ("标题", "题目", "留言主题"), "text": ("正文", "内容", "留言详情", "content"),
    "url": ("网址", "链接", "地址", "link"), "source": ("来源", "信源"),
    "published_at": ("发布时间", "时间", "日期", "留言时间"), "author": ("作者", "留言用户"),
    "platform": ("平台",), "level": ("层级",), "views": ("阅读", "阅读量", "浏览量"),
    "reposts": ("转发", "转发量"), "comments": ("评论", "评论量"),
}  # fmt: skip
KNOWN_NAMES = frozenset(
    {*FIELDS, *FIELDS.values(), *(name for names in ALIASES.values() for name in names)}
)
# What a column's name may hold when it is none of the names above; tried in this order.
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "url": ("网址", "链接", "url", "地址", "href"),
    "published_at": ("时间", "日期", "date", "time"),
    "title": ("标题", "题目", "主题", "title", "subject"),
    "text": ("正文", "内容", "全文", "详情", "摘要", "content", "text", "body"),
    "views": ("阅读", "浏览", "点击", "播放", "view", "read"),
    "reposts": ("转发", "分享", "repost", "share"),
    "comments": ("评论", "回复数", "comment"),
    "likes": ("点赞", "赞", "like"),
    "platform": ("平台", "渠道", "platform"),
    "source": ("来源", "媒体", "站点", "网站", "source", "outlet"),
    "author": ("作者", "用户", "昵称", "发布者", "发帖人", "author", "user"),
    "level": ("层级", "级别"),
}
_COUNTS = ("views", "reposts", "comments", "likes")
_SHORTEST_TEXT = 15
_LONGEST_TIME = 40


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """``fields`` gives for each field the column it is read from."""

    fields: Mapping[str, str]

    def applied(self, row: Mapping[str, object]) -> dict[str, object]:
        return {name: row.get(column) for name, column in self.fields.items()}

    def lines(self) -> list[str]:
        """Write the mapping as ``column=field``, as it is kept and typed."""
        return [f"{column}={name}" for name, column in self.fields.items()]


def read_mapping(lines: Iterable[str]) -> ColumnMapping:
    """Read ``column=field``; a field by its name or its Chinese label. Raises InvalidOptionsError."""
    fields: dict[str, str] = {}
    labels = {label: name for name, label in FIELDS.items()}
    faults = []
    for line in lines:
        column, equals, wanted = line.rpartition("=")
        name = labels.get(wanted.strip(), wanted.strip().lower())
        if not equals or not column.strip() or name not in FIELDS:
            allowed = "、".join(f"{label}（{each}）" for each, label in FIELDS.items())
            faults.append(f"「{line[:60]}」应写成「列名=字段」，字段可用：{allowed}")
        elif name in fields:
            faults.append(f"「{FIELDS[name]}」对应了两列：「{fields[name]}」和「{column.strip()}」")
        else:
            fields[name] = column.strip().lower()
    if faults:
        raise InvalidOptionsError({"mapping": "；".join(faults) + "。"})
    return ColumnMapping(fields)


def proposed_columns(
    columns: Sequence[str], sample: Sequence[Mapping[str, object]], now: dt.datetime
) -> ColumnMapping:
    """Guess by exact name, then by a part of the name, then by what the column holds."""
    values = {column: _filled(sample, column) for column in columns}
    fields: dict[str, str] = {}
    for is_guess in (False, True):
        for name in _SYNONYMS:
            if name in fields:
                continue
            column = next((column for column in columns if column not in fields.values()
                           and _is_named(name, column, is_guess=is_guess)
                           and _holds(name, values[column], now, is_exact=not is_guess)), None)  # fmt: skip
            if column is not None:
                fields[name] = column
    for name in ("url", "published_at"):
        rest = [column for column in columns if column not in fields.values()]
        if name not in fields:
            found = [
                column for column in rest if values[column] and _holds(name, values[column], now)
            ]
            fields |= {name: found[0]} if found else {}
    rest = [column for column in columns if column not in fields.values()]
    by_length = sorted(rest, key=lambda column: -_typical_length(values[column]))
    for name in ("text", "title"):
        longest = by_length[0] if by_length else None
        is_wordy = longest is not None and _typical_length(values[longest]) >= (
            _SHORTEST_TEXT if name == "text" else 4
        )
        if name not in fields and longest is not None and is_wordy:
            fields[name] = by_length.pop(0)
    return ColumnMapping({name: fields[name] for name in FIELDS if name in fields})


def _filled(sample: Sequence[Mapping[str, object]], column: str) -> list[object]:
    return [value for row in sample if (value := row.get(column)) not in (None, "")]


def _is_named(name: str, column: str, *, is_guess: bool) -> bool:
    if not is_guess:
        return column in (name, FIELDS[name], *ALIASES.get(name, ()))
    return any(word in column for word in _SYNONYMS[name])


def _holds(name: str, values: list[object], now: dt.datetime, *, is_exact: bool = False) -> bool:
    """Tell whether most values could be of this field; an exact name is believed unless it is absurd."""
    if is_exact or not values:
        return True
    if name == "url":
        good = [str(value).strip().startswith(("http://", "https://")) for value in values]
    elif name == "published_at":
        good = [_is_time(value, now) for value in values]
    elif name in _COUNTS:
        good = [number(str(value)) is not None for value in values]
    else:
        good = [number(str(value)) is None for value in values]
    return sum(good) * 2 >= len(good)


def _is_time(value: object, now: dt.datetime) -> bool:
    if isinstance(value, (dt.datetime, dt.date)):
        return True
    text = str(value).strip()
    is_plain_number = text.isdigit() and len(text) < 10  # noqa: PLR2004 (digits of a time stamp)
    return len(text) <= _LONGEST_TIME and not is_plain_number and read_time(text, now) is not None


def _typical_length(values: list[object]) -> int:
    lengths = sorted(len(str(value)) for value in values if number(str(value)) is None)
    return lengths[len(lengths) // 2] if lengths else 0
