"""Comments at Weibo: the newest page, and one page of what lies unread below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.database.base import JsonObject
from media_matrix.publishers.comments import Comment, CommentMark, CommentPage, plain_comment
from media_matrix.publishers.platform_http import Answer
from media_matrix.publishers.weibo_time import weibo_time

PAGE = 50


@dataclass(frozen=True, slots=True)
class _Page:
    rows: Sequence[tuple[int, JsonObject]]
    has_more: bool

    @property
    def oldest(self) -> int:
        return min(number for number, _ in self.rows)


def weibo_comments(
    ask: Callable[[Mapping[str, str]], Answer],
    since: CommentMark,
    *,
    counted: int | None,
    own: str,
) -> CommentPage:
    """Ask at most twice, and not at all while the number of comments has not risen.

    The newest page is read whole each time, so that likes keep up; what lies below it and above what was read
    before is caught up page by page, over several visits if need be.
    """
    if counted is not None and counted <= since.count and since.missing is None:
        # A count that fell is kept, else the next comment would go unnoticed.
        return CommentPage((), replace(since, count=counted), was_asked=False)
    head = _page(ask({"count": str(PAGE), "page": "1"}))
    rows = list(head.rows)
    missing = since.missing
    if head.rows and head.has_more and head.oldest > since.newest + 1:
        missing = (since.missing[0] if since.missing else since.newest, head.oldest - 1)
    if missing is not None:
        deeper = _page(ask(_stretch(*missing)))
        rows += deeper.rows
        is_unfinished = deeper.has_more and deeper.rows and deeper.oldest > missing[0] + 1
        missing = (missing[0], deeper.oldest - 1) if is_unfinished else None
    mark = replace(
        since,
        newest=max([since.newest, *(number for number, _ in rows)]),
        count=counted if counted is not None else since.count,
        missing=missing,
        reason=None,
    )
    found = {number: row for number, row in rows if _user(row) != own}
    return CommentPage(tuple(_comment(number, row) for number, row in sorted(found.items())), mark)


def _stretch(above: int, up_to: int) -> dict[str, str]:
    asked = {"count": str(PAGE), "page": "1", "max_id": str(up_to)}
    return asked | ({"since_id": str(above)} if above else {})


def _page(answer: Answer) -> _Page:
    content = answer.object()
    listed = content.get("comments")
    rows = [
        (int(number), dict(row))
        for row in (listed if isinstance(listed, list) else [])
        if isinstance(row, dict) and (number := str(row.get("idstr") or row.get("id"))).isdecimal()
    ]
    # Pages may be short of what the platform hides; its cursor tells that there is more.
    following = content.get("next_cursor")
    return _Page(rows, len(rows) >= PAGE or (isinstance(following, int) and following > 0))


def _comment(number: int, row: JsonObject) -> Comment:
    answered = row.get("reply_comment")
    likes = row.get("like_count")
    return Comment(
        platform_id=str(number),
        text=plain_comment(str(row.get("text") or "")),
        created_at=weibo_time(row.get("created_at")),
        author=_user(row),
        likes=likes if isinstance(likes, int) else None,
        in_reply_to=str(answered.get("idstr") or answered.get("id"))
        if isinstance(answered, dict)
        else None,
    )


def _user(row: JsonObject) -> str | None:
    user = row.get("user")
    if not isinstance(user, dict):
        return None
    return str(user.get("idstr") or user.get("id") or "") or None
