"""Comments below an article at WeChat; the call knows articles by their message, not by their article id."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from core.database.base import JsonObject
from media_matrix.platform_codes import reason
from media_matrix.publishers.comments import Comment, CommentMark, CommentPage, plain_comment
from media_matrix.publishers.platform_http import Answer

# Fifty and more are refused.
PAGE = 49
PAGES = 4
_CHANNEL = "wechat"
_LATEST = dt.datetime(2200, 1, 1, tzinfo=dt.UTC).timestamp()


def wechat_comments(
    ask: Callable[[JsonObject], Answer],
    since: CommentMark,
    *,
    message_id: str | None,
    counted: int | None,
) -> CommentPage:
    """Read the first page and go on where the last visit stopped: the order of the pages is not documented."""
    if message_id is None:
        mark = since.failed(reason(_CHANNEL, "no_msg_data_id"))
        return CommentPage((), mark, was_asked=False)
    # Articles are numbered from 0 here, from 1 in the calls about numbers.
    asked: JsonObject = {
        "msg_data_id": int(message_id) if message_id.isdecimal() else message_id,
        "index": 0, "count": PAGE, "type": 0,
    }  # fmt: skip
    first = ask({**asked, "begin": 0}).object()
    rows, total = _rows(first), _number(first.get("total"))
    known = max(_number(first.get("comment_cnt")), counted or 0)
    if not rows and not total and known:
        return CommentPage((), since.failed(reason(_CHANNEL, "comments_hidden")))
    begin = max(since.offset, PAGE)
    for _ in range(PAGES - 1):
        if begin >= total:
            break
        page = _rows(ask({**asked, "begin": begin}).object())
        rows += page
        begin += PAGE
    mark = replace(since, count=total, offset=begin if begin < total else 0, reason=None)
    return CommentPage(tuple(_comment(row) for row in rows if "user_comment_id" in row), mark)


def _rows(answer: JsonObject) -> list[JsonObject]:
    listed = answer.get("comment")
    return (
        [dict(row) for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    )


def _comment(row: JsonObject) -> Comment:
    # Our own replies hang below a comment as "reply"; they are not read.
    created = _number(row.get("create_time"))
    return Comment(
        platform_id=str(row["user_comment_id"]),
        text=plain_comment(str(row.get("content") or "")),
        created_at=dt.datetime.fromtimestamp(created, dt.UTC) if 0 < created < _LATEST else None,
        author=str(row.get("openid") or "") or None,
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
