"""预警箱 and 预警页: what is urgent, whose it is, why it was raised. Reading changes nothing."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from alerting.inbox import AlertPage, InboxTab, list_alerts
from alerting.roster import on_duty
from alerting.state_machine import AsOf, acknowledge
from core.database.models.alerting import AlertState
from core.database.models.duty import Layer
from core.errors import ConflictError, WorkflowError
from webui.access import require, viewer
from webui.alert_view import find_alert, show_alert
from webui.console import console, reading, writing
from webui.page import alert_badge, is_fragment, render, tell
from webui.permissions import Permission
from webui.redirection import see_other
from webui.typed import whole_number
from webui.vocabulary import narrow_regions

blueprint = Blueprint("alerts", __name__, url_prefix="/alerts")

PAGE = 50
MOST_AT_ONCE = 100


@blueprint.get("")
@require(Permission.ALERT_VIEW)
def index() -> ResponseReturnValue:
    version, _ = alert_badge()
    if is_fragment() and request.args.get("v") == version:
        return "", HTTPStatus.NO_CONTENT
    tab, now = _tab(), console().clock.now()
    page = _page(tab, PAGE, request.args.get("after"))
    return render(
        "alerts/_list.html" if is_fragment() else "alerts/page.html",
        tab=tab.value,
        tabs=_tabs(tab),
        alerts=page.rows,
        total=page.total,
        next=url_for("alerts.index", tab=tab.value, after=page.cursor) if page.cursor else None,
        first=url_for("alerts.index", tab=tab.value) if request.args.get("after") else None,
        version=version,
        after=request.args.get("after", ""),
        can_handle=viewer().may(Permission.ALERT_HANDLE),
        waiting=[row.id for row in page.rows if row.state is AlertState.OPEN],
        places=narrow_regions,
        on_duty=[] if page.rows else _on_duty(),
        checked_at=now,
    )


def _tab() -> InboxTab:
    asked = request.args.get("tab", "")
    if asked in set(InboxTab):
        return InboxTab(asked)
    return InboxTab.MINE if viewer().may(Permission.ALERT_HANDLE) else InboxTab.ALL


def _page(tab: InboxTab, limit: int, after: str | None = None) -> AlertPage:
    return list_alerts(
        reading(),
        tab=tab,
        person_id=viewer().id,
        now=console().clock.now(),
        limit=limit,
        after=after,
    )


def _tabs(current: InboxTab) -> list[dict[str, object]]:
    labels = {InboxTab.MINE: "我的", InboxTab.ALL: "全组", InboxTab.CLOSED: "已办结"}
    return [
        {
            "label": label,
            "href": url_for("alerts.index", tab=tab.value),
            "current": tab is current,
            "count": _page(tab, 1).total,
        }
        for tab, label in labels.items()
    ]


def _on_duty() -> list[str]:
    people = on_duty(reading(), console().clock.now(), layers=tuple(Layer))
    return [person.name for person in people if not person.is_fallback]


@blueprint.get("/badge")
@require(Permission.ALERT_VIEW)
def badge() -> ResponseReturnValue:
    """Answer the poll of every open page: 204 while nothing has changed."""
    version, waiting = alert_badge()
    if request.args.get("v") == version:
        return "", HTTPStatus.NO_CONTENT
    return render("alerts/_badge.html", count=waiting, version=version)


@blueprint.post("/acknowledge")
@require(Permission.ALERT_HANDLE)
def acknowledge_many() -> ResponseReturnValue:
    """Acknowledge the chosen alerts, each on its own: one that has moved on does not hold up the others."""
    chosen = [request.form["only"]] if "only" in request.form else request.form.getlist("alert")
    taken, missed = 0, []
    for item in chosen[:MOST_AT_ONCE]:
        alert_id, cycle = map(whole_number, item.partition(":")[::2])
        if alert_id is None or cycle is None:
            continue
        try:
            with writing() as session:
                now = console().clock.now()
                as_of = AsOf(cycle=cycle)
                acknowledge(session, alert_id, viewer().id, now, as_of=as_of)
            taken += 1
        except (ConflictError, WorkflowError) as error:
            missed.append(str(error))
    if taken:
        tell(f"已签收 {taken} 件预警，由您负责处置。")
    for text in missed:
        tell(text, "warn")
    if not chosen:
        tell("还没有勾选预警，没有签收任何一件。", "info")
    return see_other(url_for("alerts.index", tab=request.form.get("tab", "mine")))


@blueprint.get("/<int:alert_id>")
@require(Permission.ALERT_VIEW)
def detail(alert_id: int) -> Response:
    return show_alert(alert_id)


@blueprint.get("/<int:alert_id>/news")
@require(Permission.ALERT_VIEW)
def news(alert_id: int) -> ResponseReturnValue:
    """Tell an open page that its alert has changed; 204 while it has not."""
    row = find_alert(alert_id).row
    if request.args.get("version") == str(row.version):
        return "", HTTPStatus.NO_CONTENT
    return render("alerts/_news.html", row=row, version=request.args.get("version", ""))
