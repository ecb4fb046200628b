"""Where in a JSON answer the items are, and which of their fields means what: a proposal to be checked."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crawlers.extraction.published_time import read_time
from crawlers.parsing.counts import number

DEEPEST = 4
MOST_LOOKED_AT = 20
FEWEST_ITEMS = 2
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# In the order of preference; compared in lower case without _ and -.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "name", "word", "note", "subject", "headline", "topic", "query", "keyword",
              "标题", "题目", "名称"),
    "url": ("url", "link", "href", "arturl", "docurl", "puburl", "weburl", "pcurl", "mobileurl",
            "shareurl", "linkurl", "网址", "链接"),
    "heat": ("hot", "heat", "hotscore", "hotvalue", "rawhot", "hotnum", "num", "views", "viewcount",
             "readcount", "score", "热度", "阅读量"),
    "rank": ("rank", "ranking", "realpos", "position", "index", "排名", "名次"),
    "reply_text": ("replycontent", "replytext", "reply", "answercontent", "answer", "回复", "答复"),
    "reply_time": ("replytime", "replydate", "answertime", "回复时间", "答复时间"),
    "text": ("content", "contenttext", "text", "body", "description", "desc", "summary", "abstract",
             "digest", "intro", "正文", "内容", "摘要"),
    "time": ("publishedat", "publishtime", "pubtime", "pubdate", "publishdate", "releasetime",
             "createdat", "createtime", "ctime", "datetime", "date", "time", "timestamp",
             "updatetime", "发布时间", "时间", "日期"),
    "author": ("author", "username", "nickname", "作者"),
    "outlet": ("source", "outlet", "sitename", "medianame", "来源"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JSONMapping:
    """``items`` is a JMESPath from the root, ``fields`` JMESPaths from one item."""

    items: str
    count: int
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ranking(self) -> bool:
        """Tell a hot list: titles with their heat or rank, and no texts."""
        has_number = "heat" in self.fields or "rank" in self.fields
        return has_number and "text" not in self.fields

    @property
    def is_board(self) -> bool:
        """Tell messages with their official replies."""
        return "reply_text" in self.fields and "text" in self.fields


def proposed_mapping(data: object, now: dt.datetime) -> JSONMapping | None:
    """Find the list that looks most like items; None when there is none."""
    best: tuple[float, JSONMapping] | None = None
    for path, rows in _lists(data, "", 0):
        fields = _fields(rows[:MOST_LOOKED_AT], now)
        if "title" not in fields:
            continue
        weight = (1 + len(fields)) * min(len(rows), 50)
        if best is None or weight > best[0]:
            best = (weight, JSONMapping(path or "@", len(rows), fields))
    return best[1] if best else None


def _lists(data: object, path: str, depth: int) -> Iterator[tuple[str, list[Mapping[str, object]]]]:
    if isinstance(data, list):
        rows: list[Mapping[str, object]] = [row for row in data if isinstance(row, dict)]
        if len(rows) >= FEWEST_ITEMS:
            yield path, rows
    elif isinstance(data, dict) and depth < DEEPEST:
        for name, value in list(data.items())[:100]:
            yield from _lists(value, _joined(path, str(name)), depth + 1)


def _joined(path: str, name: str) -> str:
    quoted = name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '\\"') + '"'
    return f"{path}.{quoted}" if path else quoted


def _fields(rows: Sequence[Mapping[str, object]], now: dt.datetime) -> dict[str, str]:
    columns = _columns(rows)
    found: dict[str, str] = {}
    for meaning, names in _NAMES.items():
        for name in names:
            path = next((path for path in columns if name in _bare(path) and path not in found.values()
                         and _fits(meaning, columns[path], now)), None)  # fmt: skip
            if path is not None:
                found[meaning] = path
                break
    for meaning in ("url", "time"):
        if meaning not in found:
            for path, values in columns.items():
                if path not in found.values() and _fits(meaning, values, now):
                    found[meaning] = path
                    break
    return found


def _columns(rows: Sequence[Mapping[str, object]]) -> dict[str, list[str]]:
    """Gather the values of each path, one level of nesting deep; outer paths come first."""
    columns: dict[str, list[str]] = {}
    inner: dict[str, list[str]] = {}
    for row in rows:
        for name, value in row.items():
            path = _joined("", str(name))
            if isinstance(value, dict):
                for below, deep in value.items():
                    if isinstance(deep, (str, int, float)) and not isinstance(deep, bool):
                        inner.setdefault(_joined(path, str(below)), []).append(str(deep))
            elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
                columns.setdefault(path, []).append(str(value))
    return columns | inner


def _bare(path: str) -> tuple[str, str]:
    """Give the last name of a path, alone and behind the one above it: reply.content is replycontent too."""
    plain = path.replace('"', "").lower().replace("_", "").replace("-", "")
    return plain.rpartition(".")[2], plain.replace(".", "")


def _fits(meaning: str, values: Sequence[str], now: dt.datetime) -> bool:
    filled = [value.strip() for value in values if value.strip()]
    if not filled:
        return False
    match meaning:
        case "url":
            good = [value.startswith(("http://", "https://", "/")) for value in filled]
        case "time":
            good = [len(value) <= 40 and read_time(value, now) is not None for value in filled]  # noqa: PLR2004 (longer than any time)
        case "heat" | "rank":
            good = [number(value) is not None for value in filled]
        case "title":
            good = [not value.startswith("http") and number(value) is None for value in filled]
        case _:
            good = [number(value) is None for value in filled]
    return sum(good) * 2 > len(good)
