"""Merging, splitting and silencing events: each page says what will happen before it does."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from core import event_decisions as decisions
from core.errors import ConflictError, IllegalTransitionError, InvalidOptionsError
from core.event_list import EventQuery, EventRow, EventSort, list_events
from core.event_record import find_event
from core.event_spread import spread_stories
from webui.access import require, viewer
from webui.console import console, reading, writing
from webui.event_view import USUAL_SILENCE, find, words
from webui.formats import form_time, short_time
from webui.page import render, tell
from webui.pages.event_actions import moment_of, seen_events, text_of
from webui.permissions import Permission
from webui.redirection import see_other
from webui.typed import whole_number, whole_numbers
from webui.vocabulary import narrow_regions

blueprint = Blueprint("event_forms", __name__, url_prefix="/events")

MOST_AT_ONCE = 20
MOST_CANDIDATES = 8


def _chosen() -> list[EventRow]:
    """Read the events of the address; those merged away meanwhile are left out."""
    ids = dict.fromkeys(whole_numbers(request.values.getlist("event")))
    ids |= dict.fromkeys(seen.event_id for seen in seen_events())
    found = [find_event(reading(), id_) for id_ in list(ids)[:MOST_AT_ONCE]]
    rows = [event.row for event in found if event is not None and event.merged_into_id is None]
    if not rows:
        abort(HTTPStatus.NOT_FOUND, "找不到所选的事件，它们可能已并入别的事件或按保存期限删除。")
    return rows


@blueprint.get("/merge")
@require(Permission.EVENT_HANDLE)
def merge() -> Response:
    return _merge_page()


def _merge_page(status: HTTPStatus = HTTPStatus.OK, problem: str | None = None) -> Response:
    rows = _chosen()
    kept = whole_number(request.values.get("kept"))
    largest = max(rows, key=lambda row: (row.documents, -row.id))
    return render(
        "events/merge.html",
        status,
        rows=rows,
        kept=kept if kept in {row.id for row in rows} else largest.id,
        candidates=_candidates(rows),
        q=request.values.get("q", "").strip(),
        problem=problem,
        places=narrow_regions,
        **words(),
    )


def _candidates(rows: list[EventRow]) -> list[EventRow]:
    """Offer events to merge with: what was searched for, else the latest on the same matter."""
    text = request.values.get("q", "").strip()
    topics = () if text else tuple(dict.fromkeys(code for row in rows for code in row.topics))
    query = EventQuery(
        text=text, topics=topics, sort=EventSort.LATEST, limit=MOST_CANDIDATES + len(rows)
    )
    chosen = {row.id for row in rows}
    found = list_events(reading(), query, console().clock.now())
    return [row for row in found if row.id not in chosen][:MOST_CANDIDATES]


@blueprint.post("/merge")
@require(Permission.EVENT_HANDLE)
def merge_now() -> ResponseReturnValue:
    kept_id, seen = whole_number(request.form.get("kept")), seen_events()
    kept = next((one for one in seen if one.event_id == kept_id), None)
    given = [one for one in seen if one is not kept]
    if kept is None or not given:
        return _merge_page(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "合并至少要有两件事件，并选定保留哪一件。没有做任何改动。",
        )
    try:
        with writing() as session:
            decisions.merge(
                session, kept=kept, given=given, actor=viewer().actor, now=console().clock.now()
            )
    except (ConflictError, IllegalTransitionError) as error:
        return _merge_page(
            HTTPStatus.CONFLICT, f"{error}没有合并。下面是现在的情况，请核对后再合并。"
        )
    tell(f"已把 {len(given)} 件事件并入本事件；可以在处置记录旁撤销。")
    return see_other(url_for("events.detail", event_id=kept.event_id))


@blueprint.get("/<int:event_id>/split")
@require(Permission.EVENT_HANDLE)
def split(event_id: int) -> Response:
    return _split_page(event_id)


def _split_page(
    event_id: int, status: HTTPStatus = HTTPStatus.OK, problem: str | None = None
) -> Response:
    event = find(event_id)
    return render(
        "events/split.html",
        status,
        event=event,
        row=event.row,
        stories=spread_stories(reading(), event_id, limit=200),
        chosen=set(whole_numbers(request.form.getlist("story"))),
        title=request.form.get("title", ""),
        problem=problem,
        **words(),
    )


@blueprint.post("/<int:event_id>/split")
@require(Permission.EVENT_HANDLE)
def split_now(event_id: int) -> ResponseReturnValue:
    seen = decisions.Seen(event_id, whole_number(request.form.get("version")) or 0)
    stories = whole_numbers(request.form.getlist("story"))
    if not stories:
        return _split_page(
            event_id, HTTPStatus.UNPROCESSABLE_ENTITY, "还没有勾选要拆出的稿件。没有做任何改动。"
        )
    try:
        with writing() as session:
            new_id = decisions.split(
                session, seen, stories,
                title=request.form.get("title"), actor=viewer().actor, now=console().clock.now(),
            )  # fmt: skip
    except (ConflictError, IllegalTransitionError) as error:
        return _split_page(event_id, HTTPStatus.CONFLICT, f"{error}没有拆分。")
    tell(f"已拆出 {len(stories)} 篇稿件，成为这件新事件；之后的转载会跟着它们。")
    return see_other(url_for("events.detail", event_id=new_id))


@blueprint.get("/silence")
@require(Permission.EVENT_HANDLE)
def silence() -> Response:
    return _silence_page()


def _silence_page(
    status: HTTPStatus = HTTPStatus.OK,
    problem: str | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    usual = form_time(console().clock.now() + USUAL_SILENCE)
    return render(
        "events/silence.html",
        status,
        rows=_chosen(),
        until=request.form.get("until") or usual,
        reason=request.form.get("reason", ""),
        problem=problem,
        faults=faults or {},
        **words(),
    )


@blueprint.post("/silence")
@require(Permission.EVENT_HANDLE)
def silence_now() -> ResponseReturnValue:
    now, seen = console().clock.now(), seen_events()
    try:
        until = moment_of("until", now)
        reason = text_of("reason", "请写明静默的理由")
        with writing() as session:
            for one in seen:
                decisions.silence(
                    session, one, until=until, reason=reason, actor=viewer().actor, now=now
                )
    except InvalidOptionsError as error:
        return _silence_page(HTTPStatus.UNPROCESSABLE_ENTITY, faults=error.faults)
    except (ConflictError, IllegalTransitionError) as error:
        return _silence_page(HTTPStatus.CONFLICT, f"{error}没有静默任何一件。")
    tell(f"已把 {len(seen)} 件事件静默到 {short_time(until)}；新内容照常归入。")
    return see_other(url_for("events.index"))
