"""今日态势: what matters now, and where it is going."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from alerting.inbox import AlertRow, InboxTab, alert_counts, list_alerts
from alerting.levels import SEVERITY_LABELS
from alerting.rules import RuleLanguage
from core.clock import EARLIEST_YEAR, LATEST_YEAR
from core.database.models.alerting import Severity
from core.errors import UnavailableError
from core.event_list import EventQuery, list_events
from core.expression import ExpressionError
from core.overview import Rising, rising_topics, volume
from core.overview import trend as trend_of
from core.search.base import FacetField, SearchQuery
from media_matrix import calendar
from media_matrix.accounts import channel_forms
from webui import navigation
from webui.access import refuse, require, viewer
from webui.console import console, reading
from webui.document_filters import DocumentFilters
from webui.document_results import hits
from webui.event_filters import USUAL_THRESHOLD
from webui.followed_topics import followed_topics
from webui.month import agenda_days
from webui.page import freshness, is_fragment, render
from webui.permissions import Permission
from webui.trend_chart import SPANS, TrendChart, alert_marks, trend_chart
from webui.vocabulary import expression_names, label, topic_label

blueprint = Blueprint("overview", __name__)

MOST_ALERTS = 4
MOST_EVENTS = 6
LATEST = 20
ALERTS_LOOKED_AT = 50
AGENDA_DAYS = 2
SCOPE = SearchQuery(relevant=True)


@blueprint.get("/")
@require(Permission.OWN)
def index() -> ResponseReturnValue:
    # The brand leads here from every page; who has no overview gets the page they start on.
    if not viewer().may(Permission.OVERVIEW):
        return redirect(navigation.landing(viewer()))
    if not is_fragment():
        return _page()
    part = request.args.get("part")
    if part not in {"now", "trend"} and not viewer().may(Permission.SEARCH):
        raise refuse(Permission.SEARCH)
    if part == "news":
        return _news()
    template, content = _part(part)
    return render(template, 200, **content)


def _part(part: str | None) -> tuple[str, dict[str, object]]:
    match part:
        case "now":
            return _now_part()
        case "trend":
            return "overview/_trend.html", _trend()
        case "topics":
            return "overview/_topics.html", followed_topics()
        case _:
            return "overview/_latest.html", _latest()


def _page() -> Response:
    try:
        context = _whole()
    except UnavailableError as error:
        # Alerts live in the database: who is on duty sees them whatever became of the search engine.
        context = {**_without_search(error), **_from_database()}
        return render("overview/without_search.html", 200, **context)
    return render("overview/page.html", 200, **context)


def _whole() -> dict[str, object]:
    context = {**_now(), **_trend(), "freshness_state": freshness()["state"], **_from_database()}
    if viewer().may(Permission.SEARCH):
        context |= _latest()
    return context


def _now_part() -> tuple[str, dict[str, object]]:
    try:
        return "overview/_now.html", _now()
    except UnavailableError as error:
        return "overview/_now_without_search.html", _without_search(error)


def _without_search(error: UnavailableError) -> dict[str, object]:
    return {"search_error": str(error), **_alerts()}


def _from_database() -> dict[str, object]:
    """Events and what is planned, each for whoever may see it."""
    context: dict[str, object] = {}
    if viewer().may(Permission.EVENT_VIEW):
        context |= _hot_events()
    if viewer().may(Permission.MEDIA_VIEW):
        labels = {form.name: form.label for form in channel_forms()}
        now = console().clock.now()
        entries = calendar.agenda(reading(), now=now, days=AGENDA_DAYS)
        context["agenda"] = agenda_days(entries, labels, now=now, days=AGENDA_DAYS)
        context["planned"] = len(entries)
    return context


def _now() -> dict[str, object]:
    """Alerts, numbers and rising topics: what the page renews by itself."""
    now, search = console().clock.now(), console().reader
    rising = rising_topics(search, SCOPE, now)
    return {
        **_alerts(),
        "volume": volume(search, SCOPE, now),
        "rising": rising,
        "rising_lines": _rising_lines(rising),
    }


def _alerts() -> dict[str, object]:
    now = console().clock.now()
    live = list_alerts(reading(), tab=InboxTab.ALL, person_id=None, now=now, limit=ALERTS_LOOKED_AT)
    return {
        "alerts": live.rows[:MOST_ALERTS],
        "live_total": live.total,
        "open_words": _open_words(alert_counts(reading()).open),
        "late": sum(
            alert.next_deadline is not None and alert.next_deadline.is_overdue
            for alert in live.rows
        ),
        "checked_at": now,
    }


def _hot_events() -> dict[str, object]:
    query = EventQuery(least_documents=USUAL_THRESHOLD, limit=MOST_EVENTS)
    return {"hot_events": list_events(reading(), query, console().clock.now())}


def _open_words(by_level: Mapping[Severity, int]) -> str:
    waiting = [
        f"{SEVERITY_LABELS[level]} {by_level[level]}" for level in Severity if by_level.get(level)
    ]
    return f"待签收：{'，'.join(waiting)}" if waiting else "都已签收"


def _rising_lines(rising: Rising) -> list[dict[str, object]]:
    return [
        {
            "name": topic_label(topic.code),
            "href": f"/documents?topic={topic.code}&range=24h&relevant=yes",
            "documents": topic.documents,
            "usual": f"{topic.usual:.1f}",
            "times": f"{topic.times:.1f} 倍" if topic.times is not None else "平时几乎没有",
        }
        for topic in rising.topics
    ]


def _trend() -> dict[str, object]:
    now = console().clock.now()
    key = request.args.get("span", "")
    key = key if key in SPANS else "72h"
    since = now - SPANS[key][1]
    interval, points = trend_of(console().reader, SCOPE, since=since, until=now)
    chart: TrendChart = trend_chart(points, interval, alert_marks(_grave_alerts(now), since))
    return {
        "chart": chart,
        "span": key,
        "spans": [
            (name, text, str(place)) for place, (name, (text, _)) in enumerate(SPANS.items(), 1)
        ],
    }


def _grave_alerts(now: dt.datetime) -> list[AlertRow]:
    rows = list_alerts(
        reading(), tab=InboxTab.ALL, person_id=None, now=now, limit=ALERTS_LOOKED_AT
    ).rows
    return [row for row in rows if row.severity <= Severity.ORANGE]


def _filters() -> DocumentFilters:
    filters = DocumentFilters.read(request.args)
    if "relevant" not in request.args:
        filters = replace(filters, relevant="yes")
    return replace(filters, cursor="", sort="newest")


def _latest() -> dict[str, object]:
    now, filters = console().clock.now(), _filters()
    context: dict[str, object] = {
        "filters": filters,
        "everything": filters.address("/documents"),
        "platforms": _platforms(),
    }
    language = RuleLanguage.load(reading(), expression_names())
    try:
        expression = language.parse(filters.q) if filters.q else None
    except ExpressionError as error:
        return context | {"error": error, "caret": error.caret(filters.q)}
    query = replace(filters.query(expression, now), limit=LATEST)
    page = console().reader.search(query)
    found = hits(reading(), page, expression, now)
    return context | {
        "total": page.total,
        "hits": found,
        "topic_of": topic_label,
        "seen": max((hit.document.ingested_at for hit in found), default=now).isoformat(),
    }


def _platforms() -> list[tuple[str, str]]:
    field = FacetField.PLATFORM
    return [
        (term.value, label(field, term.value))
        for term in console().reader.terms(SearchQuery(), field, size=20)
    ]


def _news() -> ResponseReturnValue:
    """Say how much has come since the list was drawn; 204 when nothing has."""
    try:
        seen = dt.datetime.fromisoformat(request.args.get("seen", ""))
    except ValueError:
        return Response(status=204)
    if not EARLIEST_YEAR < seen.year < LATEST_YEAR:
        return Response(status=204)
    since = (seen if seen.tzinfo else seen.replace(tzinfo=dt.UTC)) + dt.timedelta(milliseconds=1)
    count = console().reader.count(replace(SCOPE, ingested_since=since))
    if not count:
        return Response(status=204)
    return render("overview/_news.html", count=count, seen=request.args["seen"])
