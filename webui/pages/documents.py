"""信息检索: has anybody said X, and the page of one document."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

import structlog
from flask import Blueprint, Response, current_app, request

from core import recent_queries
from core.errors import StorageError
from core.expression import ExpressionError
from core.expression.names import LEVEL_LABELS
from core.search.selection import CursorError
from webui import document_search
from webui.access import require, viewer
from webui.console import console, writing
from webui.document_filters import EVERYTHING, ORDERS, PAGE, RANGES, RELEVANCE, DocumentFilters
from webui.document_view import language, show_document
from webui.expression_problem import problem_of
from webui.page import is_fragment, render
from webui.permissions import Permission

log = structlog.get_logger(__name__)
blueprint = Blueprint("documents", __name__, url_prefix="/documents")

PATH = "/documents"
EXAMPLES = (
    ("欠薪 讨薪", "两个词都出现"),
    ('"讨说法" OR 聚集', "任一出现；引号内逐字匹配"),
    ("工资 NEAR/10 拖欠", "两个词相隔不超过 10 个字"),
    ("标题:加班 -招聘", "标题里有“加班”，且不含“招聘”"),
    ("情感:负面 时间:24h 转发>100", "近 24 小时转发超过 100 的负面信息"),
)


@blueprint.get("")
@require(Permission.SEARCH)
def index() -> Response:
    filters = DocumentFilters.read(request.args)
    template = "documents/_results.html" if is_fragment() else "documents/page.html"
    shown: dict[str, object] = {
        "filters": filters,
        "examples": EXAMPLES,
        "ranges": _ranges(filters),
        "orders": list(ORDERS.items()),
        "relevance": list(RELEVANCE.items()),
        "levels": LEVEL_LABELS,
        "path": PATH,
        "clear": PATH,
        "save_as_topic": _offered(Permission.TOPIC_MANAGE, "/standing-topics/new", filters),
        "export": _offered(Permission.EXPORT, "/exports/new", filters),
    }
    status = HTTPStatus.OK
    try:
        expression = language().parse(filters.q) if filters.q else None
        shown |= document_search.context(filters, expression, PATH, limit=PAGE)
        if shown["total"] and not filters.cursor:
            _remember(filters.q)
    except ExpressionError as error:
        shown |= {"problem": problem_of(filters.q, error)}
    except CursorError as error:
        shown |= {"cursor_error": str(error), "first": replace(filters, cursor="").address(PATH)}
    except StorageError as error:
        log.warning("search_unavailable", error=type(error).__name__)
        status = HTTPStatus.SERVICE_UNAVAILABLE
        shown |= {"outage": str(error), "again": filters.address(PATH)}
    response = render(template, status, **shown)
    response.headers["Vary"] = "HX-Request"
    return response


def _remember(typed: str) -> None:
    """Keep what found something, to suggest it to this person again."""
    with writing() as session:
        recent_queries.remember(session, viewer().id, typed, console().clock.now())


def _ranges(filters: DocumentFilters) -> list[tuple[str, str]]:
    """List the choices of the time; with a period of one's own the empty choice means that, not everything."""
    ranges = [(key, text) for key, (text, _) in RANGES.items()]
    return [(EVERYTHING, "全部时间"), *ranges] if filters.has_period else ranges


def _offered(permission: Permission, path: str, filters: DocumentFilters) -> str | None:
    """Give the address that goes on with this search elsewhere, where the viewer may go."""
    page = path.strip("/").split("/")[0].replace("-", "_")
    if not viewer().may(permission) or page not in current_app.blueprints:
        return None
    return replace(filters, cursor="", sort="newest", fold="").address(path)


@blueprint.get("/<int:document_id>")
@require(Permission.SEARCH)
def detail(document_id: int) -> Response:
    return show_document(document_id)
