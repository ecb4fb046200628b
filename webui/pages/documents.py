"""信息检索: has anybody said X, and the page of one document."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response, request

from core.documents import known_sources
from core.expression import Expression, ExpressionError
from core.search.selection import CursorError
from webui.access import require
from webui.console import console, reading
from webui.document_filters import ORDERS, RANGES, RELEVANCE, DocumentFilters
from webui.document_results import facets, histogram, hits, relaxations
from webui.document_view import language, show_document
from webui.page import is_fragment, render
from webui.permissions import Permission
from webui.search_conditions import conditions

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
    context: dict[str, object] = {
        "filters": filters,
        "examples": EXAMPLES,
        "ranges": [(key, text) for key, (text, _) in RANGES.items()],
        "orders": list(ORDERS.items()),
        "relevance": list(RELEVANCE.items()),
        "path": PATH,
        "clear": PATH,
    }
    try:
        expression = language().parse(filters.q) if filters.q else None
    except ExpressionError as error:
        return render(template, HTTPStatus.OK, error=error, caret=error.caret(filters.q), **context)
    try:
        context |= _found(filters, expression)
    except CursorError as error:
        return render(template, HTTPStatus.OK, cursor_error=str(error), **context)
    response = render(template, HTTPStatus.OK, **context)
    response.headers["Vary"] = "HX-Request"
    return response


def _found(filters: DocumentFilters, expression: Expression | None) -> dict[str, object]:
    search, now = console().reader, console().clock.now()
    page = search.search(filters.query(expression, now))
    sources = dict(known_sources(reading())) if filters.source else {}
    listed = conditions(filters, expression, sources)
    return {
        "total": page.total,
        "hits": hits(reading(), page, expression, now),
        "conditions": [{"label": one.text, "href": one.without.address(PATH)} for one in listed],
        "facets": facets(search, filters, expression, now, PATH) if page.total else [],
        "histogram": histogram(search, filters, expression, now) if page.total else None,
        "relaxations": [] if page.total else relaxations(search, listed, _parsed_again, now, PATH),
        "next": _with_cursor(filters, page.cursor) if page.cursor else None,
        "first": _with_cursor(filters, "") if filters.cursor else None,
    }


def _with_cursor(filters: DocumentFilters, cursor: str) -> str:
    return replace(filters, cursor=cursor).address(PATH)


def _parsed_again(text: str) -> Expression | None:
    return language().parse(text) if text else None


@blueprint.get("/<int:document_id>")
@require(Permission.SEARCH)
def detail(document_id: int) -> Response:
    return show_document(document_id)
