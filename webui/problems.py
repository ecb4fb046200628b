"""Errors as people and programs read them: a page, a fragment, or problem+json."""

from __future__ import annotations

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException

from core.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidOptionsError,
    UnavailableError,
    ZhishengError,
)
from webui.console import close_reading

log = structlog.get_logger(__name__)

SENTENCES = {
    400: ("请求有误", "什么也没有改动。请返回上一页检查后再试。"),
    401: ("需要登录", "请先登录；未执行任何操作。"),
    403: ("没有权限", "什么也没有改动。需要时请联系安全管理员。"),
    404: ("找不到这一页", "链接可能过期，或内容已按保存期限删除。数据没有改动。"),
    405: ("不支持这种操作", "什么也没有改动。请从页面上的按钮操作。"),
    409: ("别人先改动了", "您的操作没有执行。请刷新看最新状态后再决定。"),
    413: ("内容太大", "没有保存。请缩小到 20 MB 以内再试。"),
    422: ("内容不合要求", "没有保存。请按提示修改后再提交。"),
    429: ("操作太频繁", "没有执行。请稍后再试。"),
    500: (
        "程序出错了",
        "刚才的操作没有完成，已保存的数据不受影响。请稍后重试；仍不行时把错误编号告诉管理员。",
    ),
    503: (
        "暂时连不上",
        "数据库或检索引擎没有应答，没有写入任何内容。系统会自动恢复，请一分钟后重试。",
    ),
}


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ZhishengError, _ours)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.response is not None:
        return make_response(error.get_response())
    spoken = error.description if error.description and not error.description.isascii() else None
    return problem(error.code, spoken)


def _ours(error: ZhishengError) -> Response:
    match error:
        case AccessDeniedError():
            return problem(403, str(error))
        case ConflictError():
            return problem(409, str(error) if not str(error).isascii() else None)
        case UnavailableError():
            log.warning("service_unavailable", path=request.path, error=str(error)[:300])
            return problem(503, str(error) if not str(error).isascii() else None)
        case InvalidOptionsError():
            return problem(422, str(error))
        case _:
            return problem(422, str(error))


def _database(error: OperationalError) -> Response:
    log.warning("database_unavailable", error=type(error.orig).__name__)
    # The menu and the freshness line would ask the same database again.
    g.is_bare = True
    return problem(503, None)


def _unstorable(error: DataError) -> Response:
    """Answer for a value of the right shape that no column holds, such as a number of thirty digits."""
    log.info("value_refused_by_database", error=type(error.orig).__name__)
    return problem(400, "有一个值超出了能保存的范围，什么也没有改动。请检查后再试。")


def _unexpected(error: Exception) -> Response:
    log.error("request_failed", path=request.path, exc_info=error)
    return problem(500, None)


def problem(status: int, text: str | None) -> Response:
    """Answer with an error: what happened, what state things are in, what to do."""
    title, advice = SENTENCES.get(status, SENTENCES[500])
    code = g.get("request_id", "")
    # What failed may have left the read transaction aborted; the page of the error reads anew.
    close_reading()
    if request.path.startswith("/api/"):
        body = jsonify(
            type="about:blank", title=title, status=status, detail=text or advice, instance=code
        )
        body.headers["Content-Type"] = "application/problem+json"
        body.status_code = status
        return body
    template = "problem_fragment.html" if request.headers.get("HX-Request") else "problem.html"
    return make_response(
        render_template(template, title=title, text=text, advice=advice, code=code, status=status),
        status,
    )
