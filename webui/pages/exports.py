"""导出: posts as a file, for a stated purpose; above a hundred rows with a leader's approval."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, abort, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from config.purposes import PURPOSES
from core import exports
from core.coverage_statement import CoverageStatement
from core.database.models.searching import Export, ExportState
from core.errors import InvalidOptionsError
from core.exports import ExportDraft, ExportFormat, ExportNotFoundError
from core.expression import ExpressionError
from core.table_file import Table, csv_bytes, xlsx_bytes
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.coverage_note import covered
from webui.export_rows import COLUMNS, Selection, cells, selection
from webui.formats import full_time
from webui.page import render, tell
from webui.permissions import Permission, holders

blueprint = Blueprint("exports", __name__, url_prefix="/exports")

FORMATS = ((ExportFormat.XLSX.value, "Excel（.xlsx）"), (ExportFormat.CSV.value, "CSV（.csv）"))
_WRITERS = {
    ExportFormat.XLSX: (
        xlsx_bytes,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ExportFormat.CSV: (csv_bytes, "text/csv; charset=utf-8"),
}


@blueprint.get("")
@require(Permission.EXPORT)
def index() -> Response:
    may_approve = viewer().may(Permission.EXPORT_APPROVE)
    rows = exports.list_exports(reading(), person_id=viewer().id, may_approve=may_approve)
    return render("exports/page.html", rows=rows, may_approve=may_approve)


@blueprint.get("/new")
@require(Permission.EXPORT)
def new() -> ResponseReturnValue:
    chosen = _selection(request.query_string.decode("utf-8", "replace"))
    if chosen is None:
        return redirect(url_for("documents.index"))
    # Without a purpose the list asks for one: none is chosen for anybody.
    return _form(chosen, {"purpose": None}, {})


@blueprint.post("/new")
@require(Permission.EXPORT)
def create() -> ResponseReturnValue:
    form, now = request.form, console().clock.now()
    chosen = _selection(form.get("query", ""))
    if chosen is None:
        return redirect(url_for("documents.index"), HTTPStatus.SEE_OTHER)
    draft = ExportDraft(
        query=chosen.address,
        count=chosen.count(console().reader, reading(), now),
        purpose=form.get("purpose", ""),
        reason=form.get("reason", ""),
        format=form.get("format", ""),
    )
    try:
        with writing() as session:
            export = exports.request_export(session, draft, person_id=viewer().id, now=now)
            export_id, is_waiting = export.id, export.state == ExportState.REQUESTED
    except InvalidOptionsError as error:
        typed = {**form.to_dict(), "purpose": form.get("purpose") or None}
        return _form(chosen, typed, error.faults, HTTPStatus.UNPROCESSABLE_ENTITY)
    if is_waiting:
        who = holders(Permission.EXPORT_APPROVE)
        tell(f"申请已提交，等待{who}批准；批准后在这里下载。", "info")
    else:
        tell("可以下载了。")
    return redirect(url_for("exports.detail", export_id=export_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/<int:export_id>")
@require(Permission.EXPORT)
def detail(export_id: int) -> Response:
    return _detail(export_id, {})


@blueprint.post("/<int:export_id>/decide")
@require(Permission.EXPORT_APPROVE)
def decide(export_id: int) -> ResponseReturnValue:
    is_approved = request.form.get("decision") == "approve"
    try:
        with writing() as session:
            exports.decide(
                session,
                export_id,
                person_id=viewer().id,
                is_approved=is_approved,
                note=request.form.get("note", ""),
                now=console().clock.now(),
            )
    except InvalidOptionsError as error:
        return _detail(export_id, error.faults, HTTPStatus.UNPROCESSABLE_ENTITY)
    except ExportNotFoundError as error:
        abort(HTTPStatus.NOT_FOUND, str(error))
    tell("已批准，申请人现在可以下载。" if is_approved else "已退回申请。")
    return redirect(url_for("exports.detail", export_id=export_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:export_id>/file")
@require(Permission.EXPORT)
def file(export_id: int) -> Response:
    """Make the file and log that it left; by POST, since that changes the record."""
    now = console().clock.now()
    try:
        export = exports.check_takable(reading(), export_id, person_id=viewer().id, now=now)
    except ExportNotFoundError as error:
        abort(HTTPStatus.NOT_FOUND, str(error))
    try:
        chosen = selection(reading(), export.query)
    except ExpressionError as error:
        # A synonym group it used may be gone.
        abort(
            HTTPStatus.CONFLICT, f"当时的检索条件现在无法执行：{error} 没有生成文件，请重新申请。"
        )
    write, kind = _WRITERS[ExportFormat(export.format)]
    rows = [
        cells(document)
        for document in chosen.documents(
            console().reader, reading(), until=export.until, most=export.count
        )
    ]
    content = write(_table(export, chosen, rows))
    digest = hashlib.sha256(content).hexdigest()
    with writing() as session:
        exports.record_taking(session, export_id, rows=len(rows), digest=digest, now=now)
    response = make_response(content)
    name = f"职声导出{export_id}.{export.format}"
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = (
        f"attachment; filename=export-{export_id}.{export.format}; filename*=UTF-8''{quote(name)}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _table(
    export: Export, chosen: Selection, rows: list[tuple[str | int | float | None, ...]]
) -> Table:
    who = f"{viewer().name}（{viewer().login}）"
    now = full_time(console().clock.now())
    stated = _covered(export, chosen)
    return Table(
        name="信息",
        watermark=f"职声导出 {export.id} 号｜{who}｜{now}｜{stated.short}｜仅限内部使用，不得外传",
        columns=COLUMNS,
        rows=rows,
        about=(
            ("导出号", str(export.id)),
            ("导出人", who),
            ("导出时间", f"{now}（北京时间）"),
            ("用途", export.purpose),
            ("说明", export.reason),
            ("检索条件", "；".join(chosen.said)),
            ("截至", f"{full_time(export.until)} 之前采集到的内容"),
            ("条数", str(len(rows))),
            ("数据覆盖", _said(stated)),
            (
                "提示",
                "姓名、电话、证件号和住址已经遮盖；正文只保存 180 天，请按用途使用并及时删除。",
            ),
        ),
    )


def _covered(export: Export, chosen: Selection) -> CoverageStatement:
    """Say how complete the collecting was in the period of the search, of its last 31 days at most."""
    since, until = chosen.filters.window(export.until) if chosen.filters else (None, None)
    return covered(since, min(until or export.until, export.until))


def _said(stated: CoverageStatement) -> str:
    return f"{full_time(stated.since)} 至 {full_time(stated.until)}：{stated.text}"


def _selection(address: str) -> Selection | None:
    """Read what is to be exported; None, with a message for the next page, when it cannot be read."""
    try:
        return selection(reading(), address)
    except ExpressionError as error:
        tell(f"没有导出：{error}", "error")
        return None


def _form(
    chosen: Selection,
    values: Mapping[str, str | None],
    faults: Mapping[str, str],
    status: int = HTTPStatus.OK,
) -> Response:
    now = console().clock.now()
    count = chosen.count(console().reader, reading(), now)
    free = exports.free_rows(reading(), viewer().id, now)
    return render(
        "exports/form.html",
        status,
        selection=chosen,
        count=count,
        free=free,
        most=exports.MOST_ROWS,
        free_rows=exports.FREE_ROWS,
        approvers=holders(Permission.EXPORT_APPROVE),
        purposes=[(purpose, purpose) for purpose in PURPOSES],
        formats=FORMATS,
        values=values,
        faults=faults,
        back=f"{url_for('documents.index')}?{chosen.address}" if chosen.filters else None,
    )


def _detail(export_id: int, faults: Mapping[str, str], status: int = HTTPStatus.OK) -> Response:
    may_approve = viewer().may(Permission.EXPORT_APPROVE)
    # What another transaction has just committed is only seen by a new one.
    reading().rollback()
    try:
        row = exports.read_export(
            reading(), export_id, person_id=viewer().id, may_approve=may_approve
        )
    except ExportNotFoundError as error:
        abort(HTTPStatus.NOT_FOUND, str(error))
    try:
        said: tuple[str, ...] = selection(reading(), row.export.query).said
    except ExpressionError as error:
        said = (f"当时的条件现在无法执行（{error}）",)
    return render(
        "exports/detail.html",
        status,
        row=row,
        said=said,
        faults=faults,
        is_own=row.export.person_id == viewer().id,
        is_expired=row.is_expired(console().clock.now()),
        may_decide=may_approve and row.export.person_id != viewer().id,
        format_label=dict(FORMATS).get(row.export.format, row.export.format),
    )
