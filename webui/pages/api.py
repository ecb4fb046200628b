"""/api/v1: the reads of the pages, and the acknowledgement, for other programs of the union."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response, abort, jsonify, request

from alerting.alert_detail import alert_detail
from alerting.alerts import AlertNotFoundError
from alerting.inbox import InboxTab, alert_counts, delivery_counts, list_alerts
from alerting.roster import shifts
from alerting.rules import list_rules
from alerting.state_machine import AsOf
from alerting.state_machine import acknowledge as take
from core import system_health
from core.audit import AuditEvent, record
from core.clock import parse_time
from core.coverage_answer import coverage_answer
from core.documents import read_document
from core.errors import InvalidOptionsError
from core.event_list import count_events, list_events
from core.event_record import find_event
from core.expression import ExpressionError
from core.overview import rising_topics, trend, volume
from core.search.base import SearchQuery
from core.search.selection import CursorError
from crawlers.source_listing import list_sources
from media_matrix.accounts import list_accounts
from media_matrix.calendar import month
from media_matrix.drafts import list_drafts
from webui.access import require, viewer
from webui.api import standing_topics
from webui.api.endpoints import ENDPOINTS
from webui.api.events import event_resource
from webui.api.openapi import document as openapi_document
from webui.api.representation import represent
from webui.api.resources import account_resource, document_resource, draft_resource
from webui.api.searching import search_documents
from webui.console import console, reading, writing
from webui.event_filters import EventFilters
from webui.permissions import Permission
from webui.query_suggestions import suggestions
from webui.trend_chart import SPANS
from webui.typed import whole_number

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
blueprint.register_blueprint(standing_topics.blueprint)

MOST = 200
FURTHEST = 1_000_000
ROLE_NAMES = ("web", "crawl", "understand", "index", "engine", "send", "publish")
DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)
SCOPE = SearchQuery(relevant=True)


def answer(value: object) -> Response:
    return jsonify(represent(value))


def page(items: object, *, cursor: str | None = None, total: int | None = None) -> Response:
    return jsonify(items=represent(items), cursor=cursor, total=total)


def limit() -> int:
    """Read ``limit``; raises InvalidOptionsError for what is no number from 1 to 200."""
    text = request.args.get("limit", "50")
    number = whole_number(text)
    if number is None or not 1 <= number <= MOST:
        raise InvalidOptionsError(
            {"limit": f"limit 要写 1 到 {MOST} 的整数，收到的是“{text[:40]}”"}
        )
    return number


def moment(name: str, otherwise: dt.datetime) -> dt.datetime:
    """Read a time; without a zone it means Asia/Shanghai."""
    text = request.args.get(name)
    try:
        return parse_time(text) if text else otherwise
    except ValueError:
        raise InvalidOptionsError(
            {
                name: f"{name} 要写 RFC 3339 时间，如 2026-11-21T01:30:00Z，收到的是“{str(text)[:40]}”"
            }
        ) from None


@blueprint.get("/openapi.json")
@require(Permission.OWN)
def openapi() -> Response:
    return jsonify(openapi_document(ENDPOINTS, console().version))


@blueprint.get("/overview")
@require(Permission.OVERVIEW)
def overview() -> Response:
    now, search = console().clock.now(), console().reader
    return jsonify(
        at=represent(now),
        volume=represent(volume(search, SCOPE, now)),
        rising=represent(rising_topics(search, SCOPE, now)),
        alerts=alert_counts(reading()).as_json(),
    )


@blueprint.get("/trend")
@require(Permission.OVERVIEW)
def trend_points() -> Response:
    span = request.args.get("span", "72h")
    if span not in SPANS:
        raise InvalidOptionsError({"span": f"span 只能是 {'、'.join(SPANS)}，收到的是“{span}”"})
    now = console().clock.now()
    interval, points = trend(console().reader, SCOPE, since=now - SPANS[span][1], until=now)
    return jsonify(interval=interval.value, items=represent(points))


@blueprint.get("/documents")
@require(Permission.SEARCH)
def documents() -> Response:
    try:
        found = search_documents(request.args, limit())
    except ExpressionError as error:
        raise InvalidOptionsError({"q": str(error)}) from error
    except CursorError as error:
        raise InvalidOptionsError({"cursor": str(error)}) from error
    return answer(found)


@blueprint.get("/documents/suggest")
@require(Permission.SEARCH)
def suggest() -> Response:
    text, at = request.args.get("q", ""), whole_number(request.args.get("at"))
    now = console().clock.now()
    where = len(text) if at is None else at
    return page(suggestions(text, where, now, person_id=viewer().id))


@blueprint.get("/documents/<int:document_id>")
@require(Permission.SEARCH)
def document(document_id: int) -> Response:
    found = read_document(reading(), document_id)
    if found is None:
        abort(HTTPStatus.NOT_FOUND, "找不到这条信息，它可能已按保存期限删除。")
    _log_reading("document", document_id)
    return answer(document_resource(found))


def _log_reading(kind: str, id_: int) -> None:
    entry = AuditEvent(viewer().actor, "document.read", kind, str(id_))
    with writing() as session:
        record(session, entry, console().clock.now())


@blueprint.get("/events")
@require(Permission.EVENT_VIEW)
def events() -> Response:
    filters, now, size = EventFilters.read(request.args), console().clock.now(), limit()
    offset = whole_number(request.args.get("cursor")) or 0
    query = replace(filters.query(now), limit=size, offset=min(offset, FURTHEST))
    total = count_events(reading(), query, now).total
    cursor = str(query.offset + size) if query.offset + size < total else None
    return page(list_events(reading(), query, now), cursor=cursor, total=total)


@blueprint.get("/events/<int:event_id>")
@require(Permission.EVENT_VIEW)
def event(event_id: int) -> Response:
    found = find_event(reading(), event_id)
    if found is None:
        abort(HTTPStatus.NOT_FOUND, "找不到这个事件，它可能已按保存期限删除。")
    _log_reading("event", event_id)
    return answer(event_resource(found))


@blueprint.get("/alerts")
@require(Permission.ALERT_VIEW)
def alerts() -> Response:
    tab = request.args.get("tab", "all")
    if tab not in set(InboxTab):
        raise InvalidOptionsError({"tab": f"tab 只能是 {'、'.join(InboxTab)}，收到的是“{tab}”"})
    found = list_alerts(
        reading(),
        tab=InboxTab(tab),
        person_id=viewer().id,
        now=console().clock.now(),
        limit=limit(),
        after=request.args.get("cursor"),
    )
    return page(found.rows, cursor=found.cursor, total=found.total)


@blueprint.get("/alerts/<int:alert_id>")
@require(Permission.ALERT_VIEW)
def alert(alert_id: int) -> Response:
    try:
        found = alert_detail(reading(), alert_id, console().clock.now())
    except AlertNotFoundError as error:
        abort(HTTPStatus.NOT_FOUND, str(error))
    _log_reading("alert", alert_id)
    return answer(found)


@blueprint.post("/alerts/<int:alert_id>/acknowledge")
@require(Permission.ALERT_HANDLE)
def acknowledge(alert_id: int) -> Response:
    """Idempotent: a second call answers who has the alert."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        abort(HTTPStatus.BAD_REQUEST, "JSON 嵌套得太深，没有签收。")
    cycle = body.get("cycle") if isinstance(body, dict) else None
    as_of = AsOf(cycle=cycle if isinstance(cycle, int) else None)
    try:
        with writing() as session:
            done = take(session, alert_id, viewer().id, console().clock.now(), as_of=as_of)
    except AlertNotFoundError as error:
        abort(HTTPStatus.NOT_FOUND, str(error))
    return answer(done)


