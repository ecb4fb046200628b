"""报送: what goes up, to whom, by when; the text begins with the facts of the alert."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from alerting.alert_detail import AlertDetail
from alerting.assignees import superior_organisations
from alerting.cases import open_case, submit
from alerting.deadlines import REPORT_LABELS, ReportKind
from alerting.state_machine import record_report
from core.coverage_statement import CoverageStatement
from core.errors import ConflictError, IllegalTransitionError, InvalidOptionsError
from webui.access import require, viewer
from webui.alert_view import find_alert, show_alert, tables
from webui.console import console, reading, writing
from webui.coverage_note import covered
from webui.page import render, tell
from webui.pages.alert_actions import seen
from webui.permissions import Permission
from webui.redirection import see_other
from webui.report_text import draft_report, next_kind
from webui.typed import whole_number

blueprint = Blueprint("alert_reports", __name__, url_prefix="/alerts")

A_DAY = dt.timedelta(days=1)


@blueprint.get("/<int:alert_id>/report")
@require(Permission.ALERT_HANDLE)
def form(alert_id: int) -> Response:
    alert = find_alert(alert_id)
    asked = request.args.get("kind", "")
    kind = ReportKind(asked) if asked in set(ReportKind) else next_kind(alert)
    text = draft_report(alert, kind, viewer().name, _coverage(alert).text)
    return _form(alert, {"kind": kind.value, "text": text})


def _coverage(alert: AlertDetail) -> CoverageStatement:
    """State what was seen since the alert was opened, and at least of the last day."""
    return covered(min(alert.row.opened_at, console().clock.now() - A_DAY))


def _form(
    alert: AlertDetail,
    values: dict[str, str],
    status: int = HTTPStatus.OK,
    faults: dict[str, str] | None = None,
) -> Response:
    return render(
        "alerts/report.html",
        status,
        alert=alert,
        row=alert.row,
        kinds=[(kind.value, REPORT_LABELS[kind]) for kind in ReportKind],
        coverage=_coverage(alert),
        superiors=superior_organisations(reading(), viewer().organisation_id),
        values=values,
        faults=faults or {},
        page_class="narrow",
    )


@blueprint.post("/<int:alert_id>/report")
@require(Permission.ALERT_HANDLE)
def send(alert_id: int) -> ResponseReturnValue:
    values = {name: request.form.get(name, "") for name in ("kind", "text", "organisation")}
    if values["kind"] not in set(ReportKind):
        faults = {"kind": "请选择报送种类"}
        return _form(find_alert(alert_id), values, HTTPStatus.UNPROCESSABLE_ENTITY, faults)
    try:
        with writing() as session:
            _record(session, alert_id, values, console().clock.now())
    except InvalidOptionsError as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _form(find_alert(alert_id), values, status, error.faults)
    except (ConflictError, IllegalTransitionError) as error:
        return show_alert(alert_id, HTTPStatus.CONFLICT, problem=str(error))
    tell(f"{REPORT_LABELS[ReportKind(values['kind'])]}已记录。")
    return see_other(f"/alerts/{alert_id}")


def _record(session: Session, alert_id: int, values: dict[str, str], now: dt.datetime) -> None:
    """Stop the clock on the alert and put the text into the case, in one transaction."""
    kind = ReportKind(values["kind"])
    record_report(
        session,
        alert_id,
        viewer().id,
        now,
        kind=kind,
        text=values["text"],
        deadlines=tables().deadlines,
        as_of=seen(),
    )
    known = {id_ for id_, _ in superior_organisations(session, viewer().organisation_id)}
    chosen = whole_number(values["organisation"])
    submit(
        session,
        open_case(session, alert_id, viewer().id, now),
        viewer().id,
        now,
        text=values["text"],
        to_organisation_id=chosen if chosen in known else None,
        kind=kind.value,
    )
