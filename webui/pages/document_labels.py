"""Correcting the labels of a document, and taking a correction back: plain forms on its page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import corrections
from core.corrected_labels import TASK_LABELS, LabelTask, checked_label, label_name
from core.corrections import CorrectionDraft
from core.errors import ConflictError, InvalidOptionsError
from webui.access import require, viewer
from webui.console import console, writing
from webui.document_view import show_document
from webui.page import tell
from webui.permissions import Permission
from webui.redirection import see_other

blueprint = Blueprint("document_labels", __name__, url_prefix="/documents")

Deed = Callable[[Session, dt.datetime], str]


@blueprint.post("/<int:document_id>/labels")
@require(Permission.CORRECT)
def correct(document_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        task = _task()
        label = checked_label(task, request.form.getlist("label"))
        draft = CorrectionDraft(document_id, task, label, seen=request.form.get("seen"))
        corrections.correct(session, draft, person_id=viewer().id, now=now)
        return f"{TASK_LABELS[task]}已更正为“{label_name(task, label)}”，随后用于检索和预警规则。"

    return _perform(document_id, deed)


@blueprint.post("/<int:document_id>/labels/<int:correction_id>/undo")
@require(Permission.CORRECT)
def undo(document_id: int, correction_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        of = corrections.undo(session, correction_id, person_id=viewer().id, now=now)
        if of != document_id:
            abort(HTTPStatus.NOT_FOUND)
        return "已撤销这条更正，恢复到更正之前的标注。"

    return _perform(document_id, deed)


def _task() -> LabelTask:
    try:
        return LabelTask(request.form.get("task", ""))
    except ValueError as error:
        raise InvalidOptionsError({"task": "没有这一项标注"}) from error


def _perform(document_id: int, deed: Deed) -> ResponseReturnValue:
    """Do one thing in one transaction; 409 or 422 with the page as it is now when it cannot be done."""
    try:
        with writing() as session:
            said = deed(session, console().clock.now())
    except ConflictError as error:
        return show_document(document_id, HTTPStatus.CONFLICT, problem=str(error))
    except InvalidOptionsError as error:
        return show_document(
            document_id, HTTPStatus.UNPROCESSABLE_ENTITY, problem=f"{error}。没有做任何改动。"
        )
    tell(said)
    return see_other(url_for("documents.detail", document_id=document_id) + "#labels")
