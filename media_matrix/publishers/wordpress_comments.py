"""Comments on our own website: oldest first after the last one read, so that none falls between two visits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace

from core.clock import parse_time
from core.database.base import JsonObject
from media_matrix.publishers.comments import Comment, CommentMark, CommentPage, plain_comment
from media_matrix.publishers.platform_http import Answer
from media_matrix.variants import flat_html

PAGE = 50
PAGES = 4
# A comment shows once somebody has let it through, with the time when it was written; and it may be edited.
OVERLAP = dt.timedelta(days=3)
_SAME_SECOND = dt.timedelta(seconds=1)


def wordpress_comments(
    ask: Callable[[Mapping[str, str]], Answer],
    since: CommentMark,
    *,
    post_id: str,
    counted: int | None,
    own: str,
) -> CommentPage:
    asked = {"post": post_id, "orderby": "date", "order": "asc", "per_page": str(PAGE)}
    if since.newest_at is not None:
        after = since.newest_at - (_SAME_SECOND if since.is_behind else OVERLAP)
        asked["after"] = after.strftime("%Y-%m-%dT%H:%M:%SZ")
    rows: list[JsonObject] = []
    is_behind = False
    for number in range(1, PAGES + 1):
        answer = ask({**asked, "page": str(number)})
        rows += answer.list()
        is_behind = number < _pages(answer)
        if not is_behind:
            break
    times = [moment for row in rows if (moment := _created(row)) is not None]
    mark = replace(
        since,
        newest_at=max([*times, *([since.newest_at] if since.newest_at else [])], default=None),
        count=since.count if counted is None else counted,
        is_behind=is_behind,
        own=own,
        reason=None,
    )
    return CommentPage(
        tuple(_comment(row) for row in rows if "id" in row and str(row.get("author")) != own), mark
    )


def _pages(answer: Answer) -> int:
    total = answer.headers.get("x-wp-totalpages", "")
    return int(total) if total.isdecimal() else 1


def _comment(row: JsonObject) -> Comment:
    content = row.get("content")
    html = str(content.get("rendered") or "") if isinstance(content, dict) else ""
    author, parent = row.get("author"), row.get("parent")
    return Comment(
        platform_id=str(row["id"]),
        text=plain_comment(flat_html(html)),
        created_at=_created(row),
        # Visitors have no account; the name that they gave tells two of them apart.
        author=str(author) if author else str(row.get("author_name") or "") or None,
        in_reply_to=str(parent) if parent else None,
    )


def _created(row: JsonObject) -> dt.datetime | None:
    try:
        return parse_time(f"{row.get('date_gmt')}+00:00")
    except ValueError:
        return None
