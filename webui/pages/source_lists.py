"""Lists of sources in YAML: looked at before they are taken in, and given out."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core.audit import AuditEvent, record
from core.database.models.collecting import Source
from crawlers.source_lists import EntryFate, ListPlan, export_list, import_list, plan_import
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.page import render, tell
from webui.permissions import Permission

blueprint = Blueprint("source_lists", __name__, url_prefix="/sources/yaml")

MANAGE = Permission.SOURCE_MANAGE
SEE_OTHER = 303
UNPROCESSABLE = 422
FILE_NAME = "sources.yaml"
LARGEST_FILE = 500_000
FATE_LABELS = {
    EntryFate.ADDED: "新增",
    EntryFate.CHANGED: "修改",
    EntryFate.UNCHANGED: "不变",
    EntryFate.REFUSED: "拒绝",
}


@blueprint.get("")
@require(MANAGE)
def index() -> Response:
    return _page("")


@blueprint.post("")
@require(MANAGE)
def take_in() -> ResponseReturnValue:
    text = _sent_text()
    if not text.strip():
        return _page("", fault="请选择一个 YAML 文件，或把清单粘贴进来。")
    if request.form.get("do") != "import":
        return _page(text, plan=plan_import(reading(), text, policy=console().policy))
    now = console().clock.now()
    with writing() as session:
        plan = import_list(
            session,
            text,
            policy=console().policy,
            now=now,
            actor=viewer().actor,
            created_by=viewer().id,
            keyring=console().keyring,
        )
        detail: dict[str, object] = {fate.value: plan.count(fate) for fate in EntryFate}
        record(
            session,
            AuditEvent(viewer().actor, "source.list_imported", "source", detail=detail),
            now,
        )
    refused = plan.count(EntryFate.REFUSED)
    tell(
        f"清单已导入：新增 {plan.count(EntryFate.ADDED)} 个，修改 {plan.count(EntryFate.CHANGED)} 个"
        + (f"；拒绝 {refused} 条，没有导入。" if refused else "。"),
        "warn" if refused else "ok",
    )
    return redirect(url_for("sources.index"), SEE_OTHER)


@blueprint.post("/export")
@require(MANAGE)
def export() -> Response:
    ids = request.form.getlist("id", type=int)
    with writing() as session:
        text = export_list(session, ids or None)
        detail: dict[str, object] = {"sources": len(ids) or "all"}
        event = AuditEvent(viewer().actor, "source.list_exported", "source", detail=detail)
        record(session, event, console().clock.now())
    response = make_response(text)
    response.headers["Content-Type"] = "application/yaml; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return response


def _sent_text() -> str:
    """Give the file, or else what was pasted; a file wins, it was chosen last."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return sent.stream.read(LARGEST_FILE + 1).decode("utf-8-sig", errors="replace")
    return request.form.get("text", "")


def _page(text: str, *, plan: ListPlan | None = None, fault: str | None = None) -> Response:
    names = reading().execute(select(Source.id, Source.name).order_by(Source.name)).all()
    return render(
        "sources/yaml.html",
        UNPROCESSABLE if fault else 200,
        text=text,
        plan=plan,
        counts=[(label, plan.count(fate)) for fate, label in FATE_LABELS.items()] if plan else [],
        fates=FATE_LABELS,
        faults={"file": fault} if fault else {},
        sources=[(str(id_), name) for id_, name in names],
    )
