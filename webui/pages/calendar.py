"""内容日历: what goes out when, what is missing, and what waits for somebody."""

from __future__ import annotations

from flask import Blueprint, Response, request

from media_matrix import calendar
from media_matrix.accounts import channel_forms
from media_matrix.publication_lines import waiting_lines
from webui.access import require
from webui.console import console, reading
from webui.month import Month, agenda_days, day_items, day_of, month_weeks
from webui.page import is_fragment, render
from webui.permissions import Permission

blueprint = Blueprint("calendar", __name__, url_prefix="/calendar")


@blueprint.get("")
@require(Permission.MEDIA_VIEW)
def index() -> Response:
    now = console().clock.now()
    session = reading()
    labels = {form.name: form.label for form in channel_forms()}
    channel = request.args.get("channel") if request.args.get("channel") in labels else None
    month = Month.parse(request.args.get("month", ""), Month.of(now))
    entries = calendar.month(
        session, starts_at=month.starts_at, ends_at=month.ends_at, channel=channel
    )
    day = day_of(request.args.get("day", ""))
    return render(
        "calendar/_calendar.html" if is_fragment() else "calendar/page.html",
        month=month,
        channel=channel,
        channels=list(labels.items()),
        weeks=month_weeks(month, entries, now=now, channel=channel),
        planned=len(entries),
        crowded=sum(entry.has_conflict for entry in entries),
        day=day,
        day_items=day_items(entries, day, labels) if day else [],
        agenda=agenda_days(
            calendar.agenda(session, now=now, days=8, channel=channel), labels, now=now
        ),
        unplanned=calendar.drafts_without_plan(session),
        waiting=waiting_lines(session, now=now, channel=channel),
    )
