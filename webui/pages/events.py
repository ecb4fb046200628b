"""热点事件 and 事件页: what is heating up, how bad it is, what comes next."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.audit import AuditEvent, record
from core.event_list import EventRow, count_events, list_events
from core.event_record import EventRecord, survivor
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.event_filters import PERIODS, SORTS, THRESHOLDS, EventFilters
from webui.event_results import PATH, facets, pager, pills, tabs
from webui.event_view import find, show_event, spread, words
from webui.page import is_fragment, render, tell
from webui.permissions import Permission
from webui.vocabulary import narrow_regions

blueprint = Blueprint("events", __name__, url_prefix=PATH)


@blueprint.get("")
@require(Permission.EVENT_VIEW)
def index() -> ResponseReturnValue:
    filters, now = EventFilters.read(request.args), console().clock.now()
    query = filters.query(now)
    counts = count_events(reading(), query, now)
    rows = list_events(reading(), query, now)
    response = render(
        "events/_list.html" if is_fragment() else "events/page.html",
        200,
        filters=filters,
        rows=rows,
        total=counts.total,
        tabs=tabs(filters, counts),
        facets=facets(filters, counts),
        pills=pills(filters),
        pager=pager(filters, counts.total, len(rows)),
        clear=EventFilters(status=filters.status).address(PATH),
        lower=replace(filters, least=1).address(PATH),
        first=replace(filters, page=1).address(PATH),
        here=filters.address(PATH),
        periods=[(key, text) for key, (text, _) in PERIODS.items()],
        sorts=list(SORTS.items()),
        thresholds=list(THRESHOLDS.items()),
        places=narrow_regions,
        change_label=_change_label(rows),
        may_handle=viewer().may(Permission.EVENT_HANDLE),
        **words(),
    )
    response.headers["Vary"] = "HX-Request"
    return response


def _change_label(rows: list[EventRow]) -> str:
    """Say over how long the change is measured; events renewed together measure it alike."""
    for row in rows:
        if row.changed_since is not None and row.measured_at is not None:
            hours = round((row.measured_at - row.changed_since) / dt.timedelta(hours=1))
            return f"{hours} 小时变化"
    return "变化"


@blueprint.get("/<int:event_id>")
@require(Permission.EVENT_VIEW)
def detail(event_id: int) -> ResponseReturnValue:
    event = find(event_id)
    if event.merged_into_id is not None:
        return _moved(event)
    if is_fragment() and "spread" in request.args:
        context = {"event": event, "row": event.row, **words(), **spread(event.row)}
        return render("events/_spread.html", 200, **context)
    with writing() as session:
        _log_reading(session, event_id)
    return show_event(event)


def _moved(event: EventRecord) -> ResponseReturnValue:
    """Lead from a merged event to the one that has its stories now."""
    tell(f"事件“{event.row.title}”已并入本事件，下面是合并后的内容。", "info")
    return redirect(url_for("events.detail", event_id=survivor(reading(), event.row.id)))


def _log_reading(session: Session, event_id: int) -> None:
    # The page quotes sentences of posts, so it counts as reading them.
    event = AuditEvent(viewer().actor, "document.read", "event", str(event_id))
    record(session, event, console().clock.now())
