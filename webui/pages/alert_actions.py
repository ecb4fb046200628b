"""What people do on the page of an alert. Every action is a plain POST; a stale one answers 409 with the present state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from alerting import state_machine
from alerting.cases import assess, open_case
from alerting.state_machine import Acknowledged, AsOf
from core.database.models.alerting import Severity, Verdict
from core.errors import ConflictError, IllegalTransitionError, InvalidOptionsError
from webui.access import require, viewer
from webui.alert_view import show_alert, tables
from webui.console import console, writing
from webui.formats import clock_time
from webui.page import is_fragment, tell, toast
from webui.permissions import Permission
from webui.redirection import see_other
from webui.typed import whole_number

blueprint = Blueprint("alert_actions", __name__, url_prefix="/alerts")

Deed = Callable[[Session, dt.datetime], str]


def perform(alert_id: int, action: str, deed: Deed) -> ResponseReturnValue:
    """Do one thing in one transaction; the deed answers what to say.

    409 with the alert as it is now when the button was stale, 422 with what was typed when it was incomplete.
    """
    try:
        with writing() as session:
            said = deed(session, console().clock.now())
    except (ConflictError, IllegalTransitionError) as error:
        return show_alert(
            alert_id,
            HTTPStatus.CONFLICT,
            problem=str(error),
            action=action,
            typed=request.form,
        )
    except InvalidOptionsError as error:
        return show_alert(
            alert_id,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            problem=f"{error}。没有做任何改动。",
            action=action,
            typed=request.form,
            faults=error.faults,
        )
    if is_fragment():
        return toast(show_alert(alert_id), said)
    tell(said)
    return see_other(url_for("alerts.detail", alert_id=alert_id))


def seen(*, version: bool = False) -> AsOf:
    """Read what the button saw. A judgement needs the exact version, other deeds only the same cycle."""
    return AsOf(
        version=whole_number(request.form.get("version")) if version else None,
        cycle=whole_number(request.form.get("cycle")),
    )


def _text(name: str) -> str:
    return request.form.get(name, "")


@blueprint.post("/<int:alert_id>/acknowledge")
@require(Permission.ALERT_HANDLE)
def acknowledge(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        return acknowledgement(
            state_machine.acknowledge(session, alert_id, viewer().id, now, as_of=seen())
        )

    return perform(alert_id, "acknowledge", deed)


def acknowledgement(done: Acknowledged) -> str:
    """Say who has the alert; the second press of the same person is no mistake."""
    if done.is_first:
        return "已签收，由您负责处置。"
    if done.by_person_id == viewer().id:
        return f"您已于 {clock_time(done.at)} 签收。"
    return f"{done.by_name} 已于 {clock_time(done.at)} 签收，已记录您知悉。"


@blueprint.post("/<int:alert_id>/unacknowledge")
@require(Permission.ALERT_HANDLE)
def unacknowledge(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        state_machine.unacknowledge(
            session, alert_id, viewer().id, now, reason=_text("reason"), as_of=seen()
        )
        return "已退回待签收，重新从第一步通知。"

    return perform(alert_id, "unacknowledge", deed)


@blueprint.post("/<int:alert_id>/progress")
@require(Permission.ALERT_HANDLE)
def progress(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        state_machine.progress(session, alert_id, viewer().id, now, text=_text("text"))
        return "进展已记入处置记录。"

    return perform(alert_id, "progress", deed)


@blueprint.post("/<int:alert_id>/assess")
@require(Permission.ALERT_HANDLE)
def assess_alert(alert_id: int) -> ResponseReturnValue:
    """Write an assessment into the case, and its gist into the alert's timeline."""

    def deed(session: Session, now: dt.datetime) -> str:
        case_id = open_case(session, alert_id, viewer().id, now)
        assess(session, case_id, viewer().id, now, text=_text("text"))
        state_machine.progress(session, alert_id, viewer().id, now, text=f"研判：{_text('text')}")
        return "研判意见已记入专卡。"

    return perform(alert_id, "assess", deed)


@blueprint.post("/<int:alert_id>/assign")
@require(Permission.ALERT_HANDLE)
def assign(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        person_id = whole_number(request.form.get("person"))
        if person_id is None:
            raise InvalidOptionsError({"person": "请选择负责人"})
        state_machine.assign(
            session, alert_id, viewer().id, now, to_person_id=person_id, as_of=seen()
        )
        return "已指派负责人。"

    return perform(alert_id, "assign", deed)


@blueprint.post("/<int:alert_id>/severity")
@require(Permission.ALERT_HANDLE)
def change_severity(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        number = whole_number(request.form.get("severity"))
        if number not in {level.value for level in Severity}:
            raise InvalidOptionsError({"severity": "请选择级别"})
        state_machine.change_severity(
            session,
            alert_id,
            viewer().id,
            now,
            severity=Severity(number),
            reason=_text("reason"),
            tables=tables(),
            as_of=seen(version=True),
        )
        return "级别已调整。"

    return perform(alert_id, "severity", deed)


@blueprint.post("/<int:alert_id>/dismiss")
@require(Permission.ALERT_HANDLE)
def dismiss(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        state_machine.dismiss(
            session,
            alert_id,
            viewer().id,
            now,
            reason=_text("reason"),
            deadlines=tables().deadlines,
            as_of=seen(version=True),
        )
        return "已判为误报，理由会用于改进规则。"

    return perform(alert_id, "dismiss", deed)


@blueprint.post("/<int:alert_id>/resolve")
@require(Permission.ALERT_HANDLE)
def resolve(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        verdict = _text("verdict")
        if verdict not in set(Verdict):
            raise InvalidOptionsError({"verdict": "请选择结论"})
        state_machine.resolve(
            session,
            alert_id,
            viewer().id,
            now,
            verdict=Verdict(verdict),
            reason=_text("reason"),
            deadlines=tables().deadlines,
            as_of=seen(version=True),
        )
        return "已办结，等待复核关闭；出现新的命中会重新打开。"

    return perform(alert_id, "resolve", deed)


@blueprint.post("/<int:alert_id>/reopen")
@require(Permission.ALERT_HANDLE)
def reopen(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        state_machine.reopen(
            session, alert_id, viewer().id, now, reason=_text("reason"), as_of=seen(version=True)
        )
        return "已重新打开，重新从第一步通知。"

    return perform(alert_id, "reopen", deed)


@blueprint.post("/<int:alert_id>/close")
@require(Permission.ALERT_CLOSE)
def close(alert_id: int) -> ResponseReturnValue:
    def deed(session: Session, now: dt.datetime) -> str:
        state_machine.close(session, alert_id, viewer().id, now, as_of=seen(version=True))
        return "复核完成，预警已关闭。"

    return perform(alert_id, "close", deed)
