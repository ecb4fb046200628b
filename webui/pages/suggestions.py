"""Help with writing expressions: suggestions at the caret, what is wrong, and a person's earlier searches."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core import recent_queries
from core.expression import Expression, ExpressionError, describe
from core.expression.limits import require_positive
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.document_view import language
from webui.expression_problem import problem_of
from webui.page import render, tell
from webui.permissions import Permission
from webui.query_suggestions import SuggestionKind, suggestions
from webui.typed import whole_number

blueprint = Blueprint("suggestions", __name__)

SEE_OTHER = 303


@blueprint.get("/documents/suggest")
@require(Permission.SEARCH)
def for_search() -> ResponseReturnValue:
    return _suggested(viewer().id)


@blueprint.get("/rules/suggest")
@require(Permission.RULE_VIEW)
def for_rule() -> ResponseReturnValue:
    return _suggested(None)


@blueprint.get("/documents/check")
@require(Permission.SEARCH)
def check_search() -> Response:
    return _checked(must_be_positive=False)


@blueprint.get("/rules/check")
@require(Permission.RULE_VIEW)
def check_rule() -> Response:
    return _checked(must_be_positive=True)


@blueprint.get("/documents/recent")
@require(Permission.SEARCH)
def recent() -> Response:
    return render("documents/recent.html", rows=recent_queries.recent(reading(), viewer().id))


@blueprint.post("/documents/recent/delete")
@require(Permission.SEARCH)
def forget() -> ResponseReturnValue:
    """Delete one of the person's own searches, or all of them."""
    id_ = whole_number(request.form.get("id"))
    is_all = request.form.get("all") == "1"
    with writing() as session:
        forgotten = recent_queries.forget(
            session, viewer().id, None if is_all else [id_] if id_ is not None else []
        )
    tell(f"已删除 {forgotten} 条检索记录。")
    return redirect(url_for("suggestions.recent"), SEE_OTHER)


def _suggested(person_id: int | None) -> ResponseReturnValue:
    text = request.args.get("q", "")
    at = whole_number(request.args.get("at"))
    found = suggestions(
        text, len(text) if at is None else at, console().clock.now(), person_id=person_id
    )
    if not found:
        return "", HTTPStatus.NO_CONTENT
    manage = any(one.kind is SuggestionKind.RECENT for one in found)
    return render("documents/_suggestions.html", suggestions=found, manage=manage)


def _checked(*, must_be_positive: bool) -> Response:
    """Answer with what is wrong in the field that ``name`` names, or how it reads."""
    name = request.args.get("name", "expression")
    text = request.args.get(name, "").strip()
    problem, parsed = None, None
    try:
        parsed = _parsed(text, must_be_positive=must_be_positive) if text else None
    except ExpressionError as error:
        problem = problem_of(text, error)
    return render(
        "documents/_check.html",
        problem=problem,
        box=f"f-{name}",
        reading=describe(parsed) if parsed is not None else "",
    )


def _parsed(text: str, *, must_be_positive: bool) -> Expression:
    parsed = language().parse(text)
    if must_be_positive:
        require_positive(parsed)
    return parsed
