"""Comments of the WeChat interface: articles are named by message and index, the index counts from 0."""

from __future__ import annotations

from collections.abc import Callable

from core.clock import SHANGHAI
from core.database.base import JsonObject
from media_matrix.sandbox.readers import shown_comments
from media_matrix.sandbox.state import SandboxComment, SandboxState
from media_matrix.sandbox.writes import Reply

_TOO_MANY = 50


def listed_comments(
    state: SandboxState, appid: str, body: JsonObject, refusal: Callable[[int, str], Reply]
) -> Reply:
    """Answer ``comment/list``; our own replies hang below what they answer."""
    switches = state.data.switches
    if switches.wechat_comments_code:
        return refusal(switches.wechat_comments_code, "without comment privilege")
    message_id, now = str(body.get("msg_data_id")), state.clock.now()
    job = next(
        (job for job in state.data.wechat_jobs.values() if job.message_id == message_id), None
    )
    is_out = job is not None and job.appid == appid and job.done_at <= now and not job.is_deleted
    if (
        job is None
        or not is_out
        or body.get("index") != 0
        or not job.article.get("need_open_comment")
    ):
        return refusal(88001, "msg_data is not exists")
    begin, count = body.get("begin"), body.get("count")
    if not isinstance(begin, int) or not isinstance(count, int) or not 0 < count < _TOO_MANY:
        return refusal(88010, "count range error. cout <= 0 or count > 50")
    shown = shown_comments(state, "wechat", message_id)
    rows = [comment for comment in shown if comment.author_id != appid]
    if switches.wechat_hides_comments:
        return Reply({"errcode": 0, "total": 0, "comment": [], "comment_cnt": len(rows)})
    replies = {comment.in_reply_to: comment for comment in shown if comment.author_id == appid}
    listed: list[JsonObject] = []
    for comment in rows[begin : begin + count]:
        row: JsonObject = {
            "user_comment_id": comment.id, "openid": f"o{comment.author_id}",
            "create_time": int(comment.created_at.timestamp()), "content": comment.text,
            "comment_type": 0,
        }  # fmt: skip
        reply = replies.get(comment.id)
        if reply is not None:
            created = int(reply.created_at.timestamp())
            row["reply"] = {"content": reply.text, "create_time": created}
        listed.append(row)
    return Reply({"errcode": 0, "errmsg": "ok", "total": len(rows), "comment": listed})


def written_on(day: str, comments: list[SandboxComment], appid: str) -> int:
    """Count what readers wrote on a day in Shanghai."""
    return sum(
        comment.author_id != appid
        and comment.created_at.astimezone(SHANGHAI).date().isoformat() == day
        for comment in comments
    )