@blueprint.get("/sources")
@require(Permission.SOURCE_VIEW)
def sources() -> Response:
    rows = list_sources(reading(), console().clock.now())
    return page(rows, total=len(rows))


@blueprint.get("/coverage")
@require(Permission.SOURCE_VIEW)
def coverage() -> Response:
    now = console().clock.now()
    since, until = moment("since", now - DAY), moment("until", now)
    return answer(coverage_answer(reading(), since, until, now))


@blueprint.get("/rules")
@require(Permission.RULE_VIEW)
def rules() -> Response:
    rows = list_rules(reading(), console().clock.now())
    return page(rows, total=len(rows))


@blueprint.get("/calendar")
@require(Permission.MEDIA_VIEW)
def calendar() -> Response:
    since = moment("since", console().clock.now())
    until = moment("until", since + WEEK)
    rows = month(reading(), starts_at=since, ends_at=until)
    return page(rows, total=len(rows))


@blueprint.get("/drafts")
@require(Permission.MEDIA_VIEW)
def drafts() -> Response:
    size, before = limit(), whole_number(request.args.get("cursor"))
    rows = list_drafts(reading(), limit=size, before_id=before)
    cursor = str(rows[-1].id) if len(rows) == size else None
    return page([draft_resource(row) for row in rows], cursor=cursor)


@blueprint.get("/accounts")
@require(Permission.MEDIA_VIEW)
def accounts() -> Response:
    rows = list_accounts(reading(), now=console().clock.now())
    return page([account_resource(row) for row in rows], total=len(rows))


@blueprint.get("/roster")
@require(Permission.ROSTER_VIEW)
def roster() -> Response:
    since = moment("since", console().clock.now())
    rows = shifts(reading(), since, moment("until", since + WEEK))
    return page(rows, total=len(rows))


@blueprint.get("/system")
@require(Permission.SYSTEM_VIEW)
def system() -> Response:
    now = console().clock.now()
    return jsonify(
        at=represent(now),
        search=represent(console().reader.health()),
        alerts=alert_counts(reading()).as_json(),
        deliveries=delivery_counts(reading()).as_json(),
        roles=represent(system_health.role_lines(reading(), ROLE_NAMES, now)),
        version=console().version,
    )
