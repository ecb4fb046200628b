"""存证: pages kept as proof, read as text, checked whenever they are opened."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, make_response, request, url_for
from flask.typing import ResponseReturnValue

from config.purposes import PURPOSES
from core.audit import AuditEvent, record
from core.documents import read_documents
from core.errors import InvalidOptionsError
from core.evidence_requests import EvidenceRequest, demand_evidence
from crawlers.evidence.archive import EvidenceKind
from crawlers.evidence.export import EvidenceAlteredError, export_warc
from crawlers.evidence.listing import (
    EvidenceFilter,
    EvidenceLine,
    EvidenceNotFoundError,
    alert_called,
    list_evidence,
    read_evidence,
    waiting_evidence,
)
from webui import evidence_view, typed
from webui.access import require, viewer
from webui.alert_view import find_alert, show_alert
from webui.console import console, reading, writing
from webui.document_view import show_document
from webui.evidence_view import KIND_LABELS, open_evidence
from webui.page import is_fragment, render, tell
from webui.permissions import Permission
from webui.redirection import see_other

blueprint = Blueprint("evidence", __name__, url_prefix="/evidence")

FIELDS = ("kind", "alert", "document", "since", "until")
GZIP = "application/gzip"


@blueprint.get("")
@require(Permission.EVIDENCE_VIEW)
def index() -> Response:
    before = typed.whole_number(request.args.get("before"))
    found = list_evidence(reading(), _filter(), before=before)
    chosen = {name: request.args.get(name, "") for name in FIELDS}
    return render(
        "evidence/_list.html" if is_fragment() else "evidence/page.html",
        lines=found.lines,
        waiting=[]
        if before or any(chosen.values())
        else list(waiting_evidence(reading()).values()),
        chosen=chosen,
        is_filtered=any(chosen.values()),
        kinds=[(kind.value, label) for kind, label in KIND_LABELS.items()],
        older=_address(chosen, found.before) if found.before else None,
        newest=_address(chosen, None) if before else None,
        words=evidence_view,
    )


def _filter() -> EvidenceFilter:
    args = request.args
    kind = args.get("kind", "")
    until = typed.day(args.get("until", ""))
    return EvidenceFilter(
        kind=EvidenceKind(kind) if kind in set(EvidenceKind) else None,
        alert_id=_alert_id(args.get("alert", "")),
        document_id=typed.whole_number(args.get("document")),
        since=typed.midnight(typed.day(args.get("since", ""))),
        until=typed.midnight(until + dt.timedelta(days=1) if until else None),
    )


def _alert_id(typed_number: str) -> int | None:
    """Nobody's number finds nothing, and not everything."""
    if not typed_number.strip():
        return None
    return alert_called(reading(), typed_number) or 0


def _address(chosen: dict[str, str], before: int | None) -> str:
    pairs = {name: value for name, value in chosen.items() if value}
    if before is not None:
        pairs["before"] = str(before)
    return f"{url_for('evidence.index')}?{urlencode(pairs)}" if pairs else url_for("evidence.index")


@blueprint.get("/<int:evidence_id>")
@require(Permission.EVIDENCE_VIEW)
def detail(evidence_id: int) -> Response:
    return _detail(evidence_id, {})


def _detail(
    evidence_id: int,
    faults: dict[str, str],
    status: int = HTTPStatus.OK,
    *,
    problem: str | None = None,
) -> Response:
    # What another transaction has just committed is only seen by a new one.
    reading().rollback()
    line = _found(evidence_id)
    with writing() as session:
        event = AuditEvent(viewer().actor, "document.read", "evidence", str(evidence_id))
        record(session, event, console().clock.now())
    return render(
        "evidence/detail.html",
        status,
        line=line,
        opened=open_evidence(evidence_id),
        purposes=PURPOSES,
        faults=faults,
        values=request.form,
        problem=problem,
        may_export=viewer().may(Permission.EVIDENCE_EXPORT),
        page_class="detail",
        words=evidence_view,
    )


def _found(evidence_id: int) -> EvidenceLine:
    try:
        return read_evidence(reading(), evidence_id)
    except EvidenceNotFoundError as error:
        abort(HTTPStatus.NOT_FOUND, str(error))


@blueprint.post("/documents/<int:document_id>")
@require(Permission.EVIDENCE_TAKE)
def take_document(document_id: int) -> ResponseReturnValue:
    if not read_documents(reading(), [document_id]):
        abort(HTTPStatus.NOT_FOUND, "找不到这条信息，它可能已按 180 天的保存期限删除。")
    try:
        _demand([document_id], None)
    except InvalidOptionsError as error:
        return show_document(
            document_id, HTTPStatus.UNPROCESSABLE_ENTITY, problem=f"{error}。没有存证。"
        )
    tell("已排队存证，通常几秒内完成；原始网页已不在时会先重新抓取。")
    return see_other(url_for("documents.detail", document_id=document_id))


@blueprint.post("/alerts/<int:alert_id>")
@require(Permission.EVIDENCE_TAKE)
def take_alert(alert_id: int) -> ResponseReturnValue:
    """Ask for evidence of what the alert's page shows."""
    shown = [one.document_id for one in find_alert(alert_id).evidence.documents]
    try:
        _demand(shown, alert_id)
    except InvalidOptionsError as error:
        return show_alert(alert_id, HTTPStatus.UNPROCESSABLE_ENTITY, problem=f"{error}。没有存证。")
    tell(f"已为 {len(shown)} 条关键证据排队存证，通常几秒内完成。")
    return see_other(url_for("alerts.detail", alert_id=alert_id))


def _demand(document_ids: list[int], alert_id: int | None) -> None:
    with writing() as session:
        wanted = EvidenceRequest(
            reason=request.form.get("reason", "").strip(), actor=viewer().actor, alert_id=alert_id
        )
        demand_evidence(session, document_ids, wanted, console().clock.now())


@blueprint.post("/<int:evidence_id>/file")
@require(Permission.EVIDENCE_EXPORT)
def file(evidence_id: int) -> ResponseReturnValue:
    """Hand out the sealed file; by POST with a purpose, since it leaves a record."""
    try:
        with writing() as session:
            content = export_warc(
                session,
                console().keyring,
                evidence_id,
                purpose=request.form.get("purpose", ""),
                reason=request.form.get("reason", ""),
                actor=viewer().actor,
                now=console().clock.now(),
            )
    except EvidenceNotFoundError as error:
        abort(HTTPStatus.NOT_FOUND, str(error))
    except InvalidOptionsError as error:
        return _detail(
            evidence_id,
            dict(error.faults),
            HTTPStatus.UNPROCESSABLE_ENTITY,
            problem=f"{error}。没有下载。",
        )
    except EvidenceAlteredError as error:
        return _detail(evidence_id, {}, HTTPStatus.CONFLICT, problem=str(error))
    response = make_response(content)
    response.headers["Content-Type"] = GZIP
    response.headers["Content-Disposition"] = f"attachment; filename=evidence-{evidence_id}.warc.gz"
    response.headers["Cache-Control"] = "no-store"
    return response
