"""Making, changing, archiving and following standing topics."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from core import standing_topics
from core.errors import AccessDeniedError, ConflictError
from core.expression import ExpressionError
from core.standing_topic_list import TopicRow, find_topic
from core.standing_topics import TopicActor, TopicRefusedError
from core.synonym_groups import hold_groups
from webui import standing_topic_form as forms
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.document_filters import DocumentFilters
from webui.document_view import language
from webui.expression_problem import problem_of
from webui.page import render, tell
from webui.permissions import Permission
from webui.standing_topic_view import may_change

blueprint = Blueprint("standing_topic_forms", __name__, url_prefix="/standing-topics")

GONE = "找不到这个专题。"
NO_EXPRESSIONS: Mapping[str, ExpressionError] = {}


@blueprint.get("/new")
@require(Permission.TOPIC_MANAGE)
def new() -> Response:
    chosen = forms.template(request.args.get("template", ""))
    if chosen is not None:
        return _form(None, forms.of_template(chosen, viewer().id), note=chosen.covers)
    args = MultiDict(request.args)
    if "expression" in args:
        args["q"] = args["expression"]
    filters = DocumentFilters.read(args)
    if filters.is_empty:
        return _form(None, forms.blank(viewer().id))
    taken = forms.of_search(filters, language().parse)
    values = forms.blank(viewer().id) | {
        "expression": taken.expression,
        "sources": list(taken.sources),
    }
    left_out = "、".join(taken.left_out)
    note = f"没有带入的检索条件：{left_out}。专题长期有效，不限定时间。" if left_out else None
    return _form(None, values, note=note)


@blueprint.post("/new")
@require(Permission.TOPIC_MANAGE)
def create() -> ResponseReturnValue:
    values = forms.of_form(request.form)
    try:
        with writing() as session:
            hold_groups(session)
            topic_id = standing_topics.create_topic(
                session,
                forms.draft_of(request.form),
                parse=language().parse,
                person_id=viewer().id,
                now=console().clock.now(),
            )
    except TopicRefusedError as error:
        return _refused(None, values, error)
    tell("专题已建立，您已订阅。")
    return redirect(url_for("standing_topics.detail", topic_id=topic_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/<int:topic_id>/edit")
@require(Permission.TOPIC_MANAGE)
def edit(topic_id: int) -> ResponseReturnValue:
    row = _find(topic_id)
    if not may_change(row):
        raise AccessDeniedError("只有专题的负责人和分管领导能改动它；您可以订阅。")
    if row.is_archived:
        tell("这个专题已归档，先恢复才能修改。", "warn")
        return redirect(url_for("standing_topics.detail", topic_id=topic_id))
    return _form(row, forms.of_row(row))


@blueprint.post("/<int:topic_id>/edit")
@require(Permission.TOPIC_MANAGE)
def save(topic_id: int) -> ResponseReturnValue:
    row, values = _find(topic_id), forms.of_form(request.form)
    try:
        with writing() as session:
            hold_groups(session)
            version = standing_topics.edit_topic(
                session,
                topic_id,
                forms.draft_of(request.form),
                parse=language().parse,
                actor=_actor(),
                as_of_version=request.form.get("as_of_version", 0, type=int),
                now=console().clock.now(),
            )
    except TopicRefusedError as error:
        return _refused(row, values, error)
    except ConflictError as error:
        # What was typed stays on the page. Saving once more means having seen the newer version.
        reading().rollback()
        row = _find(topic_id)
        text = f"{error}您填的内容还在下面；再保存一次就以您的内容为准。"
        values |= {"as_of_version": row.version}
        return _form(row, values, {"": text}, status=HTTPStatus.CONFLICT)
    tell(f"专题已保存为第 {version} 版。")
    return redirect(url_for("standing_topics.detail", topic_id=topic_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:topic_id>/archive")
@require(Permission.TOPIC_MANAGE)
def archive(topic_id: int) -> ResponseReturnValue:
    with writing() as session:
        standing_topics.archive_topic(
            session, _found(topic_id), actor=_actor(), now=console().clock.now()
        )
    tell("专题已归档，不再统计；定义和历史都在，随时可以恢复。")
    return redirect(url_for("standing_topics.index"), HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:topic_id>/restore")
@require(Permission.TOPIC_MANAGE)
def restore(topic_id: int) -> ResponseReturnValue:
    with writing() as session:
        standing_topics.restore_topic(
            session, _found(topic_id), actor=_actor(), now=console().clock.now()
        )
    tell("专题已恢复。")
    return redirect(url_for("standing_topics.detail", topic_id=topic_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:topic_id>/delete")
@require(Permission.TOPIC_MANAGE)
def delete(topic_id: int) -> ResponseReturnValue:
    row = _find(topic_id)
    raise ConflictError(
        f"专题“{row.name}”没有删除：以前的统计和报告要说得清来历，专题只归档、不删除。请用“归档”。"
    )


@blueprint.post("/<int:topic_id>/subscribe")
@require(Permission.SEARCH)
def subscribe(topic_id: int) -> ResponseReturnValue:
    now = console().clock.now()
    with writing() as session:
        standing_topics.subscribe(session, _found(topic_id), person_id=viewer().id, now=now)
    tell("已订阅，今日态势会显示它的新内容。")
    return redirect(_back(topic_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:topic_id>/unsubscribe")
@require(Permission.SEARCH)
def unsubscribe(topic_id: int) -> ResponseReturnValue:
    now = console().clock.now()
    with writing() as session:
        standing_topics.unsubscribe(session, _found(topic_id), person_id=viewer().id, now=now)
    tell("已退订。")
    return redirect(_back(topic_id), HTTPStatus.SEE_OTHER)


def _back(topic_id: int) -> str:
    if request.form.get("back") == "list":
        return url_for("standing_topics.index")
    return url_for("standing_topics.detail", topic_id=topic_id)


def _actor() -> TopicActor:
    return TopicActor.of(viewer().id, viewer().roles)


def _find(topic_id: int) -> TopicRow:
    row = find_topic(reading(), topic_id, person_id=viewer().id)
    if row is None:
        abort(HTTPStatus.NOT_FOUND, GONE)
    return row


def _found(topic_id: int) -> int:
    return _find(topic_id).id


def _refused(row: TopicRow | None, values: forms.Values, error: TopicRefusedError) -> Response:
    return _form(
        row,
        values,
        error.faults,
        expressions=error.expressions,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )


def _form(
    row: TopicRow | None,
    values: forms.Values,
    faults: Mapping[str, str] | None = None,
    *,
    expressions: Mapping[str, ExpressionError] = NO_EXPRESSIONS,
    note: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    return render(
        "standing_topics/form.html",
        status,
        row=row,
        values=values,
        faults=faults or {},
        problems={
            field: problem_of(str(values.get(field) or "").strip(), error)
            for field, error in expressions.items()
        },
        note=note,
        topic_id=row.id if row else None,
        **forms.choices(values.get("owner_id")),
    )
