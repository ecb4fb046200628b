"""专题: how the fields that somebody keeps an eye on are doing."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus

from flask import Blueprint, Response, abort, request

from config.standing_topic_templates import load_topic_templates
from core.audit import AuditEvent, record
from core.errors import StorageError
from core.expression import Expression, describe
from core.expression.names import LEVEL_LABELS
from core.search.base import SearchQuery
from core.search_lag import index_lag, lag_notice
from core.standing_topic_figures import Figures, composition, daily_trend, figures
from core.standing_topic_list import (
    TopicRow,
    TopicTab,
    count_topics,
    find_topic,
    history,
    list_topics,
    source_names,
    subscribers,
)
from core.standing_topics import Parse, mark_seen
from webui import standing_topic_view as view
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.coverage_note import covered
from webui.document_results import Finder, lines
from webui.document_search import found_page
from webui.document_view import language
from webui.page import is_fragment, render
from webui.permissions import Permission
from webui.standing_topic_changes import changes

blueprint = Blueprint("standing_topics", __name__, url_prefix="/standing-topics")

PATH = "/standing-topics"
GONE = "找不到这个专题。"
TABS = (
    (TopicTab.ALL, "全部"),
    (TopicTab.FOLLOWED, "我关注的"),
    (TopicTab.OWNED, "我负责的"),
    (TopicTab.ARCHIVED, "已归档"),
)
NEWEST = 20
A_WEEK = dt.timedelta(days=7)
PATIENCE_S = 0.5
"""How long the list waits for numbers; the cards that are still without ask for theirs one by one."""


@blueprint.get("")
@require(Permission.SEARCH)
def index() -> Response:
    tab = request.args.get("tab", "")
    tab = TopicTab(tab) if tab in set(TopicTab) else TopicTab.ALL
    person_id, parse = viewer().id, language().parse
    rows = list_topics(reading(), tab, person_id=person_id)
    counts = count_topics(reading(), person_id=person_id)
    counted = Figures()
    if tab is not TopicTab.ARCHIVED:
        now = console().clock.now()
        counted = figures(console().reader, rows, parse=parse, now=now, patience_s=PATIENCE_S)
    present = {row.name for row in list_topics(reading(), TopicTab.ALL, person_id=person_id)}
    templates = load_topic_templates()
    return render(
        "standing_topics/page.html",
        cards=view.cards(rows, counted) if tab is not TopicTab.ARCHIVED else [],
        archived=rows if tab is TopicTab.ARCHIVED else [],
        is_available=counted.is_available,
        may_wait=counted.is_available,
        lag=lag_notice(index_lag(reading(), console().clock.now())),
        tab=tab,
        tabs=[
            {
                "label": text,
                "href": PATH if one is TopicTab.ALL else f"{PATH}?tab={one}",
                "current": one is tab,
                "count": counts[one],
            }
            for one, text in TABS
        ],
        counts=counts,
        templates=[one for one in templates if one.name not in present],
        may_manage=viewer().may(Permission.TOPIC_MANAGE),
        may_change=view.may_change,
    )


@blueprint.get("/<int:topic_id>")
@require(Permission.SEARCH)
def detail(topic_id: int) -> Response:
    row = find_topic(reading(), topic_id, person_id=viewer().id)
    if row is None:
        abort(HTTPStatus.NOT_FOUND, GONE)
    parse = language().parse
    expression, problem = view.readable(row, parse)
    context: dict[str, object] = {
        "row": row,
        "problem": problem,
        "description": describe(expression) if expression is not None else None,
        "may_change": view.may_change(row),
        "span": view.span_of(request.args.get("days", "")),
        "spans": view.SPANS,
        "path": "/documents",
    }
    if expression is not None:
        context |= _found(row, expression, parse)
    if is_fragment():
        return render("standing_topics/_trend.html", HTTPStatus.OK, **context)
    return render(
        "standing_topics/detail.html",
        HTTPStatus.OK,
        lag=lag_notice(index_lag(reading(), console().clock.now())),
        subscribers=subscribers(reading(), topic_id),
        sources=source_names(reading(), row.sources),
        changes=changes(reading(), history(reading(), topic_id)),
        coverage=covered(console().clock.now() - A_WEEK),
        **context,
    )


@blueprint.get("/<int:topic_id>/card")
@require(Permission.SEARCH)
def card(topic_id: int) -> Response:
    """Answer with one card of the list, counted however long it takes."""
    row = find_topic(reading(), topic_id, person_id=viewer().id)
    if row is None:
        abort(HTTPStatus.NOT_FOUND, GONE)
    parse, now = language().parse, console().clock.now()
    counted = figures(console().reader, [row], parse=parse, now=now)
    shown = view.cards([row], counted)[0]
    return render("standing_topics/_card.html", HTTPStatus.OK, card=shown)


def _found(row: TopicRow, expression: Expression, parse: Parse) -> dict[str, object]:
    """Ask the engine; where it does not answer, the definition is shown alone and nothing counts as seen."""
    now, search = console().clock.now(), console().reader
    filters = view.filters_of(row, expression)
    days = view.span_of(request.args.get("days", ""))
    query = SearchQuery(expression=expression, source_ids=row.sources, now=now)
    context: dict[str, object] = {"everything": filters.address("/documents")}
    try:
        points = daily_trend(search, query, days=days, now=now)
        if is_fragment():
            return context | {"chart": view.chart(points)}
        page = found_page(view.of_sources(row), expression, now, limit=NEWEST)
        parts = composition(search, query, days=days, now=now)
        counted = figures(search, [row], parse=parse, now=now)
    except StorageError:
        return context | {"is_down": True}
    with writing() as session:
        # The page quotes posts, so it counts as reading them.
        event = AuditEvent(viewer().actor, "document.read", "standing_topic", str(row.id))
        record(session, event, now)
        mark_seen(session, row.id, person_id=viewer().id, now=now)
    return context | {
        "chart": view.chart(points),
        "card": view.cards([row], counted)[0],
        "filters": filters,
        "total": page.total,
        "hits": lines(reading(), page.hits, Finder(expression, now)),
        "levels": LEVEL_LABELS,
        "new_since": row.new_since,
        "parts_of": view.composition_parts(parts, view.days_of(filters, days, now)),
    }
